import { describe, expect, test } from '@jest/globals';
import {
  parseAnnotations,
  parseHost,
  parseSourceRanges,
} from '../../../../../plugins/x8sync/connect/service-options.ts';
import { ladderOf, type ServiceStrategy } from '../../../../../plugins/x8sync/connect/strategies.ts';
import { servicePatch, sshService } from '../../../../../plugins/x8sync/objects/manifests/service.ts';
import type { Service } from '../../../../../src/kube/api/objects.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const strategy = (name: 'nodeport' | 'loadbalancer', options: Parameters<typeof ladderOf>[2] = {}) =>
  ladderOf([name], { isOneCluster: false, isMountable: false }, options).network[0] as ServiceStrategy;
const side = { meta: { name: 's', namespace: 'shop', labels: {}, ownerReferences: [] }, selector: {} };
const context = {
  kube: fakeKube(),
  namespace: 'shop',
  pod: async () => 's-0',
  timeoutMs: 0,
  signal: new AbortController().signal,
};

describe('a load balancer', () => {
  test('is internal where the provider is known, unless a public one is wanted', () => {
    const annotations = (options: Parameters<typeof ladderOf>[2]) =>
      strategy('loadbalancer', options).shapes.map((shape) => shape.annotations);
    const aws = 'service.beta.kubernetes.io/aws-load-balancer-scheme';
    for (const shape of annotations({})) expect(shape).toMatchObject({ [aws]: 'internal' });
    for (const shape of annotations({ isPublic: true })) expect(shape).toEqual({});
    const wanted = { [aws]: 'internet-facing' };
    for (const shape of annotations({ annotations: wanted })) expect(shape).toMatchObject(wanted);
  });

  test('lets in the ranges that are named, in each of its shapes, also where another Service becomes one', () => {
    const { shapes } = strategy('loadbalancer', { sourceRanges: ['198.51.100.0/24'] });
    expect(shapes).toHaveLength(2);
    for (const shape of shapes) {
      const spec = { type: 'LoadBalancer', loadBalancerSourceRanges: ['198.51.100.0/24'] };
      const metadata = { annotations: expect.any(Object) };
      expect(sshService(side, shape)).toMatchObject({ metadata, spec });
      expect(servicePatch(shape)).toMatchObject({ metadata, spec });
    }
  });
});

test('a node port that is named is asked for', () => {
  const [shape] = strategy('nodeport', { nodePort: 30_022 }).shapes;
  if (!shape) throw new Error('it has no shape');
  expect(sshService(side, shape).spec).toMatchObject({ ports: [{ port: 22, nodePort: 30_022 }] });
  expect(servicePatch(shape)).toMatchObject({ spec: { ports: [{ nodePort: 30_022 }] } });
});

test('a host that is named stands in place of what the cluster says, with its own port or the Service’s', async () => {
  const service = { metadata: { name: 's' }, spec: { ports: [{ port: 22, nodePort: 30_001 }] } } as Service;
  const addresses = (name: 'nodeport' | 'loadbalancer', host: string) =>
    strategy(name, { host: parseHost(host, '--source-host') }).addresses(service, context);
  expect(await addresses('nodeport', 'nat.example.com')).toEqual(['nat.example.com:30001']);
  expect(await addresses('nodeport', 'nat.example.com:2200')).toEqual(['nat.example.com:2200']);
  expect(await addresses('loadbalancer', '[2001:db8::1]')).toEqual(['[2001:db8::1]:22']);
  // No annotation or range reaches a host that the person answers for.
  expect(context.kube.calls).toEqual([]);
});

describe('what can’t be meant is a usage error', () => {
  test.each([['198.51.100.0'], ['198.51.100.0/33'], ['example.com/24'], ['2001:db8::/129']])(
    'range %s',
    (text) => {
      expect(() => parseSourceRanges([text], '--source-range')).toThrow(/is no range of addresses/);
    },
  );

  test.each([['key'], ['=value'], ['not a key=value'], ['UPPER.example.com/key=v']])(
    'annotation %s',
    (text) => {
      expect(() => parseAnnotations([text], '--service-annotation')).toThrow(/is no annotation/);
    },
  );

  test.each([['host:0'], ['host:65536'], ['2001:db8::1'], ['[1.2.3.4]:22'], ['a b'], ['host:']])(
    'host %s',
    (text) => {
      expect(() => parseHost(text, '--source-host')).toThrow(/is not HOST or HOST:PORT/);
    },
  );

  test('and what can be is taken', () => {
    expect(parseSourceRanges(['::/0', '10.0.0.1/32'], 'f')).toEqual(['::/0', '10.0.0.1/32']);
    expect(parseAnnotations(['a.b/c=d=e', 'key='], 'f')).toEqual({ 'a.b/c': 'd=e', key: '' });
  });
});
