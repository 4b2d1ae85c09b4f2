/** What a task needs from whoever runs it. */
import type { Clock } from '../../../src/clock.ts';
import type { X8sError } from '../../../src/errors.ts';
import type { AppliedResults } from '../cache/applied-results.ts';
import type { Informers } from '../cache/informers.ts';
import type { Cluster } from '../clusters/cluster.ts';
import type { TaskSpec } from '../decide/spec.ts';
import type { Meters } from '../jobs/meters.ts';
import type { JobRecords } from '../jobs/records.ts';
import type { Fence } from '../reconcile/fenced-client.ts';
import type { SavedState } from '../state/saved-state.ts';
import type { EpochGuard } from './epoch-guard.ts';

export interface TaskOptions {
  readonly spec: TaskSpec;
  readonly primary: Cluster;
  readonly replicas: readonly Cluster[];
  readonly informers: Informers;
  readonly clock: Clock;
  /** Keys the digests of Secrets. */
  readonly key: Uint8Array;
  readonly saved: SavedState;
  /** Begins with what an earlier run left. */
  readonly records: JobRecords;
  /** Begins with what an earlier run left. */
  readonly results: AppliedResults;
  /** False: one comparison, and an end. */
  readonly watch: boolean;
  /** A side that shows more objects than this ends the run: they take room that others share. No bound where absent. */
  readonly mostObjects?: number | undefined;
  /** The sequence of the kept state as an earlier run of this process wrote it last; 0: there was none. */
  readonly recorded: number;
  /** The sequence of the kept state, where the primary keeps it. */
  readonly readSequence: (() => Promise<number>) | undefined;
  /** Writes that state now. */
  readonly writeSequence: (() => Promise<unknown>) | undefined;
  /** What is known of the primary is void: ends this run, so that the next one begins from nothing. */
  readonly startOver: (because: X8sError) => void;
  /** As `Fence.fence`. */
  readonly fence: Fence['fence'];
  /** As `Fence.lost`. */
  readonly lost?: AbortSignal | undefined;
  readonly epochs: Pick<EpochGuard, 'number' | 'confirm'>;
  readonly meters?: Meters | undefined;
  readonly signal: AbortSignal;
  readonly info: (text: string) => void;
  readonly warn: (text: string) => void;
  /** What is kept of the task changed. */
  readonly changed: () => void;
  /** A defect of this program, or what the run must not go on with. */
  readonly broken: (error: unknown) => void;
}
