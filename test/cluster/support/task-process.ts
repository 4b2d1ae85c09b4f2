/**
 * A process that takes a task's lock, starts its run, and says so line by line: for tests that kill or stop it.
 * Reads one JSON line of settings, then answers `confirm` and `release` lines.
 */
import { createInterface } from 'node:readline';
import { systemClock } from '../../../src/clock.ts';
import { messageOf } from '../../../src/errors.ts';
import { acquire } from '../../../src/tasks/lock.ts';
import { configMapLock, leaseLock } from '../../../src/tasks/lock-object.ts';
import { taskLabels } from '../../../src/tasks/names.ts';
import { TaskStore } from '../../../src/tasks/store.ts';
import { clusterOf } from './clusters.ts';

export interface TaskProcessSettings {
  readonly namespace: string;
  readonly task: string;
  readonly lock: 'ConfigMap' | 'Lease';
  readonly staleAfterMs: number;
  readonly heartbeatMs: number;
}

const say = (line: string) => process.stdout.write(`${line}\n`);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { namespace, task, lock, ...timing }: TaskProcessSettings = JSON.parse(
  String((await lines.next()).value),
);

const kube = await clusterOf('A');
const held = await acquire(kube, {
  ...timing,
  namespace,
  name: `lock-${task}`,
  labels: taskLabels('test', task, 'lock'),
  // The two kinds' objects differ, but this process never looks into them.
  kind: (lock === 'Lease' ? leaseLock : configMapLock) as typeof configMapLock,
  about: `the test's claim`,
  purpose: `task ${task}`,
  clock: systemClock,
});
held.signal.addEventListener('abort', () => say(`lost: ${messageOf(held.signal.reason)}`));
const store = new TaskStore({ kube, tool: 'test', schema: 1, clock: systemClock });
const { record } = await store.open({ namespace, task, role: 'target', spec: { uid: 'a' } });
const { record: started, outcome } = await store.start(record, held);
await store.update(started, (state) => {
  state.checkpoints.files = 7;
});
say(`held: ${outcome}`);

for await (const line of lines) {
  if (line === 'confirm') {
    await held.confirm().then(
      () => say('confirmed'),
      (error) => say(`refused: ${messageOf(error)}`),
    );
  } else if (line === 'release') {
    await held.release();
    say('released');
  }
}
await kube.close();
