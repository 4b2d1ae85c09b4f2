/** A StatefulSet that deletes its claims when it is scaled down, held on a standby by real controllers: no data goes. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KubeClient } from '../../src/kube/api/client.ts';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { eventually } from '../support/eventually.ts';
import { contextA, contextB } from './support/contexts.ts';
import { plugin } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { claim, workload } from './support/objects.ts';

const kinds = ['--kinds', 'sts'];

/** Its pods stay pending, as its claims do: both are made, and go, all the same. */
const deleting = (name: string): KubeObject =>
  workload('StatefulSet', name, {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'main', image: 'test.invalid/none' }],
      },
    },
    persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Retain' },
    volumeClaimTemplates: [claim('data', { storageClassName: 'none-such' })],
  });

type StatefulSet = KubeObject & {
  spec: { replicas: number; persistentVolumeClaimRetentionPolicy: { whenScaled: string } };
};

let pair: Pair;
beforeAll(async () => {
  pair = await Pair.open('held-claims');
  await pair.put(pair.from, deleting('db'));
});
afterAll(() => pair.close());

const claimOf = (on: KubeClient, name: string) => pair.find(on, 'persistentvolumeclaims', `data-${name}-0`);
const podOf = (on: KubeClient, name: string) => pair.find(on, 'pods', `${name}-0`);

async function told(on: KubeClient) {
  const { spec } = (await pair.find<StatefulSet>(on, 'statefulsets.apps', 'db')) as StatefulSet;
  return [spec.replicas, spec.persistentVolumeClaimRetentionPolicy.whenScaled];
}

const runs = (on: KubeClient, name: string) =>
  eventually(async () => {
    expect([await podOf(on, name), await claimOf(on, name)]).not.toContain(undefined);
  });

/** Waits until the pod has gone, and as long again as a claim takes to go that is not kept. */
async function claimAfter(on: KubeClient) {
  await eventually(async () => expect(await podOf(on, 'db')).toBeUndefined());
  await pair.put(on, deleting('other'));
  await runs(on, 'other');
  const scaled = deleting('other');
  await pair.put(on, { ...scaled, spec: { ...(scaled.spec as object), replicas: 0 } });
  await eventually(async () => expect(await claimOf(on, 'other')).toBeUndefined());
  return (await claimOf(on, 'db'))?.metadata;
}

test('a copy that runs keeps its claims when it is held, and plan and doctor say so', async () => {
  await pair.copy(...kinds);
  await runs(pair.to, 'db');
  const { uid } = (await claimOf(pair.to, 'db'))?.metadata ?? {};
  const planned = await pair.look('plan', ...kinds, '--standby');
  expect(planned.stdout).toMatch(/StatefulSet\.apps \S+db \(it deletes its claims when it is scaled down/);
  const examined = await plugin('nsreplicate', ['doctor', ...pair.flags, ...kinds, '--standby']);
  expect(examined.stdout + examined.stderr).toMatch(/db: it deletes its claims when it is scaled down/);
  await pair.copy(...kinds, '--standby');
  expect(await told(pair.to)).toEqual([0, 'Retain']);
  const kept = await claimAfter(pair.to);
  expect([kept?.uid, kept?.ownerReferences, kept?.deletionTimestamp]).toEqual([uid, undefined, undefined]);
});

test('promoted, it has back what it had; the old primary keeps its claims as the standby', async () => {
  await runs(pair.from, 'db');
  const { uid } = (await claimOf(pair.from, 'db'))?.metadata ?? {};
  const task = ['--name', pair.task];
  const promoted = await plugin('nsreplicate', [
    ...['promote', contextB, '--primary', contextA, ...task],
    ...['-y', '--with-empty-claims', '--ready-timeout', '1s'],
  ]);
  // None of its pods becomes ready.
  expect([promoted.code, await told(pair.to)]).toEqual([5, [1, 'Delete']]);
  const demoted = await plugin('nsreplicate', [
    ...['demote', contextA, '--primary', contextB, ...task],
    ...['--sync-namespaces', pair.namespace, ...kinds, '-y'],
  ]);
  expect(demoted).toMatchObject({ code: 0, stderr: expect.stringContaining('it deletes its claims') });
  expect(await told(pair.from)).toEqual([0, 'Retain']);
  expect((await claimAfter(pair.from))?.uid).toBe(uid);
});
