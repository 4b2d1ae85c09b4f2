/** Whether an instance is at work on a task, judged as whoever would take its Lease judges: by what moves, never by times. */
import type { Clock } from '../../../src/clock.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { livenessOf, parseHolder } from '../../../src/tasks/holder.ts';
import type { Claim } from '../../../src/tasks/lock-object.ts';
import { readHolder, rightToWrite } from './lease.ts';
import type { TaskStatus } from './state.ts';
import { isAtWork } from './task-phase.ts';

/** How often the Lease of a holder that is not known to be dead is looked at; it is renewed every two seconds. */
const LOOK_MS = 500;

export interface Attendance {
  /** As `readHolder`. */
  readonly holder: Claim | null | undefined;
  /** Undefined where that can't be known: Leases may not be read. */
  readonly atWork: boolean | undefined;
}

export interface AttendanceOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Whether an instance is at work on a task. One look where the state says that it ended, where nobody holds the Lease and
 * where the holder was a process of this machine that is gone; else looks until the Lease moves, at most for as long as its
 * holder may be silent. That a process is there says nothing: one that is stopped does no work.
 */
export async function attendanceOf(
  kube: KubeClient,
  status: Pick<TaskStatus, 'task' | 'phase' | 'guardedBy'>,
  { clock, signal }: AttendanceOptions,
): Promise<Attendance> {
  const read = () => readHolder(kube, status.guardedBy ?? status.task, { signal });
  const holder = await read();
  const seen = clock.monotonic();
  if (!isAtWork(status)) return { holder, atWork: false };
  if (!holder) return { holder, atWork: holder === null ? false : undefined };
  if (livenessOf(parseHolder(holder.holder)) === 'dead') return { holder, atWork: false };
  const limitMs = Math.max(holder.staleAfterMs, rightToWrite.staleAfterMs);
  while (clock.monotonic() - seen < limitMs) {
    await clock.sleep(LOOK_MS, signal);
    const now = await read();
    if (!now) return { holder: now, atWork: now === null ? false : undefined };
    if (now.holder !== holder.holder || now.renewed !== holder.renewed) return { holder: now, atWork: true };
  }
  return { holder, atWork: false };
}
