/**
 * What clusters do to the pods of a copy that runs, by objects as the scheduler, the taint manager and an eviction write
 * them: what a person reads meanwhile and in the end. The short form of test/long/x8sync-nodes.test.ts.
 */
import { afterEach, expect, test } from '@jest/globals';
import { MoverWatch } from '../../../../../plugins/x8sync/monitor/mover-watch.ts';
import { protocol } from '../../../../../plugins/x8sync/mover/protocol/protocol.ts';
import { cleanSides, uncleanError } from '../../../../../plugins/x8sync/objects/side-cleanup.ts';
import type { TaskSide } from '../../../../../plugins/x8sync/objects/sides.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/request/task-store.ts';
import { apiFailure } from '../../../../../src/kube/api/api-failure.ts';
import { ConnectionError } from '../../../../../src/kube/api/connection-error.ts';
import type { Job, Node, Pod, PodSpec } from '../../../../../src/kube/api/objects.ts';
import { jobs, nodes, pods } from '../../../../../src/kube/api/resources.ts';
import type { StepHandle } from '../../../../../src/ui/reporter.ts';
import { fakeClock, settle } from '../../../support/fake-clock.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const labels = { 'x8s.dev/task': 'db' };
const meta = { name: 'x8sync-db-target', namespace: 'shop', labels, ownerReferences: [] };
const spec = {
  containers: [],
  tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' }],
} as unknown as PodSpec;
const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

/** As kube-scheduler writes it. */
const unscheduled = (message: string): Pod['status'] => ({
  phase: 'Pending',
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
});
const running: Pod['status'] = {
  phase: 'Running',
  conditions: [
    { type: 'PodScheduled', status: 'True' },
    { type: 'Ready', status: 'True' },
  ],
  containerStatuses: [{ name: 'target', image: 'mover:1', state: { running: {} } }],
};

const tainted =
  '0/1 nodes are available: 1 node(s) had untolerated taint(s). preemption: 0/1 nodes are available';
const cordoned = '0/1 nodes are available: 1 node(s) were unschedulable. preemption: 0/1 nodes are available';

/** A mover that is followed, from a Job that has no pod yet. */
async function scene(timeoutMs = 0) {
  const [kube, clock, stop] = [fakeKube(), fakeClock(), new AbortController()];
  stops.push(stop);
  const side: TaskSide = { kube, ...meta, meta, selector: labels, selectorText: 'x8s.dev/task=db' };
  // The step in which the mover starts, and the one in which it copies.
  const [starting, copying]: [string[], string[]] = [[], []];
  const handleOf = (shown: string[]): StepHandle => ({
    title() {},
    detail: (text) => void shown.push(text),
    progress() {},
    warn() {},
  });
  const watch = new MoverWatch(clock, stop, stop.signal);
  const job = await kube.create(jobs, { kind: 'Job', metadata: meta, spec: { template: {} } } as Job);
  const mover = { job, nonce: 'n', takenUp: false, isMounted: false, addresses: [], notes: [] };
  watch.followMover(side, mover, timeoutMs, handleOf(starting));
  const ended = watch.ended(handleOf(copying));
  ended.catch(() => {});
  const become = async (name: string, status: Pod['status']) => {
    const before = await kube.find(pods, { namespace: 'shop', name });
    const metadata = before?.metadata ?? { name, namespace: 'shop', labels };
    const pod = { metadata, spec: before?.spec ?? spec, status } as Pod;
    await (before ? kube.replace(pods, pod) : kube.create(pods, pod));
    await settle();
  };
  const says = (name: string, ...lines: string[]) =>
    kube.answers.set(`/api/v1/namespaces/shop/pods/${name}/log`, () =>
      lines.map((line) => `2026-01-01T00:00:00Z ${line}\n`).join(''),
    );
  const node = (name: string, more: Partial<NonNullable<Node['spec']>>) =>
    kube.create(nodes, {
      metadata: { name },
      spec: more,
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    } as Node);
  return { kube, clock, watch, ended, starting, copying, become, says, node, job };
}

const progress = `x8s:progress {"protocol":${protocol},"bytes":1048576,"totalBytes":2097152,"files":1,"totalFiles":2,"rate":1}`;
const endLine = `x8s:end {"protocol":${protocol},"nonce":"n","outcome":"ok"}`;
/** How a pod is that has come to its end. */
const done: Pod['status'] = {
  phase: 'Succeeded',
  containerStatuses: [{ name: 'target', state: { terminated: { exitCode: 0, message: endLine } } }],
};

test('a taint that lets no pod come: which node, which taint, what to give, and exit code 124', async () => {
  const { clock, ended, starting, become, node } = await scene(300_000);
  const taints = [{ key: 'team', value: 'db', effect: 'NoSchedule' }];
  await node('n1', { taints });
  await become('mover-1', unscheduled(tainted));
  expect(starting.at(-1)).toBe(`it can't be scheduled: ${tainted}`);
  await clock.advance(300_000);
  await expect(ended).rejects.toMatchObject({
    exitCode: 124,
    message: `the mover in fake/shop was not up after 300 s: it can't be scheduled: ${tainted}`,
    details: ['node n1: it has the taint team=db:NoSchedule'],
    hint: expect.stringMatching(/^--toleration and --node-selector say where the pods may run; .* doctor/),
  });
});

test.each([
  ['drained', 'EvictionByEvictionAPI', 'Eviction API: evicting', cordoned],
  [
    'given a taint (NoExecute)',
    'DeletionByTaintManager',
    'Taint manager: deleting due to NoExecute taint',
    tainted,
  ],
])(
  'a node that is %s in the middle: what the next pod waits for is shown, and the copy goes on and ends well',
  async (_, reason, message, why) => {
    const { kube, clock, watch, ended, copying, become, says } = await scene(300_000);
    says('mover-1', progress);
    await become('mover-1', running);
    expect(await watch.moving()).toBe(true);
    const disrupted = { type: 'DisruptionTarget', status: 'True' as const, reason, message };
    await become('mover-1', { ...running, conditions: [...(running.conditions ?? []), disrupted] });
    await become('mover-2', unscheduled(why));
    await kube.delete(pods, { namespace: 'shop', name: 'mover-1' });
    await settle();
    expect(copying.at(-1)).toBe(`1.0 MiB of 2.0 MiB, the mover's pod: it can't be scheduled: ${why}`);
    // The time limit is for the start, and ends nothing that has begun.
    await clock.advance(600_000);
    says('mover-2', progress, endLine);
    await become('mover-2', running);
    await become('mover-2', done);
    await clock.advance(10_000);
    expect(await ended).toMatchObject({ outcome: 'ok' });
    expect(copying.at(-1)).not.toMatch(/scheduled/);
  },
);

test('a pod that is evicted for what its node lacks, and whose Job has no other one: why, and how to go on', async () => {
  const { kube, clock, ended, become, says, job } = await scene();
  says('mover-1', progress);
  await become('mover-1', running);
  const message = 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi.';
  await become('mover-1', { phase: 'Failed', reason: 'Evicted', message, containerStatuses: [] });
  const failed = {
    type: 'Failed',
    status: 'True' as const,
    reason: 'BackoffLimitExceeded',
    message: 'too often',
  };
  await kube.replace(jobs, { ...job, status: { conditions: [failed] } });
  await clock.advance(10_000);
  await expect(ended).rejects.toMatchObject({
    exitCode: 1,
    message: expect.stringMatching(
      /Job shop\/x8sync-db-target in fake ended without a result: BackoffLimitExceeded/,
    ),
    hint: 'run the same command again to go on with what is copied so far',
  });
});

const away = () => {
  throw new ConnectionError('fake: connection refused', { maybeSent: false, transient: true }, {});
};
const rejected = () => {
  throw apiFailure(fakeKube().cluster, { verb: 'list', what: 'pods' }, 401, '');
};

test.each([
  ['API server that is away', away],
  ['API server that takes no credentials', rejected],
])(
  'an %s for an hour in the middle ends no copy: what the mover says in the end is read once it can be',
  async (_, lever) => {
    const { kube, clock, watch, ended, become, says } = await scene();
    says('mover-1', progress);
    await become('mover-1', running);
    expect(await watch.moving()).toBe(true);
    kube.before = lever;
    kube.objects.cutWatches();
    await clock.advance(3_600_000);
    const meanwhile = await Promise.race([ended, settle().then(() => 'goes on')]);
    expect(meanwhile).toBe('goes on');
    kube.before = () => undefined;
    says('mover-1', progress, endLine);
    await become('mover-1', done);
    await clock.advance(60_000);
    expect(await ended).toMatchObject({ outcome: 'ok' });
  },
);

test('credentials that have expired by the end: the files are there, and it is said what is left, where, and the command that removes it', async () => {
  const { kube, clock } = await scene();
  const { record } = await storeOf(kube, { clock }).open({
    namespace: 'shop',
    task: 'db',
    role: 'target',
    spec: {},
  });
  kube.before = rejected;
  const how = { limitMs: 1000, clock, signal: new AbortController().signal };
  const left = await cleanSides([{ kube, record }], how);
  expect(uncleanError('the files are at the target', left)).toMatchObject({
    exitCode: 4,
    message: 'the files are at the target, but the target could not be cleaned up',
    details: [
      'target not cleaned up: fake: not logged in: the API server rejects the credentials of tester',
      'left there, target: objects with label x8s.dev/task=db in namespace shop of fake',
    ],
    hint: 'once fake lets you in again: kubectl x8sync cleanup db -n shop --context fake',
  });
});
