/** What belongs to a task, where others have its name. */
import { describe, expect, test } from '@jest/globals';
import { claimLockedFor, lockClaim } from '../../../../../plugins/x8sync/claims/claim-lock.ts';
import { lineOf } from '../../../../../plugins/x8sync/commands/task-output.ts';
import { sideOf } from '../../../../../plugins/x8sync/objects/sides.ts';
import { cleanUp } from '../../../../../plugins/x8sync/records/cleanup.ts';
import { listTasks } from '../../../../../plugins/x8sync/records/inventory.ts';
import { lastMarkOf } from '../../../../../plugins/x8sync/records/stop-mark.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/request/task-store.ts';
import { systemClock as clock } from '../../../../../src/clock.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import type { KubeClient } from '../../../../../src/kube/api/client.ts';
import {
  configMaps,
  cronJobs,
  deployments,
  type Resource,
  secrets,
} from '../../../../../src/kube/api/resources.ts';
import { stopMarkKey } from '../../../../../src/tasks/names.ts';
import { createSilentReporter } from '../../../../../src/ui/silent-reporter.ts';
import { FakeCluster } from '../../../support/fake-cluster.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const { signal } = new AbortController();
const clusterOf = (context: string) => fakeKube(new FakeCluster(), { context, server: `https://${context}` });
const shop = {
  sourceClaim: 'shop/data',
  sourceUid: '1',
  targetClaim: 'shop/copy',
  targetUid: '2',
  mode: 'merge',
};
const blog = {
  sourceClaim: 'blog/data',
  sourceUid: '3',
  targetClaim: 'blog/copy',
  targetUid: '4',
  mode: 'merge',
};

/** One side of a task of the name `db`. */
async function side(kube: KubeClient, role: 'source' | 'target', spec: typeof shop, peer: KubeClient) {
  const namespace = spec.sourceClaim.split('/')[0] ?? '';
  const peerRef = { server: peer.cluster.server, namespace };
  await storeOf(kube, { clock }).open({ namespace, task: 'db', role, spec, peer: peerRef });
}

const recordsOf = async (kube: KubeClient) =>
  (await storeOf(kube, { clock }).list()).map(({ namespace, name }) => `${namespace}/${name}`);

/** Cleans up the task whose source is in the first cluster. */
async function cleanUpSource(kube: KubeClient, other: KubeClient): Promise<void> {
  const entries = await listTasks(storeOf(kube, { clock }), kube, { task: 'db', signal });
  const entry = entries.find(({ records }) => records.source);
  if (!entry) throw new Error('there is no such task');
  const connectTo = async () => other;
  const context = { reporter: createSilentReporter(), clock, signal, onAbandoned: () => {}, connectTo };
  await cleanUp(entry, kube, { ...context, timeoutMs: 1000 });
}

describe('two tasks of one name', () => {
  test('in two namespaces are two, and the clean-up of one leaves the other alone', async () => {
    const [a, b] = [clusterOf('a'), clusterOf('b')];
    await side(a, 'source', shop, b);
    await side(b, 'target', shop, a);
    await side(a, 'target', blog, b);
    await side(b, 'source', blog, a);
    const entries = await listTasks(storeOf(a, { clock }), a, { task: 'db', signal });
    expect(entries.map(lineOf).sort()).toEqual([
      'blog/data → blog/copy (here: target in namespace blog)',
      'shop/data → shop/copy (here: source in namespace shop)',
    ]);
    await cleanUpSource(a, b);
    expect(await recordsOf(a)).toEqual(['blog/x8sync-db-target']);
    expect(await recordsOf(b)).toEqual(['blog/x8sync-db-source']);
  });

  test('are not taken for two sides of one, whichever came later', async () => {
    const [a, b, c] = [clusterOf('a'), clusterOf('b'), clusterOf('c')];
    await side(a, 'source', shop, b);
    await side(b, 'target', { ...shop, sourceUid: '5' }, c);
    await cleanUpSource(a, b);
    expect(await recordsOf(a)).toEqual([]);
    expect(await recordsOf(b)).toEqual(['shop/x8sync-db-target']);
  });
});

test('a cutover in its middle is refused with the commands for the cluster of its source, until these have run', async () => {
  const [a, b] = [clusterOf('a'), clusterOf('b')];
  const web = { namespace: 'shop', name: 'web' };
  const stopped = { metadata: web, spec: { replicas: 0 } } as unknown as Parameters<typeof b.create>[1];
  const { metadata } = await a.create(deployments as Resource, stopped);
  const store = storeOf(b, { clock });
  const peer = { server: a.cluster.server, namespace: 'shop' };
  const { record } = await store.open({ namespace: 'shop', task: 'db', role: 'cutover', spec: shop, peer });
  const source = [{ kind: 'Deployment', name: 'web', uid: metadata.uid, replicas: 3 }];
  await store.update(record, (state) => {
    state.checkpoints = { cutover: { phase: 'stopping', afterwards: 'target', source, target: [] } };
  });
  const clean = async (connectTo: () => Promise<KubeClient>) => {
    const [entry] = await listTasks(store, b, { task: 'db', signal });
    if (!entry) throw new Error('there is no such task');
    const context = { reporter: createSilentReporter(), clock, signal, onAbandoned: () => {}, connectTo };
    await cleanUp(entry, b, { ...context, timeoutMs: 1000 });
  };
  const command = '-n shop scale deployment/web --replicas=3';
  const refusal = (text: string) => ({
    exitCode: 3,
    details: [text],
    hint: expect.stringMatching(/https:..a/),
  });
  await expect(clean(async () => a)).rejects.toMatchObject(refusal(`kubectl --context a ${command}`));
  const away = () => Promise.reject(new UnreachableError('no context'));
  await expect(clean(away)).rejects.toMatchObject(refusal(`kubectl ${command}`));
  await a.patch(deployments, web, { spec: { replicas: 3 } }, { type: 'merge' });
  await clean(async () => a);
  expect(await recordsOf(b)).toEqual([]);
});

test('what a cutover had stopped and somebody has started by hand bears its mark no more; what was moved keeps it', async () => {
  const [a, b] = [clusterOf('a'), clusterOf('b')];
  const spec = { ...shop, cutover: 'yes' };
  await side(a, 'source', spec, b);
  await side(b, 'target', spec, a);
  const mark = { task: 'db', target: 'shop/copy', targetUid: '2', replicas: 3 };
  const marked = { started: mark, moved: { ...mark, moved: true }, foreign: { ...mark, task: 'other' } };
  for (const [name, one] of Object.entries(marked)) {
    const annotations = { [stopMarkKey]: JSON.stringify(one) };
    const object = { metadata: { name, namespace: 'shop', annotations }, spec: { replicas: 1 } };
    await a.create(deployments as Resource, object as never);
  }
  await cleanUpSource(a, b);
  const { items } = await a.list(deployments as Resource, { namespace: 'shop' });
  const bearing = items.filter((one) => lastMarkOf(one) !== undefined);
  expect(bearing.map(({ metadata }) => metadata.name).sort()).toEqual(['foreign', 'moved']);
  expect(items).toHaveLength(3);
});

describe('a record that was edited by hand', () => {
  const edit = async (kube: KubeClient, role: string, spec: string) => {
    const record = await storeOf(kube, { clock }).find('shop', 'db', role);
    if (!record) throw new Error('there is no such record');
    await kube.replace(configMaps, { ...record.object, data: { ...record.object.data, spec } });
  };

  const withKeys = async (kube: KubeClient, role: 'source' | 'target', peer: KubeClient) => {
    await side(kube, role, shop, peer);
    const record = await storeOf(kube, { clock }).find('shop', 'db', role);
    if (!record) throw new Error('there is no such record');
    const { meta } = sideOf(kube, record);
    await kube.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: meta });
    // That it copies at its times stood in its specification alone.
    if (role === 'target')
      await kube.create(cronJobs as Resource, { apiVersion: 'batch/v1', kind: 'CronJob', metadata: meta });
  };

  const left = async (kube: KubeClient) => {
    const signalled = { namespace: 'shop', signal };
    const listed = [configMaps, secrets, cronJobs].map((kind: Resource) => kube.list(kind, signalled));
    return (await Promise.all(listed)).flatMap(({ items }) => items).map(({ metadata: { name } }) => name);
  };

  const garbage = ['{garbage', '{}', '"text"', 'null', JSON.stringify({ ...shop, targetUid: '../x' })];

  test.each(garbage)('at the target (%s) keeps nothing from being cleaned up on both sides', async (spec) => {
    const [a, b] = [clusterOf('a'), clusterOf('b')];
    await withKeys(a, 'source', b);
    await withKeys(b, 'target', a);
    await edit(b, 'target', spec);
    await cleanUpSource(a, b);
    expect(await left(a)).toEqual([]);
    expect(await left(b)).toEqual([]);
  });

  test('on both sides is cleaned up, and the lock that a run of it holds is found', async () => {
    const [a, b] = [clusterOf('a'), clusterOf('b')];
    await withKeys(a, 'source', b);
    await withKeys(b, 'target', a);
    await edit(a, 'source', '{garbage');
    await edit(b, 'target', '{garbage');
    const held = { namespace: 'shop', claim: 'copy', claimUid: '2', purpose: 'x8sync task db' };
    const lock = await lockClaim(b, { ...held, clock, signal, waiting: () => {} });
    expect(await claimLockedFor(b, { namespace: 'shop', task: 'db' }, signal)).toBe('2');
    expect(await claimLockedFor(b, { namespace: 'shop', task: 'b' }, signal)).toBeUndefined();
    await lock.release();
    await cleanUpSource(a, b);
    expect(await left(a)).toEqual([]);
    expect(await left(b)).toEqual([]);
  });
});
