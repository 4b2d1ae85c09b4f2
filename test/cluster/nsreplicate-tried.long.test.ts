/** Faults that inputs from public reports have shown (docs/tried/nsreplicate.md). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { apply } from './support/clients.ts';
import { kubectl } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap, essence } from './support/objects.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await Pair.open('tried');
});
afterAll(() => pair.close());

const only = (name: string, kind: string) => ['-l', `only=${name}`, '--kinds', kind];
const labelled = (name: string) => ({ name, labels: { only: name } });

/** A change by hand, as `kubectl edit` makes it. */
const edit = (context: string, kind: string, name: string, patch: object | object[]) =>
  kubectl(context, [
    ...['-n', pair.namespace, 'patch', kind, name, '--type', Array.isArray(patch) ? 'json' : 'merge'],
    ...['--field-manager', 'kubectl-edit', '-p', JSON.stringify(patch)],
  ]);

const isSettled = async (...rules: string[]) => {
  expect(await pair.look('plan', ...rules)).toMatchObject({ code: 0, stdout: 'Nothing would change.\n' });
  expect(await pair.look('drift', ...rules)).toMatchObject({ code: 0 });
};

describe('the ports of a Service, whose keys somebody exchanged by hand', () => {
  const rules = only('dns', 'services');
  const ports = [
    { name: 'tcp', port: 53, protocol: 'TCP', targetPort: 53 },
    { name: 'udp', port: 53, protocol: 'UDP', targetPort: 53 },
  ];

  test('are put right in the same Service', async () => {
    await apply(pair.primary, pair.namespace, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: labelled('dns'),
      spec: { selector: { a: 'b' }, ports },
    });
    await pair.copy(...rules);
    const before = await pair.copyOf('services', 'dns');
    const exchanged = [
      { name: 'tcp', port: 5353, protocol: 'UDP', targetPort: 5353 },
      { name: 'udp', port: 53, protocol: 'TCP', targetPort: 53 },
    ];
    await edit(pair.replica, 'services', 'dns', [{ op: 'replace', path: '/spec/ports', value: exchanged }]);
    const { stdout } = await pair.look('plan', ...rules);
    expect(stdout).toMatch(/^\S+ put-right Service \S+\/dns$/m);
    await pair.copy(...rules);
    const after = await pair.copyOf<KubeObject & { spec: object }>('services', 'dns');
    expect(after.spec).toMatchObject({ ports });
    expect(after.metadata.uid).toBe(before.metadata.uid);
    await isSettled(...rules);
  });
});

describe('a key that somebody added to the data of a ConfigMap, and that comes as binary data', () => {
  const rules = only('keys', 'configmaps');

  test('gives way, and other keys of others stay', async () => {
    await apply(pair.primary, pair.namespace, configMap('keys', { a: '1' }, labelled('keys')));
    await pair.copy(...rules);
    await edit(pair.replica, 'configmaps', 'keys', { data: { k: 'by hand', theirs: 'x' } });
    await edit(pair.primary, 'configmaps', 'keys', { binaryData: { k: '/w==' } });
    const { stdout } = await pair.look('plan', ...rules);
    expect(stdout).toMatch(
      /update ConfigMap \S+\/keys\n(?:.*\n)*?\+binaryData:\n\+ {2}k: .*\n(?:.*\n)*?- {2}k: by hand\n/,
    );
    expect(stdout).not.toMatch(/^[-+].*theirs/m);
    await pair.copy(...rules);
    expect(essence(await pair.copyOf('configmaps', 'keys'))).toMatchObject({
      data: { a: '1', theirs: 'x' },
      binaryData: { k: '/w==' },
    });
  });
});

describe('a DaemonSet that was changed more often than its copy', () => {
  const rules = only('agents', 'daemonsets');
  const agents = (image: string) => ({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: labelled('agents'),
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: {
        metadata: { labels: { a: 'b' } },
        spec: { nodeSelector: { no: 'such' }, containers: [{ name: 'main', image }] },
      },
    },
  });

  test('is copied: how often it was changed is its own cluster’s', async () => {
    const put = (image: string) => apply(pair.primary, pair.namespace, agents(image));
    await put('test.invalid/1');
    await put('test.invalid/2');
    await pair.copy(...rules);
    await put('test.invalid/3');
    await put('test.invalid/4');
    await pair.copy(...rules);
    expect(await pair.copyOf('daemonsets.apps', 'agents')).toMatchObject({
      spec: { template: { spec: { containers: [{ image: 'test.invalid/4' }] } } },
    });
    await isSettled(...rules);
  });
});

describe('init containers that somebody put into another order', () => {
  const rules = only('steps', 'deployments');
  const inOrder = (...names: string[]) => names.map((name) => ({ name, image: `test.invalid/${name}` }));
  const orderOf = async () => {
    const { spec } = await pair.copyOf<KubeObject & { spec: Template }>('deployments', 'steps');
    return spec.template.spec.initContainers.map(({ name }) => name);
  };
  interface Template {
    template: { spec: { initContainers: { name: string }[] } };
  }

  test('are drift that plan shows too, and put right', async () => {
    await apply(pair.primary, pair.namespace, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: labelled('steps'),
      spec: {
        replicas: 0,
        selector: { matchLabels: { a: 'b' } },
        template: {
          metadata: { labels: { a: 'b' } },
          spec: { initContainers: inOrder('one', 'two'), containers: inOrder('main') },
        },
      },
    });
    await pair.copy(...rules);
    const path = '/spec/template/spec/initContainers';
    await edit(pair.replica, 'deployments', 'steps', [{ op: 'replace', path, value: inOrder('two', 'one') }]);
    expect(await pair.fields(...rules)).toContain(
      '~ order of spec.template.spec.initContainers: ["two","one"] → ["one","two"]',
    );
    const { code, stdout } = await pair.look('plan', ...rules);
    expect([code, stdout.match(/^[-+] .*name: two/gm)?.length]).toEqual([5, 2]);
    await pair.copy(...rules);
    expect(await orderOf()).toEqual(['one', 'two']);
    await isSettled(...rules);
  });
});
