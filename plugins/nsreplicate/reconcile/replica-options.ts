/** What one replica of a running task works with. */
import type { Clock } from '../../../src/clock.ts';
import type { PrimaryCache } from '../cache/primary-cache.ts';
import type { ReplicaCache } from '../cache/replica-cache.ts';
import type { Cluster } from '../clusters/cluster.ts';
import type { TaskSpec } from '../decide/spec.ts';
import type { Meters } from '../jobs/meters.ts';
import type { JobRecords } from '../jobs/records.ts';
import type { Shaping } from '../objects/copy.ts';
import type { Places } from '../objects/keys.ts';
import type { Assessor } from './assessor.ts';
import type { Deletions } from './deletions.ts';
import type { PrimaryCheck } from './primary-check.ts';
import type { Reconciler } from './reconciler.ts';

export interface ReplicaOptions {
  readonly cluster: Cluster;
  readonly spec: TaskSpec;
  readonly primaryCache: PrimaryCache;
  readonly replicaCache: ReplicaCache;
  readonly assessor: Assessor;
  readonly reconciler: Reconciler;
  readonly places: Places;
  readonly shaping: Shaping;
  readonly records: JobRecords;
  readonly deletions: Deletions;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly primaryCheck: PrimaryCheck;
  /** Attempts after which a failure that may pass counts as one for good; unlimited where absent. */
  readonly mostAttempts?: number | undefined;
  readonly meters?: Meters | undefined;
  /** Something that is kept in the cluster changed. */
  readonly changed: () => void;
  readonly warn: (text: string) => void;
  /** A defect of this program. */
  readonly broken: (error: unknown) => void;
}
