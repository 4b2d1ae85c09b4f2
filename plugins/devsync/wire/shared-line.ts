/**
 * One line between a workstation and the agent of a node that carries several sessions. Each has a stream of its own with
 * a window of its own, so that one that is slow does not hold up the others. What goes to several of them crosses the
 * line once: the end that gets it keeps it for a while.
 */
import type { Duplex } from 'node:stream';
import { ProtocolError } from './check.ts';
import { KeptData, keptMarks } from './kept-data.ts';
import {
  countData,
  countIn,
  headOf,
  longest,
  type MessageType,
  messageTypes,
  prefix,
} from './line-message.ts';
import { LineSession } from './line-session.ts';
import { isSharedFrame } from './shared-body.ts';

interface Message {
  readonly type: MessageType;
  readonly session: number;
  readonly data: Buffer;
}

/** Messages up to this length go together, as every write is a message of its own to all that is in between. */
const short = 16 << 10;
/** Credit for less than so many bytes goes along with what is sent anyway, or alone after so many milliseconds. */
const [littleCredit, creditDelay] = [256 << 10, 10];
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
  /** Short messages that go together at the end of this turn. */
  #outgoing: Uint8Array[] = [];
  /** Sessions that have taken in more than the other end was told. */
  readonly #owing = new Set<LineSession>();
  #creditTimer: NodeJS.Timeout | undefined;

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
    clearTimeout(this.#creditTimer);
    this.#flush();
    this.#stream.destroy();
    for (const session of [...this.#sessions.values()]) session.destroy(why);
  }

  /** Sends a message. @param done called when its data is not looked at any more, and the next one may follow. */
  post(type: MessageType, session: number, data: Uint8Array = nothing, done: () => void = ignore): void {
    if (!this.#isWritable) {
      done();
      return;
    }
    const head = headOf(type, session, data.length);
    if (this.#outgoing.length === 0) queueMicrotask(() => this.#flush());
    if (data.length <= short) {
      this.#outgoing.push(Buffer.concat([head, data]));
      done();
      return;
    }
    // Nothing may come between a head and its data.
    this.#postCredits();
    this.#outgoing.push(head);
    this.#writeOutgoing();
    this.#stream.write(data, () => done());
  }

  /** So much of a session was taken in, or more of it: the other end is told soon. */
  owe(session: LineSession): void {
    this.#owing.add(session);
    if (session.owed >= littleCredit) this.#postCredits();
    else this.#creditTimer ??= setTimeout(() => this.#postCredits(), creditDelay).unref();
  }

  #postCredits(): void {
    clearTimeout(this.#creditTimer);
    this.#creditTimer = undefined;
    const owing = [...this.#owing];
    this.#owing.clear();
    for (const session of owing) this.post('credit', session.id, countData(session.settle()));
  }

  #flush(): void {
    if (this.#outgoing.length === 0) return;
    this.#postCredits();
    this.#writeOutgoing();
  }

  #writeOutgoing(): void {
    const outgoing = Buffer.concat(this.#outgoing);
    this.#outgoing = [];
    if (this.#isWritable) this.#stream.write(outgoing);
  }

  get #isWritable(): boolean {
    return !this.#stream.destroyed && !this.#stream.writableEnded;
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
    if (this.#sessions.size === 0 && !this.#options.onOpen) this.destroy();
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
    const [type, session] = [messageTypes[head[4] as number], head.readUInt32BE(5)];
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
