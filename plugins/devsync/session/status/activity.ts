/** What a sync is carrying over right now, and what it carried over last: for people who look on. */
import type { Clock } from '../../../../src/clock.ts';
import type { Operation, OperationResult } from '../../reconcile/operations.ts';
import { type Amount, joinProgress, Progress, type ProgressState } from './progress.ts';
import type { Side } from './state.ts';

/** A file that is on its way. */
export interface MovingFile {
  readonly path: string;
  readonly to: Side;
  /** Bytes; 0 where nothing but its name or mode changes. */
  readonly size: number;
  /** Bytes of a large content that have left already. */
  readonly done: number;
}

/** A change that has arrived. */
export interface ArrivedFile {
  readonly path: string;
  readonly to: Side;
  readonly what: 'made' | 'changed' | 'deleted';
  /** ISO time. */
  readonly at: string;
}

export interface ActivityState {
  /** The first few. */
  readonly moving: readonly MovingFile[];
  /** How many there are, those that are not listed included. */
  readonly movingCount: number;
  /** The last few, the newest first; each path once. */
  readonly last: readonly ArrivedFile[];
  /** Bytes of contents since the process began, by the side that they came to. */
  readonly bytes: Readonly<Record<Side, number>>;
  /** How far what is under way has come; undefined where nothing is. */
  readonly progress?: ProgressState | undefined;
}

export const noActivity: ActivityState = {
  moving: [],
  movingCount: 0,
  last: [],
  bytes: { local: 0, container: 0 },
};

/** Files that are listed. */
const listed = 10;

type Batch = readonly Operation[];

export class Activity {
  readonly #clock: Clock;
  /** Where each batch goes that is under way. */
  readonly #batches = new Map<Batch, Side>();
  /** Bytes of large contents that have left, by digest. */
  readonly #left = new Map<string, number>();
  readonly #bytes: Record<Side, number> = { local: 0, container: 0 };
  #last: readonly ArrivedFile[] = [];
  #progress = new Progress();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A transfer of so much begins. Returns how it ends. */
  planned(total: Amount): () => void {
    return this.#progress.begin(total);
  }

  /** A batch is about to be sent. */
  began(to: Side, batch: Batch): void {
    this.#batches.set(batch, to);
  }

  /** A part of a large content has left, by so many bytes that travelled. */
  sent(to: Side, digest: string, length: number, bytes: number): void {
    this.#left.set(digest, (this.#left.get(digest) ?? 0) + length);
    this.#bytes[to] += bytes;
    this.#progress.advance({ operations: 0, bytes: length });
  }

  /** A batch was answered. @param bytes of the contents that came along with it. */
  arrived(to: Side, batch: Batch, results: readonly OperationResult[], bytes: number): void {
    this.#batches.delete(batch);
    this.#bytes[to] += bytes;
    this.#progress.advance({ operations: batch.length, bytes });
    for (const { new: made } of this.#left.size > 0 ? batch : [])
      if (made?.kind === 'file') this.#left.delete(made.digest);
    const at = this.#clock.now().toISOString();
    const files: ArrivedFile[] = [];
    // From the end: a first sync has batches of a thousand.
    for (let index = batch.length - 1; index >= 0 && files.length < listed; index--) {
      const one = batch[index];
      if (one && results[index]?.problem === undefined)
        files.push({ path: one.path, to, what: wordFor(one), at });
    }
    this.#last = newestOf([...files, ...this.#last]);
  }

  /** The stream is gone, and what was under way with it. */
  lost(): void {
    this.#batches.clear();
    this.#left.clear();
    this.#progress = new Progress();
  }

  get state(): ActivityState {
    const batches = [...this.#batches];
    const moving = batches.flatMap(([batch, to]) =>
      batch.slice(0, listed).map((one) => this.#moving(one, to)),
    );
    return {
      moving: moving.slice(0, listed),
      movingCount: batches.reduce((sum, [batch]) => sum + batch.length, 0),
      last: this.#last,
      bytes: { ...this.#bytes },
      progress: this.#progress.state,
    };
  }

  #moving({ path, new: made }: Operation, to: Side): MovingFile {
    if (made?.kind !== 'file') return { path, to, size: 0, done: 0 };
    return { path, to, size: made.size, done: Math.min(made.size, this.#left.get(made.digest) ?? 0) };
  }
}

/** Each path once, with what became of it last; as many as are listed. @param files the newest first */
function newestOf(files: readonly ArrivedFile[]): ArrivedFile[] {
  const byPath = new Map<string, ArrivedFile>();
  for (const file of files) if (!byPath.has(file.path)) byPath.set(file.path, file);
  return [...byPath.values()].slice(0, listed);
}

function wordFor({ old, new: made }: Operation): ArrivedFile['what'] {
  if (made === undefined) return 'deleted';
  return old === undefined ? 'made' : 'changed';
}

/** Of several sessions together. */
export function joinActivities(all: readonly ActivityState[]): ActivityState {
  const sum = (side: Side) => all.reduce((bytes, one) => bytes + one.bytes[side], 0);
  return {
    moving: all.flatMap(({ moving }) => moving).slice(0, listed),
    movingCount: all.reduce((count, one) => count + one.movingCount, 0),
    last: newestOf(all.flatMap(({ last }) => last).sort((one, other) => other.at.localeCompare(one.at))),
    bytes: { local: sum('local'), container: sum('container') },
    progress: joinProgress(all.map(({ progress }) => progress)),
  };
}
