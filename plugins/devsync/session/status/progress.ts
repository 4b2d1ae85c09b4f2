/** How far what is carried over has come, of all transfers that are under way at a time. */
import { formatAge, formatBytes, formatCount, formatPlural } from '../../../../src/ui/format.ts';

/** Changes, and bytes of contents that go with them. */
export interface Amount {
  readonly operations: number;
  readonly bytes: number;
}

export interface ProgressState {
  readonly total: Amount;
  readonly done: Amount;
}

const nothing: Amount = { operations: 0, bytes: 0 };

const sum = (one: Amount, other: Amount): Amount => ({
  operations: one.operations + other.operations,
  bytes: one.bytes + other.bytes,
});

export class Progress {
  #underWay = 0;
  #total = nothing;
  #done = nothing;

  /** A transfer begins. Returns how it ends, whatever has become of it. */
  begin(total: Amount): () => void {
    if (this.#underWay === 0) [this.#total, this.#done] = [nothing, nothing];
    this.#underWay++;
    this.#total = sum(this.#total, total);
    return () => {
      this.#underWay--;
    };
  }

  advance(by: Amount): void {
    if (this.#underWay > 0) this.#done = sum(this.#done, by);
  }

  /** Undefined where nothing is under way. */
  get state(): ProgressState | undefined {
    if (this.#underWay === 0) return undefined;
    const [total, done] = [this.#total, this.#done];
    // A content that is sent a second time counts once.
    return {
      total,
      done: {
        operations: Math.min(total.operations, done.operations),
        bytes: Math.min(total.bytes, done.bytes),
      },
    };
  }
}

/** Of several sessions together; undefined where none has anything under way. */
export function joinProgress(all: readonly (ProgressState | undefined)[]): ProgressState | undefined {
  const known = all.filter((one) => one !== undefined);
  const [first, ...more] = known;
  return more.reduce<ProgressState | undefined>(
    (one, other) => one && { total: sum(one.total, other.total), done: sum(one.done, other.done) },
    first,
  );
}

/** A transfer of less is over before anybody has read how far it is. */
const leastBytes = 1 << 20;

/**
 * In words, such as `1,240 of 8,000 changes, 35 MiB of 120 MiB, about 20s left`; undefined where there is little to do.
 *
 * @param rate bytes a second; 0 where it is not known, and no time is told.
 */
export function progressWords(progress: ProgressState | undefined, rate = 0): string | undefined {
  if (progress === undefined) return undefined;
  const { total, done } = progress;
  if (total.operations <= 1 && total.bytes < leastBytes) return undefined;
  const left = total.bytes - done.bytes;
  return [
    total.operations > 1 && `${formatCount(done.operations)} of ${formatPlural(total.operations, 'change')}`,
    total.bytes > 0 && `${formatBytes(done.bytes)} of ${formatBytes(total.bytes)}`,
    rate > 0 && left > 0 && `about ${formatAge((left / rate) * 1000)} left`,
  ]
    .filter((words) => words !== false)
    .join(', ');
}
