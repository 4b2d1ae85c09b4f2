/** What a manifest says of one entry of a tree, and how that crosses the wire. */

export type Kind = 'file' | 'folder' | 'symlink' | 'fifo' | 'socket' | 'block' | 'character';

/** One entry. Names may be any bytes: in a path each byte is one character (Latin-1). */
export interface Entry {
  /** Below the tree's root, without a slash at either end; empty for the root itself. */
  readonly path: string;
  readonly kind: Kind;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of a file; 0 for all else. */
  readonly size: number;
  /** Last modification, in nanoseconds since 1970. */
  readonly time: string;
  /** SHA-256 of a file's bytes, what a symbolic link points to, a device's number; empty for all else. */
  readonly content: string;
  /** Where the same inode came earlier in the manifest: its first path. Absent for a first or an only name. */
  readonly firstName?: string;
  /** ACLs and extended attributes, each `name=value`, a long value as its digest, in order. */
  readonly attributes?: readonly string[];
  /** Why not all of it could be read. What else is said of it stands for nothing then. */
  readonly unread?: string;
}

/** What a manifest's last line says, so that one that was cut off is no manifest. */
export interface ManifestEnd {
  readonly entries: number;
}

const kinds: readonly Kind[] = ['file', 'folder', 'symlink', 'fifo', 'socket', 'block', 'character'];

/**
 * The order of a manifest, as texts that compare so: names by their bytes, and what is in a folder right behind it.
 * No name holds a zero byte.
 */
export const orderOf = (path: string): string => (path === '' ? '' : `/${path}`).replaceAll('/', '\0');

/** Writes entries, a line each; what a path has in common with the one before is not sent again. */
export class ManifestWriter {
  #before = '';
  #entries = 0;

  line(entry: Entry): string {
    const { path, kind, mode, uid, gid, size, time, content, firstName, attributes, unread } = entry;
    const shared = sharedLength(this.#before, path);
    this.#before = path;
    this.#entries += 1;
    const fields: unknown[] = [shared, path.slice(shared), kinds.indexOf(kind), mode, uid, gid, size, time];
    const rare = { firstName, attributes, unread };
    const isPlain = firstName === undefined && attributes === undefined && unread === undefined;
    return `${JSON.stringify(isPlain ? [...fields, content] : [...fields, content, rare])}\n`;
  }

  end(): string {
    return `${JSON.stringify({ entries: this.#entries } satisfies ManifestEnd)}\n`;
  }
}

function sharedLength(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  let length = 0;
  while (length < most && one.charCodeAt(length) === other.charCodeAt(length)) length += 1;
  return length;
}

type Rare = Partial<Pick<Entry, 'firstName' | 'attributes' | 'unread'>>;
type Line = readonly [
  shared: number,
  rest: string,
  kind: number,
  mode: number,
  uid: number,
  gid: number,
  size: number,
  time: string,
  content: string,
  rare?: Rare,
];

/** Reads what {@link ManifestWriter} wrote. */
export class ManifestReader {
  /** The last line has been read. */
  whole = false;
  #before = '';
  #entries = 0;

  /** @returns undefined for the last line. @throws Error where it is no line of a manifest, or entries are missing. */
  line(text: string): Entry | undefined {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value)) return this.#end(value as ManifestEnd);
    const [shared, rest, kind, mode, uid, gid, size, time, content, rare] = value as unknown as Line;
    const path = this.#before.slice(0, shared) + rest;
    this.#before = path;
    this.#entries += 1;
    const name = kinds[kind];
    if (name === undefined || this.whole) throw new Error(`this is no entry of a manifest: ${text}`);
    return { path, kind: name, mode, uid, gid, size, time, content, ...rare };
  }

  #end({ entries }: ManifestEnd): undefined {
    if (entries !== this.#entries)
      throw new Error(`of the manifest's ${entries} entries ${this.#entries} arrived`);
    this.whole = true;
  }
}

/**
 * A path as people read it: UTF-8 where it is, else each byte that is none in octal, as `ls --escape` shows it. Line
 * feeds and the like always are.
 */
export function readablePath(path: string): string {
  if (path === '') return '.';
  const bytes = Buffer.from(path, 'latin1');
  const text = bytes.toString('utf8');
  const isText = Buffer.compare(Buffer.from(text), bytes) === 0;
  const octal = (character: string) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  return isText ? text.replace(/[\x00-\x1f\x7f]/g, octal) : path.replace(/[^\x20-\x7e]/g, octal);
}
