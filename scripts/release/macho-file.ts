/** Where things are in a Mach-O file: layouts of <mach-o/loader.h>, 64 bits and little-endian. */

const magic64 = 0xfeedfacf;
/** How long the header is; load commands follow it. */
export const headerSize = 32;
const segment64 = 0x19;

export interface LoadCommand {
  /** LC_SEGMENT_64 and its like. */
  readonly kind: number;
  /** Where it begins. */
  readonly at: number;
  /** Where the next one begins. */
  readonly end: number;
}

export interface Segment {
  /** Where its load command begins. */
  readonly at: number;
  readonly offset: bigint;
  readonly size: bigint;
}

/**
 * The load commands of a file, in their order.
 * @throws {Error} it is no thin 64-bit Mach-O file
 */
export function loadCommands(file: Buffer): LoadCommand[] {
  if (file.length < headerSize || file.readUInt32LE(0) !== magic64)
    throw new Error('this is no thin 64-bit Mach-O file');
  const commands: LoadCommand[] = [];
  let at = headerSize;
  for (let left = file.readUInt32LE(16); left > 0; left--) {
    const end = at + file.readUInt32LE(at + 4);
    commands.push({ kind: file.readUInt32LE(at), at, end });
    at = end;
  }
  return commands;
}

/** The segments of a file, by name. */
export function segmentsOf(file: Buffer): Map<string, Segment> {
  const segments = loadCommands(file).filter(({ kind }) => kind === segment64);
  return new Map(
    segments.map(({ at }) => [
      file.toString('latin1', at + 8, at + 24).replace(/\0.*$/s, ''),
      { at, offset: file.readBigUInt64LE(at + 40), size: file.readBigUInt64LE(at + 48) },
    ]),
  );
}

/** Up to a multiple of something. */
export const round = (value: number, to: number): number => Math.ceil(value / to) * to;
