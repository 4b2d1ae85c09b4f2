/** A load balancer that nobody has asked for: where it is known to be internal it may be tried, and nowhere else. */
import { describe, expect, test } from '@jest/globals';
import { publicAddressRisk, unknownProvider } from '../../../../../plugins/x8sync/connect/providers.ts';
import { ladderOf, type ServiceStrategy } from '../../../../../plugins/x8sync/connect/strategies.ts';
import { ApiError } from '../../../../../src/kube/api/api-error.ts';
import type { Node } from '../../../../../src/kube/api/objects.ts';
import { nodes } from '../../../../../src/kube/api/resources.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const node = (name: string, providerID?: string): Node => ({
  metadata: { name },
  spec: providerID === undefined ? {} : { providerID },
});
const { signal } = new AbortController();

describe('providers that have an annotation', () => {
  test.each([
    'aws:///eu-central-1a/i-0123456789abcdef0',
    'azure:///subscriptions/1/resourceGroups/r/providers/Microsoft.Compute/virtualMachines/v',
    'gce://project/europe-west1-b/gke-pool-1',
    'openstack:///6b2c1f2e-0000-4000-8000-000000000000',
    'digitalocean://123456789',
    'cn-hangzhou.i-bp1abcdefg',
    'alicloud://ap-southeast-1.i-t4nabcdefg',
    'ocid1.instance.oc1.eu-frankfurt-1.abcdef',
    'oci://ocid1.instance.oc1.eu-frankfurt-1.abcdef',
    'ibm://account///cluster/kube-worker-1',
  ])('%s', (id) => {
    expect(unknownProvider([node('one', id), node('two', id)])).toBeUndefined();
  });
});

describe('not known are', () => {
  test.each([
    'hcloud://12345',
    'linode://12345',
    'vultr://1-2-3',
    'scaleway://instance/fr-par-1/1-2-3',
    'civo://1-2-3',
    'k3s://node',
    'kind://docker/kind/kind-worker',
    'eks-hybrid:///eu-central-1/cluster/mi-1',
  ])('%s', (id) => {
    expect(unknownProvider([node('one', 'aws:///a/i-1'), node('two', id)])).toMatch(`node two (${id})`);
  });

  test('nodes that tell nothing, no nodes, and nodes that may not be listed', () => {
    expect(unknownProvider([node('one')])).toBe('node one tells no provider');
    expect(unknownProvider([])).toMatch(/no node/);
    expect(unknownProvider(undefined)).toMatch(/may not list nodes/);
  });
});

/** What stands against a load balancer of the ladder in a cluster with such a node. */
async function riskOf(id: string, ...[wanted, options]: [Parameters<typeof ladderOf>[0], object?]) {
  const kube = fakeKube();
  await kube.create(nodes, node('n', id) as never);
  const { network } = ladderOf(wanted, { isOneCluster: false, isMountable: false }, options);
  const balancer = network.find(({ name }) => name === 'loadbalancer') as ServiceStrategy;
  return balancer.obstacle?.(kube, signal);
}

test('unasked it is passed over where no annotation is known, and says what to give', async () => {
  const risk = await riskOf('hcloud://1', []);
  expect(risk).toMatch(/^it might get an address on the internet/);
  expect(risk).toMatch(/--strategy loadbalancer.*--service-annotation/);
  expect(await riskOf('gce://p/z/n', [])).toBeUndefined();
});

test.each([
  ['by its name', ['nodeport', 'loadbalancer'], {}],
  ['by an annotation for it', [], { annotations: { a: 'b' } }],
  ['by who may come in by it', [], { sourceRanges: ['198.51.100.7/32'] }],
  ['by a public one', [], { isPublic: true }],
] as const)('asked for %s it is tried anywhere', async (_, wanted, options) => {
  expect(await riskOf('hcloud://1', wanted, options)).toBeUndefined();
});

test.each([
  ['flags as they are where none is given', { sourceRanges: [], annotations: {}, isPublic: false }],
  ['a node port', { nodePort: 30_022 }],
  ['a host', { host: { host: 'nat.example.com', port: undefined } }],
] as const)('%s ask for none', async (_, options) => {
  expect(await riskOf('hcloud://1', [], options)).toMatch(/internet/);
});

test('who may not list the nodes gets none unasked', async () => {
  const kube = fakeKube();
  kube.before = ({ verb }) => {
    if (verb === 'list') throw new ApiError(403, undefined, 'nodes is forbidden');
  };
  expect(await publicAddressRisk(kube, signal)).toMatch(/may not list nodes/);
});
