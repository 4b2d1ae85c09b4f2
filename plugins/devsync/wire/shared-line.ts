/**
 * One line between a workstation and the agent of a node that carries several sessions. Each has a stream of its own with
 * a window of its own, so that one that is slow does not hold up the others. What goes to several of them crosses the
 * line once: the end that gets it keeps it for a while.
 *
 * | bytes | |
 * | --- | --- |
 * | 4 | length of everything that follows, big-endian |
 * | 1 | type of the message |
 * | 4 | session |
 * | … | data |
 */
import { Duplex } from 'node:stream';
import { ProtocolError } from './check.ts';
import { maxFrame } from './frame.ts';
import { KeptData, keptMarks } from './kept-data.ts';
import { isSharedFrame } from './shared-body.ts';

const types = ['open', 'answer', 'data', 'keep', 'again', 'credit', 'end', 'close'] as const;
type MessageType = (typeof types)[number];

interface Message {
  readonly type: MessageType;
  readonly session: number;
  readonly data: Buffer;
}

/** Bytes of a message before its data, and of the longest data. */
const [prefix, longest] = [9, maxFrame + 1024];
/** Bytes that may be under way to a session. One write is never too much where nothing else is. */
const lineWindow = 4 << 20;

const nothing = new Uint8Array();
const ignore = () => {};

export interface SharedLineOptions {
  /** The other end asks for one more session; absent where it may not. */
  readonly onOpen?: (session: LineSession, request: string) => void;
}

export class SharedLine {
  readonly #stream: Duplex;
  readonly #options: SharedLineOptions;
  readonly #sessions = new Map<number, LineSession>();
  readonly #sent = keptMarks();
  readonly #received = new KeptData();
  #pieces: Buffer[] = [];
  #length = 0;
  #last = 0;

  /** @param stream from now on it belongs to this line, which ends it. */
  constructor(stream: Duplex, options: SharedLineOptions = {}) {
    this.#stream = stream;
    this.#options = options;
    stream.on('data', (data: Buffer) => this.#take(data));
    stream.on('error', (error) => this.destroy(error));
    stream.once('close', () => this.destroy(new Error('the line ended')));
    stream.once('end', () => this.destroy(new Error('the line ended')));
    stream.resume();
  }

  get isOpen(): boolean {
    return !this.#stream.destroyed;
  }

  /** Sessions that are on it now. */
  get size(): number {
    return this.#sessions.size;
  }

  /** The session that this line began with; both ends know of it. */
  first(): LineSession {
    return this.#add(++this.#last);
  }

  /** One more session. Its answer is that of the other end to the request. */
  open(request: string): LineSession {
    const session = this.#add(++this.#last);
    this.post('open', session.id, Buffer.from(request));
    return session;
  }

  /** Ends the line and all of its sessions for this reason. */
  destroy(why?: Error): void {
    this.#stream.destroy();
    for (const session of [...this.#sessions.values()]) session.destroy(why);
  }

  /** Sends a message. @param done called when its data is not looked at any more, and the next one may follow. */
  post(type: MessageType, session: number, data: Uint8Array = nothing, done: () => void = ignore): void {
    if (this.#stream.destroyed || this.#stream.writableEnded) {
      done();
      return;
    }
    const head = Buffer.allocUnsafe(prefix);
    head.writeUInt32BE(data.length + prefix - 4, 0);
    head[4] = types.indexOf(type);
    head.writeUInt32BE(session, 5);
    if (data.length === 0) this.#stream.write(head, () => done());
    else {
      this.#stream.write(head);
      this.#stream.write(data, () => done());
    }
  }

  /** Sends data of a session: what has crossed the line for another one lately is only named. */
  postData(session: number, data: Uint8Array, done: () => void): void {
    const known = this.#sent.find(data);
    if (known !== undefined) this.post('again', session, countData(known), done);
    else if (isSharedFrame(data) && this.#sessions.size > 1) {
      this.#sent.keep(data);
      this.post('keep', session, data, done);
    } else this.post('data', session, data, done);
  }

  /** It has ended here. */
  forget(session: LineSession): void {
    if (!this.#sessions.has(session.id)) return;
    this.post('close', session.id);
    this.#drop(session.id);
  }

  #drop(id: number): void {
    this.#sessions.delete(id);
    // The workstation's end: a line without sessions is of no use.
    if (this.#sessions.size === 0 && !this.#options.onOpen) this.#stream.destroy();
  }

  #add(id: number): LineSession {
    const session = new LineSession(this, id);
    this.#sessions.set(id, session);
    return session;
  }

  #take(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) this.#handle(next);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #next(): Message | undefined {
    if (this.#length < prefix) return undefined;
    if ((this.#pieces[0] as Buffer).length < prefix) this.#pieces = [Buffer.concat(this.#pieces)];
    const head = this.#pieces[0] as Buffer;
    const length = head.readUInt32BE(0) + 4;
    if (length < prefix || length > prefix + longest) throw new ProtocolError('a message of a wrong length');
    if (this.#length < length) return undefined;
    const [type, session] = [types[head[4] as number], head.readUInt32BE(5)];
    if (type === undefined) throw new ProtocolError('a message of a kind that is not known');
    const all = this.#pieces.length === 1 ? head : Buffer.concat(this.#pieces);
    this.#length -= length;
    this.#pieces = this.#length > 0 ? [all.subarray(length)] : [];
    return { type, session, data: all.subarray(prefix, length) };
  }

  #handle({ type, session: id, data }: Message): void {
    const session = this.#sessions.get(id);
    switch (type) {
      case 'open':
        this.#opened(id, data.toString());
        return;
      case 'keep':
        // Kept whoever it was for: both ends count alike.
        this.#received.keep(data);
        session?.accept(data);
        return;
      case 'again':
        session?.accept(this.#received.find(countIn(data)));
        return;
      case 'data':
        session?.accept(data);
        return;
      case 'credit':
        session?.credit(countIn(data));
        return;
      case 'answer':
        session?.answered(data.toString());
        return;
      case 'end':
        session?.acceptEnd();
        return;
      case 'close':
        this.#drop(id);
        session?.destroy();
    }
  }

  #opened(id: number, request: string): void {
    if (!this.#options.onOpen || id <= this.#last)
      throw new ProtocolError('a session that may not be opened');
    this.#last = id;
    this.#options.onOpen(this.#add(id), request);
  }
}

/** The stream of one session. */
export class LineSession extends Duplex {
  readonly id: number;
  readonly #line: SharedLine;
  readonly #answer = Promise.withResolvers<string>();
  /** Bytes that the other end has not taken in. */
  #underWay = 0;
  #goOn: (() => void) | undefined;
  readonly #queue: Buffer[] = [];
  #queued = 0;
  #isWanted = false;
  #hasEnded = false;

  constructor(line: SharedLine, id: number) {
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
      this.push(data);
      this.#line.post('credit', this.id, countData(data.length));
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

function countData(count: number): Buffer {
  const data = Buffer.alloc(4);
  data.writeUInt32BE(count);
  return data;
}

function countIn(data: Buffer): number {
  if (data.length !== 4) throw new ProtocolError('a number of a wrong length');
  return data.readUInt32BE(0);
}
