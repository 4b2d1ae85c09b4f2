/** git's index: the paths that it tracks, and what it says of them beside what it caches (gitformat-index(5)). */
import type { File } from '../../reconcile/entry.ts';
import { isGitDirectory } from '../files/names.ts';
import { readWhole, sha256 } from './digest.ts';

export interface GitIndex {
  /** In git's order. A submodule, and a directory that a sparse checkout leaves out, ends with a slash. */
  readonly paths: readonly string[];
  /** The id of a second file with the rest of them, `sharedindex.<id>`, where the index is split. */
  readonly sharedWith: string | undefined;
}

type HashSize = 20 | 32;

/** Bytes: of the header, and of an entry before the id of its content. */
const [headerSize, statSize] = [12, 40];
/** The kinds of entries that stand for a directory: a submodule, and what a sparse index does not list. */
const folderKinds = new Set([0o160000, 0o040000]);

/** Bits of an entry's flags: two more bytes of them follow; how long the path is, which the path shows itself. */
const [extendedBit, lengthBits] = [0x4000, 0x0fff];

interface IndexEntry {
  readonly mode: number;
  /** The content's, in hex. */
  readonly id: string;
  /** What a person or a merge has set: assume unchanged, skip the file, intent to add, the stage. */
  readonly flags: number;
  /** A character a byte. */
  readonly path: string;
}

/**
 * Reads an index of version 2, 3 or 4.
 *
 * @throws where it is none.
 */
export function parseGitIndex(data: Buffer, hashSize: HashSize): GitIndex {
  const paths: string[] = [];
  const entries = entriesIn(data, hashSize);
  let next = entries.next();
  for (; !next.done; next = entries.next()) {
    const path = utf8(next.value.path);
    // One that replaces an entry of the other file has no name of its own; one in conflict comes several times.
    if (path !== '' && path !== paths.at(-1))
      paths.push(folderKinds.has(next.value.mode & 0o170000) && !path.endsWith('/') ? `${path}/` : path);
  }
  const [link] = [...extensionsIn(data, next.value, hashSize)].filter(({ name }) => name === 'link');
  return { paths, sharedWith: link?.data.toString('hex', 0, hashSize) };
}

/** Extensions that hold nothing but what is computed from the entries and the files. */
const caches = new Set(['TREE', 'UNTR', 'FSMN', 'EOIE', 'IEOT']);

/**
 * A digest of what an index says: kinds and permissions, contents, paths, stages and flags, not the times and numbers by
 * which git knows files that it need not read again. Undefined where it is no index, or says only a part (a split one).
 */
export function semanticDigestOfIndex(data: Buffer): string | undefined {
  for (const hashSize of [20, 32] as const)
    try {
      return digestOf(data, hashSize);
    } catch {
      // It is of the other size, or it is none.
    }
  return undefined;
}

function digestOf(data: Buffer, hashSize: HashSize): string | undefined {
  const said: string[] = [];
  const entries = entriesIn(data, hashSize);
  let next = entries.next();
  for (; !next.done; next = entries.next()) {
    const { mode, id, flags, path } = next.value;
    said.push(`${mode} ${id} ${flags} ${path}\0`);
  }
  for (const { name, data: content } of extensionsIn(data, next.value, hashSize)) {
    if (name === 'link') return undefined;
    if (!caches.has(name)) said.push(`${name} ${content.toString('latin1')}\0`);
  }
  return sha256(Buffer.from(said.join(''), 'latin1'));
}

/** Returns where the entries end. */
function* entriesIn(data: Buffer, hashSize: HashSize): Generator<IndexEntry, number> {
  const version = data.readUInt32BE(4);
  if (data.toString('latin1', 0, 4) !== 'DIRC' || version < 2 || version > 4)
    throw new Error('no index of git, or of a version that is not known');
  let [at, previous] = [headerSize, ''];
  for (let left = data.readUInt32BE(8); left > 0; left--) {
    const start = at;
    const mode = data.readUInt32BE(start + 24);
    at += statSize + hashSize;
    const first = data.readUInt16BE(at) & ~lengthBits;
    const isExtended = (first & extendedBit) !== 0;
    const second = isExtended ? data.readUInt16BE(at + 2) : 0;
    at += isExtended ? 4 : 2;
    let kept = '';
    if (version === 4) {
      const [dropped, next] = readVarint(data, at);
      // Counted in bytes, as a path is in the file.
      kept = previous.slice(0, previous.length - dropped);
      at = next;
    }
    const end = data.indexOf(0, at);
    if (end < 0) throw new Error('the index of git ends in the middle of a path');
    previous = kept + data.toString('latin1', at, end);
    at = version === 4 ? end + 1 : start + ((end - start + 8) & ~7);
    const id = data.toString('hex', start + statSize, start + statSize + hashSize);
    yield { mode, id, flags: ((first & ~extendedBit) << 16) | second, path: previous };
  }
  return at;
}

/** As git writes offsets: seven bits a byte, each more byte counted as one more. */
function readVarint(data: Buffer, from: number): [value: number, next: number] {
  let at = from;
  let byte = data.readUInt8(at++);
  let value = byte & 0x7f;
  while (byte & 0x80) {
    byte = data.readUInt8(at++);
    value = ((value + 1) << 7) | (byte & 0x7f);
  }
  return [value, at];
}

const utf8 = (bytes: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what is not ASCII is looked for.
  /^[\x00-\x7f]*$/.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');

/** Behind all extensions stands a checksum, or zeros in its place. Throws where they do not end there. */
function* extensionsIn(
  data: Buffer,
  from: number,
  hashSize: HashSize,
): Generator<{ readonly name: string; readonly data: Buffer }> {
  const end = data.length - hashSize;
  let at = from;
  while (at + 8 <= end) {
    const size = data.readUInt32BE(at + 4);
    yield { name: data.toString('latin1', at, at + 4), data: data.subarray(at + 8, at + 8 + size) };
    at += 8 + size;
  }
  if (at !== end) throw new Error('the index of git ends in the middle of an extension');
}

/** Bytes; a larger index is compared as it is, since looking into it would take too long. */
const largest = 64 << 20;
/** Contents that are remembered: an index and a few submodules' each. */
const remembered = 64;

/** Whether git's index may be at this path: of a repository, a worktree or a submodule. */
export function isGitIndex(path: string): boolean {
  return path.endsWith('/index') && path.split('/').some(isGitDirectory);
}

export class SemanticDigests {
  readonly #known = new Map<string, string | undefined>();

  /** Of a file with this content; undefined where it is no index, or has another content by now. */
  of(at: string, { digest, size }: Pick<File, 'digest' | 'size'>): string | undefined {
    if (size > largest || this.#known.has(digest)) return this.#known.get(digest);
    const data = readWhole(at);
    if (sha256(data) !== digest) return undefined;
    const semanticDigest = semanticDigestOfIndex(data);
    this.#known.set(digest, semanticDigest);
    const [oldest] = this.#known.keys();
    if (this.#known.size > remembered && oldest !== undefined) this.#known.delete(oldest);
    return semanticDigest;
  }
}
