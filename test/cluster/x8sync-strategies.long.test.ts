/** More of how a target gets at its source: out of another zone, by bastions, a load balancer, through policies, from a node in use. */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { startBastion } from './support/bastion.ts';
import { get } from './support/clients.ts';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { manyKinds, someFiles } from './support/files.ts';
import { kubectl } from './support/kubectl.ts';
import { denyAll } from './support/policies.ts';
import { expectSameTrees } from './support/same-trees.ts';
import { Scene } from './support/scene.ts';
import { claimOn, deleteVolumesOf } from './support/volumes.ts';
import { documentOf, held, saidBy, startX8sync, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('strategies');
const source = scene.ref(contextA, 'source');
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', `${someFiles(1)}\n${manyKinds}`);
afterAll(() => scene.close());

async function expectCopied(context: string, claim: string, from = scene): Promise<void> {
  await expectSameTrees([scene, contextA, 'source'], [from, context, claim]);
}

(isLab ? test.concurrent : test.skip)(
  'two claims in two zones are copied by the next strategy, with the reason of the first',
  async () => {
    const here = await Scene.open('strategies-zones');
    // A CSI driver calls the zones of its volumes by a label of its own; this one is nobody else's.
    const zone = `topology.${here.namespace}/zone`;
    const folder = mkdtempSync(join(tmpdir(), 'x8s-zones-'));
    const label = (node: string, change: string) =>
      kubectl(contextA, ['label', 'node', node, `${zone}${change}`]);
    const claimIn = (name: string, zoneName: string) => {
      const matchExpressions = [{ key: zone, operator: 'In', values: [zoneName] }];
      const hostPath = { path: join(folder, name), type: 'DirectoryOrCreate' };
      return claimOn(here, contextA, name, {
        hostPath,
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } },
      });
    };
    try {
      await Promise.all([label('lab-a-1', '=one'), label('lab-a-2', '=two')]);
      await Promise.all([claimIn('source', 'one'), claimIn('target', 'two')]);
      await here.run(contextA, { claim: 'source', script: 'echo one >/data/file' });
      const refs = [here.ref(contextA, 'source'), here.ref(contextA, 'target')];
      expect(documentOf(await x8sync(...refs, '-o', 'json'))).toMatchObject({
        outcome: 'ok',
        strategy: 'clusterip',
        warnings: [
          expect.stringMatching(
            /^Not mount: the pod can't be scheduled: .*node affinity.*; clusterip is tried/,
          ),
        ],
      });
      expect(await here.inspect(contextA, 'target', 'cat file')).toBe('one\n');
    } finally {
      await here.close();
      await deleteVolumesOf(here, contextA, 'source', 'target');
      await Promise.all([label('lab-a-1', '-'), label('lab-a-2', '-')]);
      rmSync(folder, { recursive: true });
    }
  },
);

/** Node ports that no cluster gives away by itself as long as it has others (KEP-3668). */
const ownNodePort = () => 30_000 + randomInt(86);

/** Copies over a bastion before the cluster of this address: nothing but one node port of that is reached by it. */
async function copyByBastion(claim: string, at: string, ...flags: string[]): Promise<void> {
  await scene.claim(contextB, claim);
  const port = ownNodePort();
  using bastion = await startBastion(at, port);
  const { address } = bastion;
  const args = ['--strategy', 'nodeport', '--node-port', String(port), ...flags, address, '-o', 'json'];
  const ended = await x8sync(source, scene.ref(contextB, claim), ...args);
  expect(documentOf(ended)).toMatchObject({ outcome: 'ok', strategy: 'nodeport', address, lost: [] });
  expect(bastion.passed).toBeGreaterThan(0);
  await expectCopied(contextB, claim);
}

(isLab ? test.concurrent : test.skip)(
  'a bastion leads to the node port that was asked for, of either side',
  async () => {
    await Promise.all([
      copyByBastion('bastion', '10.89.0.11', '--source-host'),
      copyByBastion('bastion-back', '10.89.0.21', '--push', '--target-host'),
    ]);
  },
);

(isLab ? test : test.skip)('a load balancer is used where it is asked for', async () => {
  await scene.claim(contextB, 'balanced');
  const args = [source, scene.ref(contextB, 'balanced'), '--strategy', 'loadbalancer', '-o', 'json'];
  expect(documentOf(await x8sync(...args))).toMatchObject({
    outcome: 'ok',
    strategy: 'loadbalancer',
    address: expect.stringMatching(/:22$/),
    lost: [],
  });
  await expectCopied(contextB, 'balanced');
});

test.concurrent('namespaces that deny all traffic by default let this one through, and nothing else stays open', async () => {
  const closed = await Scene.open('strategies-closed');
  try {
    await Promise.all(closed.contexts.map((context) => denyAll(context, closed.namespace)));
    await Promise.all([closed.claim(contextA, 'source'), closed.claim(contextB, 'target')]);
    await closed.shell(contextA, 'source', 'echo through >/data/file');
    const args = [closed.ref(contextA, 'source'), closed.ref(contextB, 'target')];
    saidBy(await x8sync(...args), 0);
    expect(await closed.inspect(contextB, 'target', 'cat file')).toBe('through\n');
    const policies = closed.contexts.map((context) => get(context, closed.namespace, 'networkpolicies'));
    const names = (await Promise.all(policies)).flat().map(({ metadata }) => metadata.name);
    expect(names).toEqual(['deny-all', 'deny-all']);
  } finally {
    await closed.close();
  }
});

describe('a ReadWriteOnce source that is in use', () => {
  test.concurrent('is read on the node of its user, which goes on', async () => {
    await scene.claim(contextA, 'used');
    await scene.shell(contextA, 'used', 'echo used >/data/file');
    await scene.user(contextA, 'its-user', 'used');
    await scene.claim(contextB, 'copy-of-used');
    const running = startX8sync(scene.ref(contextA, 'used'), scene.ref(contextB, 'copy-of-used'));
    await running.saw('Done: Source is served');
    type Placed = { metadata: { name: string; uid: string }; spec: { nodeName: string } };
    const pods = await held(running, () => get<Placed>(contextA, scene.namespace, 'pods'));
    const nodeOf = (part: string) => pods.find(({ metadata }) => metadata.name.includes(part))?.spec.nodeName;
    expect(nodeOf('x8sync-')).toBe(nodeOf('its-user'));
    const ended = saidBy(await running.ended, 0);
    expect(ended).toMatch(/Warning: The source is in use by its-user/);
  });
});

test('no Secret is left in either cluster after all of these', async () => {
  expect(await scene.leftovers()).toEqual([]);
});
