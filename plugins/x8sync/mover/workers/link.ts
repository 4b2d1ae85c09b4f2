/** The mover's end of what it has with one worker: hands lists to it, and finds out what became of them. */
import { rm, writeFile } from 'node:fs/promises';
import { repeat } from '../../../../src/async/repeat.ts';
import { SerialQueue } from '../../../../src/async/serial-queue.ts';
import type { Clock } from '../../../../src/clock.ts';
import type { LogLevel } from '../protocol/protocol.ts';
import { type Given, type ListResult, lookMs, sealed, stateIn } from './messages.ts';
import { readNote, writeNote } from './note.ts';
import { takeList } from './take.ts';
import { WorkerView } from './view.ts';
import type { WorkPaths } from './work-paths.ts';

/** What became of a list: its worker is through with it, or it is to be handed out again. */
export type Handed = { readonly result: ListResult } | 'again';

export interface LinkParts {
  /** From 1. */
  readonly worker: number;
  readonly paths: WorkPaths;
  /** What the worker is told besides. */
  readonly told: Omit<Given, 'beat' | 'id' | 'lists' | 'root'>;
  /** The sign of the source's root now: a source that is in use changes. */
  readonly root: () => Promise<string>;
  readonly goneMs: number;
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  readonly log: (level: LogLevel, text: string) => void;
  /** Nothing else waits to be copied: what its worker does not take at once, others may. */
  readonly isRunningOut: () => boolean;
  /** The number of a list that no other has in this run. */
  readonly number: () => number;
}

interface Open {
  readonly list: number;
  /** Of the mover's clock. */
  readonly since: number;
  readonly moved: (bytes: number) => void;
  readonly settle: (handed: Handed) => void;
}

/** A worker that waits takes a list with its next look. */
const takeMs = 5000;

export class WorkerLink {
  /** It has taken part. */
  hasCome = false;
  readonly #parts: LinkParts;
  readonly #view: WorkerView;
  readonly #open = new Map<number, Open>();
  #beat = 0;
  /** One note after the other. */
  readonly #telling = new SerialQueue();
  /** Nothing is handed to it any more. */
  #isOver = false;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#view = new WorkerView(parts.told.run, parts.goneMs);
  }

  /** Its number, from 1. */
  get worker(): number {
    return this.#parts.worker;
  }

  get isThere(): boolean {
    return this.#view.isThere && !this.#isOver;
  }

  /** Looks at it again and again, until the signal ends that. Never rejects. */
  async watch(signal: AbortSignal): Promise<void> {
    const { clock, log, worker } = this.#parts;
    const look = () =>
      this.look().catch((error: Error) => {
        if (!signal.aborted) log('info', `worker ${worker} can't be looked at: ${error.message}`);
      });
    await repeat(look, { periodMs: lookMs, clock, signal });
    this.#isOver = true;
    for (const open of this.#open.values()) this.#settle(open, 'again');
  }

  /**
   * Hands it a list. Never rejects.
   *
   * @param moved is told of the bytes that it has brought of it so far.
   */
  async hand(content: Buffer, moved: (bytes: number) => void): Promise<Handed> {
    const { worker, log } = this.#parts;
    const list = this.#parts.number();
    try {
      return await this.#hand(list, content, moved);
    } catch (error) {
      // The target may be full, which is for the mover's own rsync to find out.
      this.#isOver = true;
      log('info', `worker ${worker} can't be handed anything any more: ${(error as Error).message}`);
      return 'again';
    } finally {
      this.#open.delete(list);
      await this.#forget(list);
    }
  }

  async #hand(list: number, content: Buffer, moved: (bytes: number) => void): Promise<Handed> {
    const { paths, told, clock } = this.#parts;
    await writeFile(paths.list(told.run, 'todo', list), content, { flag: 'wx', mode: 0o600 });
    if (!this.isThere) return 'again';
    const { promise, resolve } = Promise.withResolvers<Handed>();
    this.#open.set(list, { list, since: clock.monotonic(), moved, settle: resolve });
    await this.#tell();
    return promise;
  }

  async #forget(list: number): Promise<void> {
    const { paths, told } = this.#parts;
    for (const place of ['todo', 'taken', 'back'] as const)
      await rm(paths.list(told.run, place, list), { force: true }).catch(() => {});
  }

  /** One look at what the worker says, and a sign of life for it. */
  async look(): Promise<void> {
    const { paths, worker, clock, log } = this.#parts;
    const state = stateIn(await readNote(paths.state(worker)));
    const now = clock.monotonic();
    const seen = this.#view.look(state, now);
    const who = `worker ${worker} (${this.#view.name})`;
    if (seen.isAnother) this.#dropAll(`${who} has taken the place of another one`);
    if (seen.came) {
      this.hasCome = true;
      log('info', `${who} takes part, with ${this.#parts.told.slots} of the streams`);
    }
    if (seen.went !== undefined) this.#dropAll(`${who} is gone: ${seen.went}`);
    if (this.#view.isThere) {
      this.#note();
      for (const open of this.#open.values()) if (this.#isLate(open, now)) await this.#takeBack(open);
    }
    await this.#tell();
  }

  #note(): void {
    for (const { list, bytes } of this.#view.works) this.#open.get(list)?.moved(bytes);
    for (const result of this.#view.done) {
      const open = this.#open.get(result.list);
      if (open) this.#settle(open, { result });
    }
  }

  #isLate({ list, since }: Open, now: number): boolean {
    if (this.#view.works.some((work) => work.list === list)) return false;
    return now - since > (this.#parts.isRunningOut() ? takeMs : this.#parts.goneMs);
  }

  /** Unless the worker has taken it by now: of two renames one succeeds. */
  async #takeBack(open: Open): Promise<void> {
    const { paths, told, worker, log } = this.#parts;
    const { list } = open;
    if (!(await takeList(paths, { run: told.run, list }, 'back'))) return;
    log('info', `worker ${worker} has not begun with a partition, which is taken back`);
    this.#settle(open, 'again');
  }

  /** What it had is handed out again, whether or not it had begun: should it live after all, two copy the same. */
  #dropAll(why: string): void {
    const { size } = this.#open;
    this.#parts.log('info', size === 0 ? why : `${why}; what it was at is handed out again`);
    for (const open of this.#open.values()) this.#settle(open, 'again');
  }

  #settle(open: Open, handed: Handed): void {
    this.#open.delete(open.list);
    open.settle(handed);
  }

  #tell(): Promise<void> {
    return this.#telling.run(() => this.#writeGiven());
  }

  async #writeGiven(): Promise<void> {
    const { paths, worker, told } = this.#parts;
    this.#beat += 1;
    const root = await this.#parts.root();
    const given = { ...told, root, beat: this.#beat, id: this.#view.id, lists: [...this.#open.keys()] };
    await writeNote(paths.given(worker), sealed(given));
  }
}
