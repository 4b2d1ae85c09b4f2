/** A copy that was left to itself and has ended, in one fake cluster, before anybody has looked at it. */
import { formatMessage, type MoverOutcome } from '../../../plugins/x8sync/mover/protocol/protocol.ts';
import { sideOf } from '../../../plugins/x8sync/objects/sides.ts';
import { listTasks, type TaskEntry } from '../../../plugins/x8sync/records/inventory.ts';
import type { TaskContext } from '../../../plugins/x8sync/records/task-sides.ts';
import { storeOf } from '../../../plugins/x8sync/run/request/task-store.ts';
import { systemClock as clock } from '../../../src/clock.ts';
import type { Job, PersistentVolumeClaim, Pod } from '../../../src/kube/api/objects.ts';
import { jobs, persistentVolumeClaims, pods } from '../../../src/kube/api/resources.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { createSilentReporter } from '../../../src/ui/silent-reporter.ts';
import { type FakeKube, fakeKube } from './fake-kube.ts';

const { signal } = new AbortController();
const namespace = 'shop';
const task = 'away';

export interface DetachedCopy {
  readonly kube: FakeKube;
  readonly context: TaskContext;
  entry(): Promise<TaskEntry>;
  record(): Promise<TaskRecord | undefined>;
}

interface Further {
  /** What its specification has beyond the claims. */
  readonly spec?: object;
  /** Of a command that was killed, and has not said that it leaves the task. */
  readonly holder?: string;
}

/** @param outcome what its mover's last line says. */
export async function detachedCopy(outcome: MoverOutcome, further: Further = {}): Promise<DetachedCopy> {
  const kube = fakeKube();
  const store = storeOf(kube, { clock });
  const uids = await Promise.all(['data', 'copy'].map((name) => claimIn(kube, name)));
  const [sourceUid, targetUid] = uids;
  const claims = { sourceClaim: 'shop/data', sourceUid, targetClaim: 'shop/copy', targetUid };
  const spec = { ...claims, mode: 'merge', ...further.spec };
  const peer = { server: kube.cluster.server, namespace };
  for (const role of ['target', 'source']) {
    const { record } = await store.open({ namespace, task, role, spec, peer });
    const started = await store.start(record, { holder: 'me@here 1' });
    await store.update(started.record, (state) => {
      state.holder = further.holder;
    });
    if (role === 'target') await endedMover(kube, record, outcome);
  }
  const connectTo = async () => kube;
  const reporter = createSilentReporter();
  return {
    kube,
    context: { reporter, clock, signal, onAbandoned: () => {}, connectTo, timeoutMs: 1000 },
    entry: async () => {
      const [entry] = await listTasks(store, kube, { task, signal });
      if (!entry) throw new Error('there is no such task');
      return entry;
    },
    record: () => store.find(namespace, task, 'target'),
  };
}

async function claimIn(kube: FakeKube, name: string): Promise<string | undefined> {
  const claim = { metadata: { name, namespace }, spec: {} } as PersistentVolumeClaim;
  return (await kube.create(persistentVolumeClaims, claim)).metadata.uid;
}

async function endedMover(kube: FakeKube, record: TaskRecord, outcome: MoverOutcome): Promise<void> {
  const { meta } = sideOf(kube, record);
  const annotations = { 'x8s.dev/nonce': 'n1' };
  await kube.create(jobs, { metadata: { ...meta, annotations }, spec: {} } as unknown as Job);
  const stats = { entries: 3, files: 2, transferredFiles: 2, transferredBytes: 5, removed: 0, attributes: 0 };
  const line = formatMessage('end', {
    ...{ nonce: 'n1', outcome, lost: [], message: '', failures: [], seconds: 1 },
    ...{ task: 't', mode: 'merge', code: 0, attempts: 1, stats },
  });
  const finishedAt = '2026-11-29T01:01:00Z';
  const state = { terminated: { exitCode: 0, message: line, finishedAt } };
  const pod = {
    metadata: { ...meta, name: 'mover' },
    spec: { containers: [] },
    status: { phase: 'Succeeded', containerStatuses: [{ name: 'target', state }] },
  };
  await kube.create(pods, pod as unknown as Pod);
}
