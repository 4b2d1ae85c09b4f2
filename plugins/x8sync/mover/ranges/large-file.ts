/**
 * One large file on its way to the target, range by range, in our folder there: read back whole once all of it has come,
 * and put in its place only then. rsync's closing pass finds its size and time, and gives it the rest.
 */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  constants,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { secondsOf, setModified } from '../system/times.ts';
import { namesOf, openFolder, within } from './below.ts';
import { bytesOf, cutRanges, type FileLayout, isSameVersion, type Range } from './layout.ts';

const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
/** A block of zeros is left a hole. */
const holeBytes = 65_536;
const zeros = Buffer.alloc(holeBytes);
const readBytes = 1 << 20;

/** What putting a file in its place has made. */
export interface Placed {
  readonly isNew: boolean;
  readonly folders: number;
}

export class LargeFile {
  readonly layout: FileLayout;
  readonly ranges: readonly Range[];
  readonly path: Buffer;
  readonly #target: string;
  readonly #staged: string;
  /** SHA-256 of each range that is there, as the source computed it. */
  readonly #digests = new Map<number, string>();
  #file: FileHandle | undefined;

  private constructor(target: string, path: Buffer, staged: string, layout: FileLayout, rangeBytes: number) {
    this.#target = target;
    this.path = path;
    this.#staged = staged;
    this.layout = layout;
    this.ranges = cutRanges(layout, rangeBytes);
  }

  /**
   * Begins with a file, or goes on with what an earlier run has brought of it.
   *
   * @param folder for files that are on their way, below the target.
   * @throws Error where the target can't take it.
   */
  static async open(
    target: string,
    folder: string,
    path: Buffer,
    layout: FileLayout,
    rangeBytes: number,
  ): Promise<LargeFile> {
    const staged = `${folder}/ranges/${createHash('sha256').update(path).digest('hex')}`;
    mkdirSync(dirname(staged), { recursive: true, mode: 0o700 });
    const known = readJournal(`${staged}.journal`);
    const goesOn = known !== undefined && isSameVersion(known.layout, layout);
    const file = goesOn
      ? new LargeFile(target, path, staged, known.layout, known.rangeBytes)
      : new LargeFile(target, path, staged, layout, rangeBytes);
    await file.#begin(goesOn ? known.digests : undefined, rangeBytes);
    return file;
  }

  async #begin(digests: ReadonlyMap<number, string> | undefined, rangeBytes: number): Promise<void> {
    for (const [index, digest] of digests ?? []) this.#digests.set(index, digest);
    if (!digests) {
      this.discard();
      writeFileSync(`${this.#staged}.journal`, `${JSON.stringify({ layout: this.layout, rangeBytes })}\n`, {
        mode: 0o600,
      });
    }
    const descriptor = openSync(this.#staged, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    ftruncateSync(descriptor, this.layout.size);
    closeSync(descriptor);
    this.#file = await open(this.#staged, 'r+');
  }

  /** Numbers of the ranges that have not come yet. */
  get missing(): number[] {
    return [...this.ranges.keys()].filter((index) => !this.#digests.has(index));
  }

  /** Takes what a stream reads of a range, in its order. */
  receiver(index: number): RangeReceiver {
    if (!this.#file) throw new Error('the file is closed');
    return new RangeReceiver(this.#file, this.ranges[index] ?? []);
  }

  /** A range is there, with this digest of the source's. */
  arrived(index: number, digest: string): void {
    this.#digests.set(index, digest);
    appendFileSync(`${this.#staged}.journal`, `${index} ${digest}\n`);
  }

  /** Whether what lies on the target's side is what the source has read, all of it. */
  async isWhole(): Promise<boolean> {
    if (!this.#file || this.missing.length > 0) return false;
    const buffer = Buffer.allocUnsafe(readBytes);
    for (const [index, range] of this.ranges.entries())
      if ((await digestOfRange(this.#file, range, buffer)) !== this.#digests.get(index)) return false;
    return true;
  }

  /** Puts it in its place. @throws Error where something is in the way there that a file may not replace. */
  async place(): Promise<Placed> {
    await this.#close();
    await setModified(this.#staged, secondsOf(BigInt(this.layout.modified)));
    const names = namesOf(this.path);
    const name = names?.pop();
    if (!names || !name) throw new Error('no path below the target');
    const { folder, made } = openFolder(this.#target, names, true);
    try {
      const place = within(folder, name);
      const isNew = !lstatSync(place, { throwIfNoEntry: false });
      renameSync(this.#staged, place);
      this.discard();
      return { isNew, folders: made };
    } finally {
      closeSync(folder);
    }
  }

  /** Takes away what has come of it. */
  discard(): void {
    for (const path of [this.#staged, `${this.#staged}.journal`]) rmSync(path, { force: true });
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

/** Writes the bytes of a range to where they belong, and keeps the digest that follows them. */
export class RangeReceiver {
  readonly #file: FileHandle;
  readonly #range: Range;
  readonly #bytes: number;
  readonly #digest: Buffer[] = [];
  #extent = 0;
  #within = 0;
  #received = 0;

  constructor(file: FileHandle, range: Range) {
    this.#file = file;
    this.#range = range;
    this.#bytes = bytesOf(range);
  }

  async take(chunk: Buffer): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      const extent = this.#range[this.#extent];
      if (!extent) {
        this.#digest.push(Buffer.from(rest));
        return;
      }
      const [offset, length] = extent;
      const part = rest.subarray(0, length - this.#within);
      await writeData(this.#file, part, offset + this.#within);
      rest = rest.subarray(part.length);
      this.#received += part.length;
      this.#within += part.length;
      if (this.#within === length) [this.#extent, this.#within] = [this.#extent + 1, 0];
    }
  }

  /** The source's SHA-256 of the range; undefined where not all of it has come. */
  get digest(): string | undefined {
    const digest = Buffer.concat(this.#digest);
    return this.#received === this.#bytes && digest.length === 32 ? digest.toString('hex') : undefined;
  }
}

/** A new file reads as zeros where nothing was written; one that is gone on with may not. */
async function writeData(file: FileHandle, data: Buffer, offset: number): Promise<void> {
  const isZero = data.length <= holeBytes && data.equals(zeros.subarray(0, data.length));
  if (isZero && (await readsZero(file, data.length, offset))) return;
  for (let at = 0; at < data.length; ) {
    const { bytesWritten } = await file.write(data, at, data.length - at, offset + at);
    at += bytesWritten;
  }
}

async function readsZero(file: FileHandle, length: number, offset: number): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
  return bytesRead === length && buffer.equals(zeros.subarray(0, length));
}

/** SHA-256 of what is read there now. */
export async function digestOfRange(file: FileHandle, range: Range, buffer: Buffer): Promise<string> {
  const digest = createHash('sha256');
  for (const [start, length] of range) {
    for (let offset = start, left = length; left > 0; ) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(left, buffer.length), offset);
      if (bytesRead === 0) return 'too short';
      digest.update(buffer.subarray(0, bytesRead));
      [offset, left] = [offset + bytesRead, left - bytesRead];
    }
  }
  return digest.digest('hex');
}

interface Journal {
  readonly layout: FileLayout;
  readonly rangeBytes: number;
  readonly digests: ReadonlyMap<number, string>;
}

/** What an earlier run has noted of a file; undefined where there was none. */
function readJournal(path: string): Journal | undefined {
  try {
    const [first = '', ...lines] = readFileSync(path, 'utf8').split('\n');
    const { layout, rangeBytes } = JSON.parse(first) as Omit<Journal, 'digests'>;
    const digests = lines.flatMap((line): [number, string][] => {
      const [, index, digest] = /^(\d+) ([0-9a-f]{64})$/.exec(line) ?? [];
      return index === undefined || digest === undefined ? [] : [[Number(index), digest]];
    });
    return { layout, rangeBytes, digests: new Map(digests) };
  } catch {
    return undefined;
  }
}
