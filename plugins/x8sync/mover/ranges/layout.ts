/** Where in a file data is, and how that is cut into ranges for several streams. */

/** Bytes from an offset on. */
export type Extent = readonly [offset: number, length: number];

/** What tells that a file is still the one that it was: nothing changes a file without its change time. */
export interface FileVersion {
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly modified: string;
  readonly changed: string;
  readonly inode: string;
}

export interface FileLayout extends FileVersion {
  /** In their order; what is between them are holes. */
  readonly extents: readonly Extent[];
}

/** A piece of a file that one stream fetches at a time. */
export type Range = readonly Extent[];

/** A query names each extent of a range, and has to fit into an environment variable (128 KiB on Linux). */
const mostExtents = 1000;
const smallestRange = 32 << 20;
const largestRange = 256 << 20;
/** So many ranges for each stream, so that all of them end at about the same time. */
const rangesOfStream = 4;

export const bytesOf = (range: Range): number => range.reduce((sum, [, length]) => sum + length, 0);

/** How many bytes of data a range of this file has at most. */
export function rangeBytesFor(layout: Pick<FileLayout, 'extents'>, streams: number): number {
  const share = Math.ceil(bytesOf(layout.extents) / (streams * rangesOfStream));
  return Math.min(Math.max(share, smallestRange), largestRange);
}

/** Cuts all data of a file into ranges of so many bytes at most. */
export function cutRanges({ extents }: Pick<FileLayout, 'extents'>, rangeBytes: number): Range[] {
  return [...rangesOf(extents, rangeBytes)];
}

/** Cuts extents into ranges of so many bytes at most, as they come. */
export function* rangesOf(extents: Iterable<Extent>, rangeBytes: number): Generator<Range> {
  let range: Extent[] = [];
  let room = rangeBytes;
  for (const [start, length] of extents) {
    for (let offset = start, left = length; left > 0; ) {
      const part = Math.min(left, room);
      range.push([offset, part]);
      [offset, left, room] = [offset + part, left - part, room - part];
      if (room > 0 && range.length < mostExtents) continue;
      yield range;
      [range, room] = [[], rangeBytes];
    }
  }
  if (range.length > 0) yield range;
}

export const isSameVersion = (one: FileVersion, other: FileVersion): boolean =>
  one.size === other.size &&
  one.modified === other.modified &&
  one.changed === other.changed &&
  one.inode === other.inode;
