/** Writes the records of one replica's jobs, which people read. */
import type { Clock } from '../../../src/clock.ts';
import type { PrimaryCache } from '../cache/primary-cache.ts';
import type { ReconcileResult } from '../decide/outcomes.ts';
import { type JobRecord, type JobRecords, jobKey, type Standing } from '../jobs/records.ts';
import { type ObjectKey, placeOf } from '../objects/keys.ts';

export interface JobReporterOptions {
  readonly records: JobRecords;
  readonly primaryCache: PrimaryCache;
  readonly clock: Clock;
}

export class JobReporter {
  readonly #options: JobReporterOptions;
  readonly #replica: string;

  constructor(replica: string, options: JobReporterOptions) {
    this.#replica = replica;
    this.#options = options;
  }

  /** A job was done. There may be thousands a second, so its record is only made when somebody reads it. */
  done(key: ObjectKey, started: Date, attempts: number, did: ReconcileResult): void {
    const [change, ended] = [this.#changeOf(key), this.#options.clock.now()];
    this.#options.records.done(() =>
      this.#record(key, change, { state: 'done', did, attempts, ...times(started, ended) }),
    );
  }

  failed(
    key: ObjectKey,
    started: Date,
    failure: Pick<JobRecord, 'attempts' | 'reason' | 'message' | 'parked'>,
  ): void {
    const ended = times(started, this.#options.clock.now());
    this.#options.records.put(
      this.#record(key, this.#changeOf(key), { state: 'failed', ...failure, ...ended }),
    );
  }

  /** How a job stands that has not come to an end. */
  standing(key: ObjectKey, standing: Standing): JobRecord {
    return this.#record(key, this.#changeOf(key), standing);
  }

  /** Nothing is to be done about the object any more. */
  forget(key: ObjectKey): void {
    this.#options.records.forget(jobKey({ ...placeOf(key), replica: this.#replica }));
  }

  /** The digest of what the object is to be. */
  #changeOf(key: ObjectKey): string {
    return this.#options.primaryCache.digest(key, this.#replica) ?? 'deleted';
  }

  #record(key: ObjectKey, change: string, standing: Standing): JobRecord {
    return { change, ...placeOf(key), replica: this.#replica, ...standing };
  }
}

const times = (started: Date, ended: Date) => ({
  startedAt: started.toISOString(),
  finishedAt: ended.toISOString(),
});
