/** Jobs that are at work or wait, as people get to see them. */
import type { JobRecord, Standing } from './records.ts';
import type { RetryState } from './retry.ts';

/** Quicker jobs are not shown: each of them would be one more write of records. */
const SHOWN_AFTER_MS = 1000;
/** So many of all replicas together: their text stays below a shard's size. */
const MOST = 150;

export interface ActiveOptions {
  /** What differs, by when that was seen (milliseconds of the clock's monotonic time), as a rule the oldest first. */
  readonly since: Iterable<readonly [key: string, since: number]>;
  /** What is being worked on. */
  readonly running: ReadonlySet<string>;
  readonly retries: ReadonlyMap<string, RetryState>;
  readonly clock: { monotonic(): number; now(): Date };
  /** The record of a job. */
  readonly record: (key: string, standing: Standing) => JobRecord;
}

/**
 * The oldest of what is under way or waits to be. What failed and waits to be tried again has a record of its failure,
 * until that happens.
 * @param share of the room that there is for all replicas
 */
export function activeJobs(
  { since, running, retries, clock, record }: ActiveOptions,
  share: number,
): JobRecord[] {
  const [monotonic, wall] = [clock.monotonic(), clock.now().getTime()];
  const jobs: JobRecord[] = [];
  for (const [key, at] of since) {
    if (jobs.length >= Math.max(1, Math.floor(MOST * share))) break;
    const retry = retries.get(key);
    if (monotonic - at < SHOWN_AFTER_MS || (retry && !running.has(key))) continue;
    jobs.push(
      record(key, {
        state: running.has(key) ? 'running' : 'pending',
        attempts: (retry?.attempts ?? 0) + (running.has(key) ? 1 : 0),
        startedAt: new Date(wall - (monotonic - at)).toISOString(),
      }),
    );
  }
  return jobs;
}
