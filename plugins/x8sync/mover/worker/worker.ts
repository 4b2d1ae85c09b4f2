/** A worker: copies the lists that it finds given, until the mover needs it no more. It decides nothing. */
import type { LogLevel } from '../protocol/protocol.ts';
import { type Given, type ListResult, lookMs, type WorkerState } from '../workers/messages.ts';

/** What a worker does outside of itself. */
export interface WorkerParts {
  readonly worker: number;
  /** Of this process. */
  readonly id: string;
  /** Of its pod. */
  readonly name: string;
  /** See `keyOf`. */
  readonly key: string;
  /** What the mover tells; `gone` where there is no such file. */
  readonly readGiven: () => Promise<Given | 'gone' | undefined>;
  readonly readState: () => Promise<WorkerState | undefined>;
  /** @throws where the file is gone. */
  readonly writeState: (state: WorkerState) => Promise<void>;
  /** The sign of the source's root, as this pod sees it. */
  readonly root: () => Promise<string>;
  /** Takes a list; false where the mover has taken it back. */
  readonly take: (run: string, list: number) => Promise<boolean>;
  readonly copy: (
    given: Given,
    list: number,
    moved: (bytes: number) => void,
    signal: AbortSignal,
  ) => Promise<ListResult>;
  readonly monotonic: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly log: (level: LogLevel, text: string) => void;
  /** Aborted when the process is asked to end. */
  readonly signal: AbortSignal;
}

/** Why a worker ends. */
export type WorkerEnd = 'over' | 'superseded' | 'stopped';

interface Work {
  readonly list: number;
  bytes: number;
  readonly stop: AbortController;
}

/** A mover that was killed begins anew a while later, in another folder. */
const patienceMs = { gone: 30_000, silent: 600_000 };

export class Worker {
  readonly #parts: WorkerParts;
  readonly #works = new Map<number, Work>();
  /** What copies, or is just being ended. */
  readonly #running = new Set<Promise<void>>();
  #done: ListResult[] = [];
  #run = '';
  #beat = 0;
  /** When the mover last gave a sign, by this pod's clock. */
  #sign: { readonly text: string; readonly at: number };
  #hasWritten = false;
  #doubted = '';

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.#sign = { text: '', at: parts.monotonic() };
  }

  /** Resolves once it is of no use any more, with nothing of it running. */
  async run(): Promise<WorkerEnd> {
    const { signal, sleep } = this.#parts;
    for (;;) {
      const end = signal.aborted ? 'stopped' : await this.#look();
      if (end) return this.#leave(end);
      await sleep(lookMs, signal).catch(() => {});
    }
  }

  async #look(): Promise<WorkerEnd | undefined> {
    const { readGiven, monotonic } = this.#parts;
    const given = await readGiven();
    const now = monotonic();
    if (given === 'gone' || given === undefined || !(await this.#isFor(given))) {
      if (given === 'gone') this.#endWorks();
      const limit = given === 'gone' && this.#run !== '' ? patienceMs.gone : patienceMs.silent;
      return now - this.#sign.at > limit ? 'over' : undefined;
    }
    const text = `${given.run} ${given.beat}`;
    if (text !== this.#sign.text) this.#sign = { text, at: now };
    else if (now - this.#sign.at > patienceMs.silent) return 'over';
    this.#follow(given);
    return this.#say(given);
  }

  /** Of another Job, or of a source that is not the same here, nothing is done. */
  async #isFor({ key, root, run }: Given): Promise<boolean> {
    if (key !== this.#parts.key || run === '') return false;
    if (run === this.#run) return true;
    const own = await this.#parts.root();
    if (own === root) return true;
    if (this.#doubted !== run)
      this.#parts.log('warning', 'the source is not the same here as in the pod of the mover');
    this.#doubted = run;
    return false;
  }

  #follow(given: Given): void {
    const { id } = this.#parts;
    if (given.run !== this.#run) {
      this.#endWorks();
      this.#done = [];
      this.#run = given.run;
    }
    const lists = given.id === id ? given.lists : [];
    // What is not given any more was given to others, after this worker had been silent for too long.
    for (const work of this.#works.values()) if (!lists.includes(work.list)) this.#endWork(work);
    this.#done = this.#done.filter(({ list }) => lists.includes(list));
    for (const list of lists)
      if (!this.#works.has(list) && !this.#done.some((one) => one.list === list)) this.#begin(given, list);
  }

  #begin(given: Given, list: number): void {
    const work: Work = { list, bytes: 0, stop: new AbortController() };
    this.#works.set(list, work);
    const running = this.#finish(given, work);
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  /** Never rejects. */
  async #finish(given: Given, work: Work): Promise<void> {
    const { list } = work;
    const result = await this.#copy(given, work).catch((error: Error) => failed(list, error.message));
    if (work !== this.#works.get(list)) return;
    this.#works.delete(list);
    if (result) this.#done.push(result);
  }

  /** Undefined where the mover was quicker. */
  async #copy(given: Given, work: Work): Promise<ListResult | undefined> {
    const { take, copy } = this.#parts;
    if (!(await take(given.run, work.list))) return undefined;
    const moved = (bytes: number) => {
      work.bytes = bytes;
    };
    return copy(given, work.list, moved, work.stop.signal);
  }

  #endWork(work: Work): void {
    this.#works.delete(work.list);
    work.stop.abort(new Error('the partition was given to another'));
  }

  #endWorks(): void {
    for (const work of this.#works.values()) this.#endWork(work);
  }

  /** Another process that has this worker's place has the last word. */
  async #say(given: Given): Promise<WorkerEnd | undefined> {
    const { readState, id } = this.#parts;
    const there = await readState();
    if (this.#hasWritten && there?.run === given.run && there.id !== id) return 'superseded';
    await this.#write(false);
    return undefined;
  }

  async #write(isLeaving: boolean): Promise<void> {
    const { id, name, writeState } = this.#parts;
    this.#beat += 1;
    const works = [...this.#works.values()].map(({ list, bytes }) => ({ list, bytes }));
    const state = { run: this.#run, id, name, beat: this.#beat, isLeaving, works, done: this.#done };
    try {
      await writeState(state);
      this.#hasWritten = true;
    } catch {
      // The folder is gone, or has no room for it: the next look tells.
    }
  }

  async #leave(end: WorkerEnd): Promise<WorkerEnd> {
    this.#endWorks();
    await Promise.all(this.#running);
    if (end === 'stopped' && this.#hasWritten) await this.#write(true);
    return end;
  }
}

/** As of an rsync that lost its source: others may do better. */
const failed = (list: number, said: string): ListResult => ({
  ...{ list, code: 255, moved: 0, full: false, refused: false, stats: {} },
  said: [said],
});
