/** A live stream to an agent: calls and their answers, and the frames of each session. */
import type { Readable, Writable } from 'node:stream';
import { machine } from '../../../src/machine.ts';
import type { AgentLaunch } from '../agent/loader.ts';
import { asHello, bestCompression, type Hello, ourHello, takesBodies } from '../wire/calls.ts';
import { Channel, ChannelClosed, type FrameBody } from '../wire/channel.ts';
import { asCount, asObject, asWords } from '../wire/check.ts';
import type { Frame, FrameType } from '../wire/frame.ts';

/** What a launcher hands over. */
export interface AgentStreams {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** What the process says beside the protocol: why it could not start. */
  readonly stderr?: Readable | undefined;
  /** Ends it, whatever it is doing. */
  close(): void;
}

/** The agent answered that it could not. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  /** A system error's code, where it was one. */
  readonly code: string | undefined;

  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code;
  }
}

/** Nothing was heard of it in time: the way to it may be slow, and it may come to life yet. */
export class AgentLate extends Error {
  override readonly name = 'AgentLate';
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

const pingEvery = 5_000;
const silenceLimit = 20_000;
/** Milliseconds for an agent to say hello. */
const helloLimit = 20_000;

export class AgentConnection {
  readonly #channel: Channel;
  readonly #streams: AgentStreams;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Map<number, (frame: Frame) => void>();
  readonly #hello: Promise<Hello>;
  #gotHello!: Waiting;
  #lastId = 0;
  #stderr = '';
  /** Resolves with why it ended. */
  readonly ended: Promise<Error>;
  #end!: (why: Error) => void;

  private constructor(streams: AgentStreams) {
    this.#streams = streams;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#hello = new Promise((resolve, reject) => {
      this.#gotHello = { resolve: resolve as (answer: unknown) => void, reject };
    });
    streams.stderr?.on('data', (data: Buffer) => {
      this.#stderr = (this.#stderr + data.toString()).slice(-2000);
    });
    this.#channel = new Channel({
      input: streams.stdout,
      output: streams.stdin,
      onFrame: (frame) => this.#take(frame),
      onEnd: (why) => this.#finish(why),
      pingEvery,
      silenceLimit,
    });
  }

  /**
   * Starts the agent on the other side of the streams. Rejects where it does not come to life; with an AgentLate where
   * that is not known.
   *
   * @param launch what it has to be sent first; nothing to one that has its code already.
   * @param limit milliseconds for it to say hello.
   */
  static async start(
    streams: AgentStreams,
    launch: AgentLaunch | undefined,
    limit = helloLimit,
  ): Promise<AgentConnection> {
    const connection = new AgentConnection(streams);
    if (launch) streams.stdin.write(launch.preamble);
    const late = new AgentLate(`nothing was heard of the agent for ${limit / 1000} s`);
    const timer = setTimeout(() => {
      connection.#gotHello.reject(late);
      connection.close(late.message);
    }, limit);
    try {
      const hello = await connection.#hello;
      await connection.#channel.send('hello', 0, ourHello({ node: machine.nodeVersion }));
      connection.#channel.compression = bestCompression(hello);
      connection.#channel.takesBodies = takesBodies(hello);
      return connection;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Nothing has ended it yet, as far as is known here. */
  get isOpen(): boolean {
    return this.#channel.ended === undefined;
  }

  /** Milliseconds since anything was heard of it; it is pinged every few seconds. */
  get silentMs(): number {
    return this.#channel.silentMs;
  }

  /** What the agent said about itself. */
  get hello(): Promise<Hello> {
    return this.#hello;
  }

  /** Frames of a session that are no answers. */
  listen(session: number, onFrame: (frame: Frame) => void): void {
    this.#listeners.set(session, onFrame);
  }

  /** Asks the agent for something. Rejects with an AgentError, or with why the stream ended. */
  async call(session: number, method: string, parameters?: unknown): Promise<unknown> {
    return await this.begin(session, method, parameters, (answer) => answer).answer;
  }

  /**
   * As `call`, with the number that other frames refer to, and contents that come along. `use` runs on the
   * answer before any later frame is looked at.
   */
  begin<T>(
    session: number,
    method: string,
    parameters: unknown,
    use: (answer: unknown) => T,
    body?: FrameBody,
  ): { id: number; answer: Promise<T> } {
    const id = ++this.#lastId;
    return { id, answer: this.#await(id, 'call', session, { id, method, parameters }, use, body) };
  }

  /** Resolves when everything sent before has been dealt with. */
  async barrier(session: number): Promise<void> {
    const id = ++this.#lastId;
    await this.#await(id, 'barrier', session, { id }, () => {});
  }

  send(type: FrameType, session: number, header: unknown, body?: FrameBody): Promise<void> {
    return this.#channel.send(type, session, header, body);
  }

  close(why = 'closed'): void {
    this.#channel.end(new ChannelClosed(why));
  }

  #await<T>(
    id: number,
    type: FrameType,
    session: number,
    header: unknown,
    use: (answer: unknown) => T,
    body?: FrameBody,
  ): Promise<T> {
    const answer = new Promise<T>((resolve, reject) =>
      this.#waiting.set(id, {
        resolve: (value) => {
          try {
            resolve(use(value));
          } catch (error) {
            reject(error);
          }
        },
        reject,
      }),
    );
    // The caller awaits the answer; awaiting the stream's drain as well would only hold the data in memory longer.
    try {
      this.#channel.post(type, session, header, body);
    } catch (error) {
      this.#settle(id)?.reject(error as Error);
    }
    return answer;
  }

  #take(frame: Frame): void {
    if (frame.type === 'hello') this.#gotHello.resolve(asHello(frame.header));
    else if (frame.type === 'answer' || frame.type === 'failure' || frame.type === 'barrier')
      this.#answer(frame);
    else this.#listeners.get(frame.session)?.(frame);
  }

  #answer({ type, header }: Frame): void {
    const { id, answer, message, code } = asObject(header, 'an answer');
    const waiting = this.#settle(asCount(id, 'a number'));
    if (type !== 'failure') waiting?.resolve(answer);
    else
      waiting?.reject(
        new AgentError(asWords(message, 'a message'), typeof code === 'string' ? code : undefined),
      );
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #finish(why: Error): void {
    const words = this.#stderr.trim();
    const reason = words === '' ? why : new ChannelClosed(`${why.message}: ${words}`, { cause: why });
    this.#streams.close();
    this.#gotHello.reject(reason);
    this.#hello.catch(() => {});
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
    this.#end(reason);
  }
}
