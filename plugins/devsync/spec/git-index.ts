/** The paths in git's index, which are those that it tracks (gitformat-index(5)). */

export interface GitIndex {
  /** In git's order. A submodule, and a directory that a sparse checkout leaves out, ends with a slash. */
  readonly paths: readonly string[];
  /** The id of a second file with the rest of them, `sharedindex.<id>`, where the index is split. */
  readonly sharedWith: string | undefined;
}

/** Bytes: of the header, and of an entry before the id of its content. */
const [headerSize, statSize] = [12, 40];
/** The kinds of entries that stand for a directory: a submodule, and what a sparse index does not list. */
const folderKinds = new Set([0o160000, 0o040000]);

/**
 * Reads an index of version 2, 3 or 4.
 *
 * @param hashSize bytes: 20 for SHA-1, 32 for SHA-256.
 * @throws where it is none.
 */
export function parseGitIndex(data: Buffer, hashSize: 20 | 32): GitIndex {
  const version = data.readUInt32BE(4);
  if (data.toString('latin1', 0, 4) !== 'DIRC' || version < 2 || version > 4)
    throw new Error('no index of git, or of a version that is not known');
  const paths: string[] = [];
  let [at, previous] = [headerSize, ''];
  for (let left = data.readUInt32BE(8); left > 0; left--) {
    const start = at;
    const kind = data.readUInt32BE(start + 24) & 0o170000;
    at += statSize + hashSize;
    const isExtended = (data.readUInt16BE(at) & 0x4000) !== 0;
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
    const path = utf8(previous);
    // One that replaces an entry of the other file has no name of its own; one in conflict comes several times.
    if (path !== '' && path !== paths.at(-1))
      paths.push(folderKinds.has(kind) && !path.endsWith('/') ? `${path}/` : path);
  }
  return { paths, sharedWith: sharedWith(data, at, hashSize) };
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

/** The extension `link`, where there is one. Behind all extensions stands a checksum. */
function sharedWith(data: Buffer, from: number, hashSize: number): string | undefined {
  for (let at = from; at + 8 <= data.length - hashSize; at += 8 + data.readUInt32BE(at + 4))
    if (data.toString('latin1', at, at + 4) === 'link')
      return data.toString('hex', at + 8, at + 8 + hashSize);
  return undefined;
}
