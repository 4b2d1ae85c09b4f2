/** The stream of one session on a line that several share, with a window of its own. */
import { Duplex } from 'node:stream';
import { ProtocolError } from './check.ts';
import { longest, type MessageType } from './line-message.ts';

/** Bytes that may be under way to a session. One write is never too much where nothing else is. */
const lineWindow = 4 << 20;

/** What a session needs of its line. */
interface Line {
  post(type: MessageType, session: number, data?: Uint8Array): void;
  postData(session: number, data: Uint8Array, done: () => void): void;
  /** The session has taken in something. */
  owe(session: LineSession): void;
  forget(session: LineSession): void;
}

/** The stream of one session. */
export class LineSession extends Duplex {
  readonly id: number;
  readonly #line: Line;
  readonly #answer = Promise.withResolvers<string>();
  /** Bytes that the other end has not taken in. */
  #underWay = 0;
  #goOn: (() => void) | undefined;
  #owed = 0;
  readonly #queue: Buffer[] = [];
  #queued = 0;
  #isWanted = false;
  #hasEnded = false;

  constructor(line: Line, id: number) {
    super({ readableHighWaterMark: 1, allowHalfOpen: true });
    this.#line = line;
    this.id = id;
    this.#answer.promise.catch(() => {});
    // Told by its end, too.
    this.on('error', () => {});
  }

  /** What the other end answers to the request for it. Rejects where it ends before. */
  get answer(): Promise<string> {
    return this.#answer.promise;
  }

  /** Answers the request for it. */
  sendAnswer(words: string): void {
    this.#line.post('answer', this.id, Buffer.from(words));
  }

  answered(words: string): void {
    this.#answer.resolve(words);
  }

  /** @throws {ProtocolError} more has come than may be under way */
  accept(data: Buffer): void {
    if (this.destroyed) return;
    this.#queued += data.length;
    if (this.#queued > lineWindow + longest) throw new ProtocolError('more is under way than may be');
    this.#queue.push(data);
    if (this.#isWanted) this._read();
  }

  acceptEnd(): void {
    this.#hasEnded = true;
    if (this.#isWanted) this._read();
  }

  /** Bytes that were taken in, and that the other end was not told of. */
  get owed(): number {
    return this.#owed;
  }

  /** The other end is told of them now. */
  settle(): number {
    const owed = this.#owed;
    this.#owed = 0;
    return owed;
  }

  credit(bytes: number): void {
    this.#underWay -= bytes;
    const goOn = this.#goOn;
    this.#goOn = undefined;
    goOn?.();
  }

  override _read(): void {
    const data = this.#queue.shift();
    this.#isWanted = data === undefined;
    if (data !== undefined) {
      this.#queued -= data.length;
      this.#owed += data.length;
      this.push(data);
      this.#line.owe(this);
    } else if (this.#hasEnded) {
      this.#isWanted = false;
      this.push(null);
    }
  }

  override _write(data: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#underWay > 0 && this.#underWay + data.length > lineWindow) {
      this.#goOn = () => this._write(data, _encoding, done);
      return;
    }
    this.#underWay += data.length;
    this.#line.postData(this.id, data, done);
  }

  override _final(done: () => void): void {
    this.#line.post('end', this.id);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#queue.length = 0;
    this.#goOn = undefined;
    this.#answer.reject(error ?? new Error('the session ended'));
    this.#line.forget(this);
    done(error);
  }
}
