/** What a task is handed. */
import type { Clock } from '../../../src/clock.ts';
import type { X8sError } from '../../../src/errors.ts';
import type { AppliedResults } from '../cache/applied-results.ts';
import type { Informers } from '../cache/informers.ts';
import type { Site } from '../clusters/cluster.ts';
import type { TaskSpec } from '../decide/spec.ts';
import type { Meters } from '../jobs/meters.ts';
import type { JobRecords } from '../jobs/records.ts';
import type { Memory } from '../state/memory.ts';

export interface TaskOptions {
  readonly spec: TaskSpec;
  readonly primary: Site;
  readonly replicas: readonly Site[];
  readonly feeds: Informers;
  readonly clock: Clock;
  /** Keys the digests of Secrets. */
  readonly key: Uint8Array;
  readonly memory: Memory;
  /** Begins with what an earlier run left. */
  readonly records: JobRecords;
  /** The same. */
  readonly settled: AppliedResults;
  /** False: one comparison, and an end. */
  readonly watch: boolean;
  /** The marker of the kept state as an earlier run of this process wrote it last; 0: there was none. */
  readonly recorded: number;
  /** The marker of the kept state, where the primary keeps it. */
  readonly readMarker: (() => Promise<number>) | undefined;
  /** Writes that state now. */
  readonly writeMarker: (() => Promise<unknown>) | undefined;
  /** What is known of the primary does not hold any more: ends this run, for the next one to find out. */
  readonly beginAnew: (because: X8sError) => void;
  readonly fence: () => Promise<void>;
  readonly meters?: Meters | undefined;
  readonly signal: AbortSignal;
  readonly info: (text: string) => void;
  readonly warn: (text: string) => void;
  /** What is kept of the task changed. */
  readonly changed: () => void;
  /** A defect of this program. */
  readonly broken: (error: unknown) => void;
}
