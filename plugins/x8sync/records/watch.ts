/** Looks at one task again and again, until it has ended. Nothing is written but an end that nobody has read. */
import {
  ExitCode,
  IncompleteError,
  RefusedError,
  TimeoutError,
  UnreachableError,
  X8sError,
} from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { exitCodeOf as exitCodeOfMover } from '../mover/protocol/protocol.ts';
import { exitCodeIn } from '../run/kept-end.ts';
import { storeOf } from '../run/request/task-store.ts';
import { decisiveRecord, type TaskEntry } from './inventory.ts';
import { lookAt, type StandingTask } from './look.ts';
import type { StandingPhase } from './standing.ts';
import type { TaskContext } from './task-sides.ts';

const pauseMs = 1000;
/** An API server that is restarted is away for less than that. */
const patienceMs = 30_000;
const goingOn: readonly StandingPhase[] = [
  ...(['Pending', 'Running', 'Paused'] as const),
  // A schedule has no end but that it is ended.
  ...(['Scheduled', 'Failing', 'Suspended'] as const),
];

/** Hands on each change of how the task stands; resolves with the last one. */
export async function watchTask(
  entry: TaskEntry,
  kube: KubeClient,
  context: TaskContext,
  onChange: (task: StandingTask) => Promise<void>,
): Promise<StandingTask> {
  const { clock, signal } = context;
  let seenAt = clock.monotonic();
  let last = '';
  for (;;) {
    const task = await lookAt(await readAgain(entry, kube, context), kube, context, { withProgress: true });
    const { end, ...shown } = task.standing;
    const text = JSON.stringify(shown);
    if (text !== last) await onChange(task);
    last = text;
    if (!shown.isUnseen) seenAt = clock.monotonic();
    const mayBeSeen = shown.isUnseen && clock.monotonic() - seenAt < patienceMs;
    if (!goingOn.includes(shown.phase) && !mayBeSeen) return task;
    await clock.sleep(pauseMs, signal);
  }
}

async function readAgain(
  { task, records }: TaskEntry,
  kube: KubeClient,
  context: TaskContext,
): Promise<TaskEntry> {
  const store = storeOf(kube, context);
  const { signal } = context;
  const read = Object.values(records).map((known) =>
    store.find(known.namespace, task, known.role, { signal }),
  );
  const now = (await Promise.all(read)).filter((record) => record !== undefined);
  if (now.length === 0)
    throw new X8sError(`task ${task} was cleaned up meanwhile: how it ended is not known any more`);
  return { task, records: Object.fromEntries(now.map((record) => [record.role, record])) };
}

const errorClasses: Readonly<Record<number, typeof X8sError>> = {
  [ExitCode.refused]: RefusedError,
  [ExitCode.unreachable]: UnreachableError,
  [ExitCode.incomplete]: IncompleteError,
  [ExitCode.timeout]: TimeoutError,
};

/** The error that the copy itself ended with, or would have; undefined of one that is whole. */
export function errorOf({ entry, standing }: StandingTask): X8sError | undefined {
  const { phase, message = '' } = standing;
  if (phase === 'Succeeded') return undefined;
  const code = exitCodeFor({ entry, standing }, decisiveRecord(entry));
  return new (errorClasses[code] ?? X8sError)(`task ${entry.task}: ${message || phase}`);
}

function exitCodeFor({ standing }: StandingTask, record: TaskRecord | undefined): number {
  const { phase, end, isUnseen = false } = standing;
  if (standing.exitCode !== undefined) return standing.exitCode;
  if (end) return exitCodeOfMover(end.outcome);
  if (phase === 'Incomplete') return ExitCode.incomplete;
  if (phase === 'Failed') return (record && exitCodeIn(record)) ?? ExitCode.failed;
  return isUnseen ? ExitCode.unreachable : ExitCode.failed;
}
