/** Another cluster answers at the address where the other side of a task was: a tunnel's, or an in-cluster one. */
import { describe, expect, test } from '@jest/globals';
import { describeTask } from '../../../../../plugins/x8sync/commands/task-output.ts';
import { attach } from '../../../../../plugins/x8sync/records/attach.ts';
import { cancel } from '../../../../../plugins/x8sync/records/cancel.ts';
import { cleanUp } from '../../../../../plugins/x8sync/records/cleanup.ts';
import { cutoverLockName } from '../../../../../plugins/x8sync/records/cutover-state.ts';
import { listTasks } from '../../../../../plugins/x8sync/records/inventory.ts';
import { lookAt } from '../../../../../plugins/x8sync/records/look.ts';
import { sidesOf, type TaskContext } from '../../../../../plugins/x8sync/records/task-sides.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/request/task-store.ts';
import { pairOfTask } from '../../../../../plugins/x8sync/verify/pair.ts';
import { systemClock as clock } from '../../../../../src/clock.ts';
import { ExitCode, UnreachableError } from '../../../../../src/errors.ts';
import type { KubeClient } from '../../../../../src/kube/api/client.ts';
import { deployments, namespaces, type Resource } from '../../../../../src/kube/api/resources.ts';
import { acquire } from '../../../../../src/tasks/lock.ts';
import { stopMarkKey } from '../../../../../src/tasks/names.ts';
import { peerAt } from '../../../../../src/tasks/peer.ts';
import { createSilentReporter } from '../../../../../src/ui/silent-reporter.ts';
import { apiError, FakeCluster } from '../../../support/fake-cluster.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';

const { signal } = new AbortController();
const spec = {
  ...{ sourceClaim: 'shop/data', sourceUid: '1', targetClaim: 'shop/copy', targetUid: '2' },
  ...{ mode: 'merge', cutover: 'true' },
};
const contexts = ['a', 'b', 'other'];

async function clusterOf(context: string, server = `https://${context}`): Promise<FakeKube> {
  const kube = fakeKube(new FakeCluster(), { context, server });
  // Fakes count their objects, so that kube-system has another UID in each.
  const earlier = contexts.slice(0, contexts.indexOf(context));
  for (const name of [...earlier, 'kube-system', 'shop'])
    await kube.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return kube;
}

async function open(kube: FakeKube, role: string, other: FakeKube) {
  const peer = await peerAt({ kube: other, namespace: 'shop' });
  const { record } = await storeOf(kube, { clock }).open({ namespace: 'shop', task: 'db', role, spec, peer });
  return record;
}

/** A copy from the first to the second of three clusters. */
async function copied(server?: string) {
  const [a, b, other] = [
    await clusterOf('a', server),
    await clusterOf('b', server),
    await clusterOf('other'),
  ];
  await open(a, 'source', b);
  await open(b, 'target', a);
  return { a, b, other };
}

/** Stops a workload of the source, as a cutover does that is killed then. */
async function inItsMiddle(a: FakeKube, b: FakeKube, { isStarted = false } = {}): Promise<void> {
  const web = { metadata: { namespace: 'shop', name: 'web' }, spec: { replicas: 0 } };
  const { metadata } = await a.create(
    deployments as Resource,
    web as unknown as Parameters<typeof a.create>[1],
  );
  const source = [{ kind: 'Deployment', name: 'web', uid: metadata.uid, replicas: 3 }];
  const next = { metadata: { namespace: 'shop', name: 'next' }, spec: { replicas: isStarted ? 3 : 0 } };
  const { uid } = (await b.create(deployments as Resource, next as never)).metadata;
  const target = [{ kind: 'Deployment', name: 'next', uid, replicas: 3 }];
  const phase = isStarted ? 'starting' : 'stopping';
  await storeOf(b, { clock }).update(await open(b, 'cutover', a), (state) => {
    state.checkpoints = { cutover: { phase, afterwards: 'target', source, target } };
  });
}

/** As a cutover does in the write that stops it. */
async function markWeb(a: FakeKube): Promise<void> {
  const mark = { task: 'db', target: 'shop/copy', targetUid: '2', replicas: 3 };
  const metadata = { annotations: { [stopMarkKey]: JSON.stringify(mark) } };
  await a.patch(deployments, { namespace: 'shop', name: 'web' }, { metadata }, { type: 'merge' });
}

const infos: string[] = [];
const contextFor = (connectTo: TaskContext['connectTo']): TaskContext => {
  infos.length = 0;
  const reporter = { ...createSilentReporter(), info: (text: string) => void infos.push(text) };
  return { reporter, clock, signal, onAbandoned: () => {}, connectTo, timeoutMs: 1000 };
};

async function entryIn(kube: KubeClient) {
  const [entry] = await listTasks(storeOf(kube, { clock }), kube, { task: 'db', signal });
  if (!entry) throw new Error('there is no such task');
  return entry;
}

const clean = async (kube: KubeClient, connectTo: TaskContext['connectTo']) =>
  cleanUp(await entryIn(kube), kube, contextFor(connectTo));

const rolesIn = async (kube: KubeClient) =>
  (await storeOf(kube, { clock }).list()).map(({ role }) => role).sort();

const isAnother = { exitCode: ExitCode.unreachable };

test('how a cutover stands is told from the cluster of its source, too, or that it is not known', async () => {
  const { a, b } = await copied();
  await inItsMiddle(a, b);
  for (const [kube, role, end] of [
    [a, 'source', { phase: 'Succeeded', message: '1 file' }],
    [b, 'cutover', { phase: 'Failed', message: 'timed out' }],
  ] as const) {
    const store = storeOf(kube, { clock });
    const record = await store.find('shop', 'db', role);
    if (record) await store.update(record, (state) => Object.assign(state, end));
  }
  const look = async (connectTo: TaskContext['connectTo']) =>
    (await lookAt(await entryIn(a), a, contextFor(connectTo), { withProgress: false })).standing;
  expect(await look(async () => b)).toMatchObject({ phase: 'Failed', message: 'not cut over: timed out' });
  const away = await look(() => Promise.reject(new UnreachableError('no answer')));
  expect(away).toMatchObject({ phase: 'Unknown', isUnseen: true });
  expect(away.message).toMatch(/^how its cutover ended is known at the target only/);
});

test('what a cutover has stopped is told from the cluster of its source: by its record, or by the mark', async () => {
  const { a, b } = await copied();
  await inItsMiddle(a, b);
  const look = async (connectTo: TaskContext['connectTo']) =>
    describeTask(
      await lookAt(await entryIn(a), a, contextFor(connectTo), { withProgress: false }),
      new Date(),
    );
  expect(await look(async () => b)).toMatch(
    /Cutover: .*in its middle \(stopping\): Deployment web \(3\) stands still/,
  );
  await markWeb(a);
  const away = await look(() => Promise.reject(new UnreachableError('no answer')));
  expect(away).toMatch(/Cutover: .*as far as its source tells: Deployment web \(3\) stands still/);
});

describe('is as one that does not answer', () => {
  test('for cleanup, which cleans the side that it knows', async () => {
    const { a, b, other } = await copied();
    const details = expect.arrayContaining([expect.stringMatching(/another cluster .*context other.*UID/)]);
    await expect(clean(a, async () => other)).rejects.toMatchObject({ ...isAnother, details });
    expect(await rolesIn(a)).toEqual([]);
    expect(await rolesIn(b)).toEqual(['target']);
  });

  test.each([['attach', attach] as const, ['cancel', cancel] as const])('for %s', async (_, command) => {
    const { a, other } = await copied();
    const call: Promise<unknown> = command(
      await entryIn(a),
      a,
      contextFor(async () => other),
    );
    await expect(call).rejects.toMatchObject(isAnother);
  });

  test('for status, which does not know how it stands', async () => {
    const { a, other } = await copied();
    const store = storeOf(a, { clock });
    const record = await store.find('shop', 'db', 'source');
    if (record) await store.update(record, (state) => Object.assign(state, { phase: 'Running' }));
    const seen = await lookAt(
      await entryIn(a),
      a,
      contextFor(async () => other),
      { withProgress: false },
    );
    const message = expect.stringContaining('another cluster answers at https://b');
    expect(seen.standing).toMatchObject({ phase: 'Unknown', isUnseen: true, message });
  });

  test('for verify, whose claims would be others of these names', async () => {
    const { b, other } = await copied();
    const pair = pairOfTask(
      await entryIn(b),
      b,
      contextFor(async () => other),
    );
    await expect(pair).rejects.toMatchObject(isAnother);
  });

  test('for the workloads that a cutover has stopped: that it has none of them does not tell that they run', async () => {
    const { a, b, other } = await copied();
    await inItsMiddle(a, b);
    const refusal = {
      exitCode: ExitCode.refused,
      details: ['kubectl -n shop scale deployment/web --replicas=3'],
    };
    await expect(clean(b, async () => other)).rejects.toMatchObject(refusal);
    expect(await rolesIn(b)).toEqual(['cutover', 'target']);
  });
});

test('both sides behind tunnels of one address are not taken for one cluster', async () => {
  const { a, b } = await copied('https://127.0.0.1:6443');
  await inItsMiddle(a, b);
  await expect(clean(b, async () => b)).rejects.toMatchObject({ exitCode: ExitCode.refused });
  expect(await rolesIn(b)).toEqual(['cutover', 'target']);
});

test('the right cluster is taken, and what is gone there is said', async () => {
  const { a, b } = await copied();
  const store = storeOf(b, { clock });
  const record = await store.find('shop', 'db', 'target');
  if (record) await store.remove(record);
  await clean(a, async () => b);
  expect(infos).toEqual([expect.stringContaining('namespace shop of b has no record of it')]);
});

test('one that nobody may tell apart is asked, and what it lacks may be elsewhere', async () => {
  const { a, b, other } = await copied();
  const hidden = ({ verb, name }: { verb: string; name?: string | undefined }) => {
    if (verb === 'get' && name === 'kube-system') throw apiError(403, 'forbidden');
  };
  Object.assign(other, { before: hidden });
  Object.assign(b, { before: hidden });
  const entry = await entryIn(a);
  await expect(clean(a, async () => other)).rejects.toMatchObject(isAnother);
  await cleanUp(
    entry,
    a,
    contextFor(async () => b),
  );
  expect(await rolesIn(b)).toEqual([]);
});

describe('cleanup from the source, in the middle of a cutover', () => {
  test('names the run that is at it, and no way to start its workloads', async () => {
    const { a, b } = await copied();
    await inItsMiddle(a, b);
    const lock = await acquire(b, {
      ...{ namespace: 'shop', name: cutoverLockName('2'), labels: {}, about: 'it', purpose: 'x', clock },
      holder: 'bob@desk',
    });
    await expect(clean(a, async () => b)).rejects.toMatchObject({
      exitCode: ExitCode.refused,
      message: expect.stringMatching(/^task db is being cut over at this moment, by bob@desk/),
      details: [],
    });
    await lock.release();
    await expect(clean(a, async () => b)).rejects.toThrow(/is in the middle of a cutover/);
  });

  test('finds each side once, also where the target and its cutover name the same source', async () => {
    const { a, b } = await copied();
    await inItsMiddle(a, b);
    const { sides } = await sidesOf(
      await entryIn(b),
      b,
      contextFor(async () => a),
    );
    expect(sides.map(({ record }) => record.role).sort()).toEqual(['cutover', 'source', 'target']);
  });

  test('is refused by the record that is beside the target', async () => {
    const { a, b } = await copied();
    await inItsMiddle(a, b);
    await expect(clean(a, async () => b)).rejects.toMatchObject({ exitCode: ExitCode.refused });
    expect(await rolesIn(a)).toEqual(['source']);
  });

  test('takes that record away once its workloads run again', async () => {
    const { a, b } = await copied();
    await inItsMiddle(a, b);
    const web = { namespace: 'shop', name: 'web' };
    await a.patch(deployments, web, { spec: { replicas: 3 } }, { type: 'merge' });
    await clean(a, async (server) => (server === a.cluster.server ? a : b));
    expect(await rolesIn(a)).toEqual([]);
    expect(await rolesIn(b)).toEqual([]);
  });

  test('cleans the source where the target is away, and says what is not known', async () => {
    const { a, b } = await copied();
    await inItsMiddle(a, b);
    const away = () => Promise.reject(new UnreachableError('away'));
    a.before = ({ collection }) => {
      if (collection.endsWith('/deployments')) throw apiError(403, 'no', 'Forbidden');
    };
    const details = expect.arrayContaining([expect.stringMatching(/cutover.* a\/shop stopped/)]);
    await expect(clean(a, away)).rejects.toMatchObject({ ...isAnother, details });
    expect(await rolesIn(b)).toEqual(['cutover', 'target']);
  });

  test('is refused by the mark on what stands still, whatever has become of the target', async () => {
    const { a, b } = await copied();
    await inItsMiddle(a, b);
    const web = { namespace: 'shop', name: 'web' };
    await markWeb(a);
    const away = () => Promise.reject(new UnreachableError('away'));
    await expect(clean(a, away)).rejects.toMatchObject({
      exitCode: ExitCode.refused,
      message: expect.stringMatching(/of which only its source tells: Deployment web \(3\) stands still$/),
      details: ['kubectl --context a -n shop scale deployment/web --replicas=3'],
      hint: expect.stringMatching(/annotate deployment\/web x8s\.dev\/stopped-by-$/),
    });
    await a.patch(deployments, web, { spec: { replicas: 3 } }, { type: 'merge' });
    await expect(clean(a, away)).rejects.toMatchObject(isAnother);
  });

  test.each([
    ['ready', { phase: 'ready', afterwards: 'target', source: [], target: [] }],
    ['nothing that can be read', { phase: 'edited' }],
  ])('is refused by that mark where the record says %s', async (_, cutover) => {
    const { a, b } = await copied();
    await inItsMiddle(a, b);
    await markWeb(a);
    const store = storeOf(b, { clock });
    const [record] = await store.list({ namespace: 'shop', role: 'cutover' });
    if (!record) throw new Error('there is no record of the cutover');
    await store.update(record, (state) => {
      state.checkpoints = { cutover };
    });
    const both = async (server: string) => (server === a.cluster.server ? a : b);
    await expect(clean(a, both)).rejects.toMatchObject({
      exitCode: ExitCode.refused,
      details: ['kubectl --context a -n shop scale deployment/web --replicas=3'],
    });
    const { standing } = await lookAt(await entryIn(b), b, contextFor(both), { withProgress: false });
    if (cutover.phase === 'ready') expect(standing.stopped?.map(({ name }) => name)).toEqual(['web']);
  });

  test('is no matter of a mark that a cutover which has ended could not change', async () => {
    const { a, b } = await copied();
    await inItsMiddle(a, b, { isStarted: true });
    await markWeb(a);
    const store = storeOf(b, { clock });
    const [record] = await store.list({ namespace: 'shop', role: 'cutover' });
    if (!record) throw new Error('there is no record of the cutover');
    await store.update(record, (state) => {
      Object.assign(state, { phase: 'Succeeded', finishedAt: clock.now().toISOString() });
      state.checkpoints = { cutover: { ...(state.checkpoints.cutover as object), phase: 'ready' } };
    });
    await clean(a, async (server) => (server === a.cluster.server ? a : b));
    expect(await rolesIn(b)).toEqual([]);
  });

  test('is refused while a run is at it that has stopped nothing yet', async () => {
    const { a, b } = await copied();
    await open(b, 'cutover', a);
    const lock = await acquire(b, {
      ...{ namespace: 'shop', name: cutoverLockName('2'), labels: {}, about: 'it', purpose: 'x', clock },
      holder: 'bob@desk',
    });
    await expect(clean(a, async () => b)).rejects.toThrow(
      /^task db is being cut over at this moment, by bob/,
    );
    expect(await rolesIn(b)).toEqual(['cutover', 'target']);
    await lock.release();
    await clean(a, async () => b);
    expect(await rolesIn(b)).toEqual([]);
  });

  test('is refused where both sides run: which has what is to stay is for a person to say', async () => {
    const { a, b } = await copied();
    await inItsMiddle(a, b, { isStarted: true });
    const web = { namespace: 'shop', name: 'web' };
    await a.patch(deployments, web, { spec: { replicas: 3 } }, { type: 'merge' });
    const both = async (server: string) => (server === a.cluster.server ? a : b);
    await expect(clean(a, both)).rejects.toMatchObject({
      exitCode: ExitCode.refused,
      message: expect.stringMatching(
        /next \(3\) of the target was started, and Deployment web \(3\) of the source/,
      ),
      hint: expect.stringMatching(/delete configmap\/\S+ forgets the cutover/),
    });
    await a.delete(deployments, web);
    await clean(a, both);
    expect(await rolesIn(b)).toEqual([]);
  });

  test('names first how to stop what was started at the target: two of them would run', async () => {
    const { a, b } = await copied();
    await inItsMiddle(a, b, { isStarted: true });
    await expect(clean(a, async (server) => (server === a.cluster.server ? a : b))).rejects.toMatchObject({
      message: expect.stringMatching(/Deployment next \(3\) of the target was started and may have written/),
      details: [
        'kubectl --context b -n shop scale deployment/next --replicas=0',
        'kubectl --context a -n shop scale deployment/web --replicas=3',
      ],
    });
  });
});
