/** What of the source's entries a certain target can't keep: asked by the mover, counted at the source. */

/** Seconds since 1970. */
export interface Times {
  readonly first: number;
  readonly last: number;
}

/** What a file system may not have at all. */
export type FileFeature = 'symlinks' | 'hardlinks' | 'xattrs' | 'acls';

/** The longest name of most file systems (NAME_MAX), in bytes. */
export const usualNameBytes = 255;

/** What a target does not keep; each absent where it does. */
export interface Limits {
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly modes?: { readonly file: number; readonly folder: number };
  readonly times?: Times;
  readonly unsupported?: readonly FileFeature[];
  /** Longer names are not taken. */
  readonly nameBytes?: number;
  /** Larger files are not taken. */
  readonly fileBytes?: number;
}

/** One kind of thing that is lost. */
export interface Loss {
  readonly kind: 'ownership' | 'modes' | 'times' | 'names' | 'long names' | FileFeature;
  /** Entries that lose it. */
  readonly count: number;
  /** The first of them. */
  readonly names: readonly string[];
}

/** A regular file whose time the target can't keep. */
export interface OutOfRangeTime {
  readonly name: string;
  readonly bytes: number;
  /** Whole seconds since 1970. */
  readonly seconds: number;
}

/** A regular file that is larger than the target takes. */
export interface LargeFile {
  readonly name: string;
  readonly bytes: number;
}

export interface LossReport {
  readonly losses: readonly Loss[];
  /** Files of the loss `times`, the first thousand. */
  readonly outOfRange: readonly OutOfRangeTime[];
  /** How many of these there are in all. */
  readonly outOfRangeFiles: number;
  /** Files that are too large, the first thousand; absent where the source's image does not look for them. */
  readonly tooLarge?: readonly LargeFile[];
}

const mostNames = 20;
const mostOddTimes = 1000;
const mostLargeFiles = 1000;

/** Adds up entries, as `find -printf` tells of them. */
export class LossCounter {
  readonly #limits: Limits;
  readonly #losses = new Map<Loss['kind'], { count: number; names: string[] }>();
  readonly #outOfRange: OutOfRangeTime[] = [];
  #outOfRangeFiles = 0;
  readonly #tooLarge: LargeFile[] = [];

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** What {@link LossCounter.entry} takes. */
  static readonly format = '%U %G %y %n %m %T@ %s %P\\0';

  /** One entry: uid, gid, kind, names, mode, time, bytes, and its path. */
  entry(text: string): void {
    const [, uid, gid, kind = '', names, mode = '', time, bytes, path = ''] =
      /^(\d+) (\d+) (\S) (\d+) (\d+) (-?[\d.]+) (\d+) (.*)$/s.exec(text) ?? [];
    if (uid === undefined) return;
    const name = path === '' ? '.' : path;
    const { owner, modes, times, unsupported = [], nameBytes = Number.POSITIVE_INFINITY } = this.#limits;
    if (unsupported.includes('symlinks') && kind === 'l') this.lose('symlinks', name);
    if (unsupported.includes('hardlinks') && kind !== 'd' && Number(names) > 1) this.lose('hardlinks', name);
    if (path.length * 3 > nameBytes && path.split('/').some((part) => Buffer.byteLength(part) > nameBytes))
      this.lose('long names', name);
    if (owner && (Number(uid) !== owner.uid || Number(gid) !== owner.gid)) this.lose('ownership', name);
    if (modes && kind !== 'l' && Number.parseInt(mode, 8) !== (kind === 'd' ? modes.folder : modes.file))
      this.lose('modes', name);
    if (kind === 'f') this.#size(name, Number(bytes));
    const seconds = Math.floor(Number(time));
    if (!times || (seconds >= times.first && seconds <= times.last)) return;
    this.lose('times', name);
    if (kind !== 'f') return;
    this.#outOfRangeFiles += 1;
    if (this.#outOfRange.length < mostOddTimes && !name.includes('\ufffd'))
      this.#outOfRange.push({ name, bytes: Number(bytes), seconds });
  }

  #size(name: string, bytes: number): void {
    const { fileBytes = Number.POSITIVE_INFINITY } = this.#limits;
    if (bytes > fileBytes && this.#tooLarge.length < mostLargeFiles) this.#tooLarge.push({ name, bytes });
  }

  /** Notes one entry that loses something. */
  lose(kind: Loss['kind'], name: string): void {
    const loss = this.#losses.get(kind) ?? { count: 0, names: [] };
    this.#losses.set(kind, loss);
    loss.count += 1;
    if (loss.names.length < mostNames) loss.names.push(name);
  }

  get losses(): LossReport {
    const losses = [...this.#losses].map(([kind, { count, names }]) => ({ kind, count, names }));
    const [outOfRange, outOfRangeFiles] = [this.#outOfRange, this.#outOfRangeFiles];
    return { losses, outOfRange, outOfRangeFiles, tooLarge: this.#tooLarge };
  }
}

/** How a target that does not tell some names apart reads one. */
export function foldedName(name: string, { caseless, normalizing }: Folding): string {
  const composed = normalizing ? name.normalize('NFC') : name;
  return caseless ? composed.toUpperCase().toLowerCase() : composed;
}

export interface Folding {
  readonly caseless: boolean;
  readonly normalizing: boolean;
}

/** Names of one folder that fall together: each group in the order of its bytes. */
export function collisionsOf(names: readonly string[], folding: Folding): string[][] {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const folded = foldedName(name, folding);
    groups.set(folded, [...(groups.get(folded) ?? []), name]);
  }
  const order = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));
  return [...groups.values()].filter((group) => group.length > 1).map((group) => group.sort(order));
}
