/** Makes the manifest of a tree where it lies: every entry, read and described, in the order of {@link orderOf}. */
import { type BigIntStats, lstatSync, opendirSync, readlinkSync } from 'node:fs';
import { readAttributes } from './attributes.ts';
import { type Digested, Digester } from './digest.ts';
import type { Entry, Kind } from './entry.ts';

export interface Tree {
  /** Its root folder. */
  readonly root: string;
  /** Whether an entry is no part of it: what is in such a folder is none either. Paths are a byte a character. */
  readonly leavesOut: (path: string, isFolder: boolean) => boolean;
}

/** So many entries, or bytes of their paths, are described at once: getfattr is started for each such batch. */
const batchEntries = 1500;
const batchPathBytes = 100_000;

/**
 * All entries of a tree, the root first, in batches. What can't be read is told as such, and nothing else of it.
 *
 * @param read told of bytes as they are read.
 * @throws Error where the root can't be listed, or getfattr does not run.
 */
export async function* manifestOf(
  tree: Tree,
  read: (bytes: number) => void = () => {},
): AsyncGenerator<readonly Entry[]> {
  const describer = new Describer(tree.root, read);
  let [batch, bytes]: [Found[], number] = [[], 0];
  for (const found of walk(tree)) {
    batch.push(found);
    bytes += found.path.length;
    if (batch.length < batchEntries && bytes < batchPathBytes) continue;
    yield await describer.describe(batch);
    [batch, bytes] = [[], 0];
  }
  if (batch.length > 0) yield await describer.describe(batch);
}

/** An entry as its folder lists it. */
export interface Found {
  readonly path: string;
  /** Undefined where the file system does not tell, and for the root. */
  readonly isFile: boolean;
  /** Why what is in it could not be listed. */
  readonly unlisted?: string;
}

/** All entries of a tree by their names: a folder before what is in it, and in the order of bytes. */
export function* walk(tree: Tree, path = ''): Generator<Found> {
  let names: readonly string[];
  try {
    names = sortedNames(pathOf(tree.root, path));
  } catch (error) {
    if (path === '') throw error;
    yield { path, isFile: false, unlisted: codeOf(error) };
    return;
  }
  yield { path, isFile: false };
  for (const marked of names) {
    const name = marked.slice(0, -markLength);
    const below = path === '' ? name : `${path}/${name}`;
    const isFolder = marked.endsWith(marks.folder);
    if (tree.leavesOut(below, isFolder)) continue;
    if (isFolder) yield* walk(tree, below);
    else yield { path: below, isFile: marked.endsWith(marks.file) };
  }
}

/** What stands behind a name, to be sorted with it: the zero byte, which no name holds, comes before all others. */
const marks = { folder: '\0d', file: '\0f', other: '\0o' };
const markLength = 2;
/** Names that are asked for at once. */
const readAtOnce = 512;

/**
 * The names of a folder in the order of their bytes, each with a mark of what it is. A folder may hold a million, so
 * nothing else is kept of them.
 */
function sortedNames(folder: string | Buffer): string[] {
  const names: string[] = [];
  using entries = opendirSync(folder, { encoding: 'latin1' as BufferEncoding, bufferSize: readAtOnce });
  for (let entry = entries.readSync(); entry; entry = entries.readSync())
    names.push(
      `${entry.name}${entry.isDirectory() ? marks.folder : entry.isFile() ? marks.file : marks.other}`,
    );
  return names.sort(byBytes);
}

const byBytes = (one: string, other: string) => (one < other ? -1 : 1);

/** As the file system takes it: bytes, where it is more than ASCII. */
function pathOf(root: string, path: string): string | Buffer {
  const whole = `${root}/${path}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all that is one byte in UTF-8.
  if (/^[\x01-\x7f]*$/.test(path)) return whole;
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).message;

/** Everything that a manifest says of entries beside their names. */
class Describer {
  readonly #root: string;
  readonly #digester: Digester;
  /** First paths of inodes that have more than one name. */
  readonly #firstNames = new Map<string, string>();

  constructor(root: string, read: (bytes: number) => void) {
    this.#root = root;
    this.#digester = new Digester(read);
  }

  async describe(batch: readonly Found[]): Promise<Entry[]> {
    const reading = readAttributes(
      this.#root,
      batch.map(({ path }) => path || '.'),
    );
    // It is awaited once all files are read.
    reading.catch(() => {});
    const entries: Entry[] = [];
    for (const found of batch) {
      const entry = this.#entry(found);
      entries.push(entry instanceof Promise ? await entry : entry);
    }
    const { found, unread } = await reading;
    return entries.map((entry) => {
      const asked = entry.path || '.';
      const [attributes, why] = [found.get(asked), unread.get(asked)];
      return { ...entry, ...(attributes && { attributes }), ...(why !== undefined && { unread: why }) };
    });
  }

  #entry({ path, isFile, unlisted }: Found): Entry | Promise<Entry> {
    if (unlisted !== undefined) return unreadEntry(path, 'folder', unlisted);
    const at = pathOf(this.#root, path);
    try {
      if (!isFile) return this.#other(path, at);
      const digested = this.#digester.file(at);
      if (!(digested instanceof Promise)) return this.#file(path, digested);
      return digested.then(
        (result) => this.#file(path, result),
        (error: unknown) => unreadEntry(path, 'file', codeOf(error)),
      );
    } catch (error) {
      return unreadEntry(path, isFile ? 'file' : 'folder', codeOf(error));
    }
  }

  #file(path: string, { stats, digest, bytes }: Digested): Entry {
    const entry = this.#common(path, 'file', stats, digest);
    return BigInt(bytes) === stats.size ? entry : { ...entry, unread: 'it changed while it was read' };
  }

  #other(path: string, at: string | Buffer): Entry | Promise<Entry> {
    const stats = lstatSync(at, { bigint: true });
    // A file system that does not tell kinds while it lists names.
    if (stats.isFile()) return this.#entry({ path, isFile: true });
    const kind = kindOf(stats);
    if (kind === 'symlink') return this.#common(path, kind, stats, readlinkSync(at, { encoding: 'latin1' }));
    const isDevice = kind === 'block' || kind === 'character';
    return this.#common(path, kind, stats, isDevice ? String(stats.rdev) : '');
  }

  #common(path: string, kind: Kind, stats: BigIntStats, content: string): Entry {
    const firstName = kind === 'folder' || stats.nlink < 2n ? undefined : this.#firstName(path, stats);
    return {
      path,
      kind,
      mode: Number(stats.mode) & 0o7777,
      uid: Number(stats.uid),
      gid: Number(stats.gid),
      size: kind === 'file' ? Number(stats.size) : 0,
      time: String(stats.mtimeNs),
      content,
      ...(firstName !== undefined && { firstName }),
    };
  }

  /** The path by which the inode came before; undefined for its first one. */
  #firstName(path: string, { dev, ino }: BigIntStats): string | undefined {
    const inode = `${dev}:${ino}`;
    const known = this.#firstNames.get(inode);
    if (known === undefined) this.#firstNames.set(inode, path);
    return known;
  }
}

const unreadEntry = (path: string, kind: Kind, unread: string): Entry => ({
  ...{ path, kind, mode: 0, uid: 0, gid: 0, size: 0, time: '0', content: '' },
  unread,
});

function kindOf(stats: BigIntStats): Kind {
  if (stats.isDirectory()) return 'folder';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isSocket()) return 'socket';
  if (stats.isBlockDevice()) return 'block';
  return stats.isCharacterDevice() ? 'character' : 'file';
}
