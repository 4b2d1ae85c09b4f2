/** What happens, as server-sent events: tasks as they are, and as they come to be. A client that does not read is let go. */

import { PassThrough, type Readable } from 'node:stream';
import { repeat } from '../../../../src/async/repeat.ts';
import type { Clock } from '../../../../src/clock.ts';
import type { Caller } from '../http/account.ts';
import { defect, tooMany } from '../http/problem.ts';
import type { Board, BoardTask } from './board.ts';
import { taskDocument } from './task-document.ts';

const PERIOD_MS = 1000;
/** Proxies end what is silent for longer. */
const PING_MS = 15_000;
/** Bytes that wait for a client to read them. */
const MOST_WAITING = 512 * 1024;
const MOST_STREAMS = 64;
const MOST_OF_ONE = 16;

interface Listener {
  readonly stream: PassThrough;
  readonly caller: Caller;
  /** Who the token belongs to now; undefined once it is over. */
  readonly recheck: () => Promise<Caller | undefined>;
  /** Which versions were told of last, by task. */
  readonly told: Map<string, ReturnType<Board['versions']>>;
  /** What was said last of all tasks together. */
  overall: string;
  pingedAt: number;
}

export class EventStreams {
  readonly #board: Board;
  readonly #clock: Clock;
  readonly #listeners = new Set<Listener>();
  readonly #texts = new Map<string, { readonly version: string; readonly text: string }>();
  readonly #defect: (error: unknown) => void;

  /** @param defect hears why a stream had to end; its client hears only that it did */
  constructor(board: Board, clock: Clock, defect: (error: unknown) => void) {
    this.#board = board;
    this.#clock = clock;
    this.#defect = defect;
  }

  /** Sends what is new until the signal aborts; all streams end then. What fails of one ends that one. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const send = async () => {
      for (const listener of [...this.#listeners])
        await this.#send(listener).catch((error: unknown) => this.#fail(listener, error));
    };
    await repeat(send, { periodMs: PERIOD_MS, clock: this.#clock, signal });
    for (const { stream } of this.#listeners) stream.end();
  }

  /** @throws {Problem} 429: there are too many */
  open(caller: Caller, recheck: Listener['recheck']): Readable {
    const own = [...this.#listeners].filter((one) => one.caller.name === caller.name).length;
    if (this.#listeners.size >= MOST_STREAMS || own >= MOST_OF_ONE)
      throw tooMany('Too many listen already.', 10);
    const listener: Listener = {
      stream: new PassThrough(),
      caller,
      recheck,
      told: new Map(),
      overall: '',
      pingedAt: this.#clock.monotonic(),
    };
    this.#sendTasks(listener, caller);
    this.#listeners.add(listener);
    listener.stream.once('close', () => this.#listeners.delete(listener));
    return listener.stream;
  }

  /** Nothing is sent any more after this. */
  #end(listener: Listener, last?: string): void {
    this.#listeners.delete(listener);
    listener.stream.end(last);
  }

  #fail(listener: Listener, error: unknown): void {
    this.#defect(error);
    this.#end(listener, eventOf('problem', defect().document));
  }

  async #send(listener: Listener): Promise<void> {
    const { stream, recheck } = listener;
    const caller = await recheck();
    if (!caller) return this.#end(listener);
    this.#sendTasks(listener, caller);
    if (stream.writableLength + stream.readableLength > MOST_WAITING) stream.destroy();
  }

  #sendTasks(listener: Listener, caller: Caller): void {
    const { stream, told } = listener;
    const now = this.#clock.monotonic();
    const tasks = this.#board.tasks();
    const news = tasks.flatMap((task) => {
      const versions = this.#board.versions(task.name);
      const before = told.get(task.name);
      told.set(task.name, versions);
      return [
        ...(before?.status === versions.status ? [] : [this.#textOf(task, versions.status, caller)]),
        ...(before?.jobs === versions.jobs ? [] : [eventOf('jobs', { name: task.name })]),
      ];
    });
    const names = new Set(tasks.map(({ name }) => name));
    for (const name of [...told.keys()].filter((one) => !names.has(one))) {
      told.delete(name);
      news.push(eventOf('gone', { name }));
    }
    const overall = eventOf('overall', this.#overall(tasks.length));
    if (overall !== listener.overall) news.push(overall);
    listener.overall = overall;
    if (news.length === 0 && now - listener.pingedAt < PING_MS) return;
    listener.pingedAt = now;
    stream.write(news.length === 0 ? ': still here\n\n' : news.join(''));
  }

  /** How many tasks there are, of which nothing can be told, and why all of that may be old. */
  #overall(count: number) {
    const { problem, newer } = this.#board;
    const overall = { tasks: count, newer: newer.map(({ task }) => task) };
    return problem === undefined ? overall : { ...overall, problem };
  }

  /** Made once for all who may see the same. */
  #textOf(task: BoardTask, version: string, caller: Caller): string {
    const key = `${caller.namespaces === undefined} ${task.name}`;
    const made = this.#texts.get(key);
    if (made?.version === version) return made.text;
    const text = eventOf('task', taskDocument(task, caller));
    this.#texts.set(key, { version, text });
    return text;
  }
}

const eventOf = (event: string, data: object): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
