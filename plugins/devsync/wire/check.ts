/**
 * Checks what comes from the other end. A container may be hostile, so everything must have the right shape, and every
 * path must stay inside of the synced directory, before anything is done with it.
 */
import {
  type Entry,
  type File,
  type MaybeEntry,
  type Reach,
  reaches,
  skipped,
  untracked,
} from '../reconcile/entry.ts';
import type { Operation, OperationResult } from '../reconcile/operations.ts';
import type { Edit } from '../reconcile/tree.ts';
import { leastBlock, mostBlock, mostBlocks, sumSize } from '../sync/delta/block-sizes.ts';
import type { Range } from '../sync/delta/known-blocks.ts';
import type { Signature } from '../sync/delta/signature.ts';
import type { ContentRef, ContentRequest } from '../sync/endpoint.ts';
import { partsOf } from '../sync/files/names.ts';
import { plainWords } from './plain-words.ts';

/** The other end sent something that the protocol does not allow. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

const wrong = (what: string, value: unknown): ProtocolError =>
  new ProtocolError(`the other end sent ${JSON.stringify(value)?.slice(0, 200)} as ${what}`);

export function asObject(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(what, value);
  return value as Record<string, unknown>;
}

export function asList(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw wrong(what, value);
  return value;
}

export function asText(value: unknown, what: string): string {
  if (typeof value !== 'string') throw wrong(what, value);
  return value;
}

/** A text, or none. */
export const maybeText = (value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : asText(value, 'a text');

/** A text for a person: without control characters, which a terminal would obey, and of limited length. */
export function asWords(value: unknown, what: string): string {
  return plainWords(asText(value, what));
}

export function asCount(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw wrong(what, value);
  return value as number;
}

export function asDigest(value: unknown): string {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw wrong('a digest', value);
  return value;
}

/** A digest, or none. */
export const maybeDigest = (value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : asDigest(value);

/** A path below the root, whose names are possible on every platform. The root's own path is empty. */
export function asPath(value: unknown): string {
  const path = asText(value, 'a path');
  try {
    // A name that only this platform forbids is reported when the file is written: other files must still be synced.
    partsOf(path, 'linux');
  } catch (error) {
    throw new ProtocolError((error as Error).message);
  }
  return path;
}

function asMode(value: unknown): { mode?: number } {
  if (value === undefined || value === null) return unsaid;
  const mode = asCount(value, 'permissions');
  if (mode > 0o777) throw wrong('permissions', value);
  return { mode };
}

function asReach(value: unknown): { reach?: Reach } {
  const reach = reaches.find((one) => one === value);
  return reach === undefined ? unsaid : { reach };
}

/** One for all: trees have many entries. */
const unsaid = {};

/**
 * An entry without its children as a list, which begins with a letter for its kind. Null stands for no entry. Its reach
 * is only for an end that knows of it: others take no list that is so long.
 */
export type Packed = readonly unknown[] | null;

export function packEntry(entry: MaybeEntry, withReach = false): Packed {
  const packed = packCommon(entry);
  const reach = entry?.kind === 'file' || entry?.kind === 'directory' ? entry.reach : undefined;
  if (!withReach || reach === undefined || packed === null) return packed;
  const last = entry?.kind === 'file' ? reachField : reachField - fieldsOfFilesOnly;
  return [...packed, ...Array(last - packed.length).fill(null), reach];
}

function packCommon(entry: MaybeEntry): Packed {
  switch (entry?.kind) {
    case undefined:
      return null;
    case 'directory':
      return ['d', entry.mode];
    case 'file':
      return ['f', entry.digest, entry.size, packBit(entry.executable), entry.mode, ...lastFields(entry)];
    case 'symlink':
      return ['l', entry.target];
    case 'untracked':
      return entry.what === undefined ? ['u'] : ['u', entry.what];
    case 'problem':
      return ['p', entry.problem];
  }
}

/** Where a file's reach is in its list, and how many fields before that a directory does not have. */
const [reachField, fieldsOfFilesOnly] = [7, 5];

/** An executable bit that is not known is null, which an older end takes for none. */
const packBit = (bit: boolean | undefined) => (bit === undefined ? null : bit ? 1 : 0);

/** The fields that few files have come last, so that the others need not name them. */
function lastFields({ semanticDigest, modified }: File): unknown[] {
  if (modified !== undefined) return [semanticDigest ?? null, modified];
  return semanticDigest === undefined ? [] : [semanticDigest];
}

export function asEntry(value: unknown): MaybeEntry {
  if (value === null) return undefined;
  const list = asList(value, 'an entry');
  const [kind, first, second] = list;
  switch (kind) {
    case 'd':
      return {
        kind: 'directory',
        children: new Map<string, Entry>(),
        ...asMode(first),
        ...asReach(second),
      };
    case 'f':
      return asFile(list);
    case 'l':
      return { kind: 'symlink', target: asText(first, 'a link') };
    case 'u':
      return first === undefined ? untracked : skipped(asWords(first, 'a word'));
    case 'p':
      return { kind: 'problem', problem: asWords(first, 'a problem') };
    default:
      throw wrong('an entry', value);
  }
}

function asFile([, digest, size, bit, mode, semantic, modified, reach]: readonly unknown[]): File {
  const plain = { kind: 'file', digest: asDigest(digest), size: asCount(size, 'a size') } as const;
  return {
    ...plain,
    ...(bit !== undefined && bit !== null && { executable: bit === 1 }),
    ...asMode(mode),
    ...(semantic !== undefined && semantic !== null && { semanticDigest: asDigest(semantic) }),
    ...(modified !== undefined && modified !== null && { modified: asCount(modified, 'a time') }),
    ...asReach(reach),
  };
}

export const packEdits = (edits: readonly Edit[], withReach = false): unknown[] =>
  edits.map(([path, entry]) => [path, packEntry(entry, withReach)]);

export function asEdits(value: unknown): Edit[] {
  return asList(value, 'a list of changes').map((one) => {
    const [path, entry] = asList(one, 'a change');
    return [asPath(path), asEntry(entry)];
  });
}

export const packOperations = (operations: readonly Operation[], withReach = false): unknown[] =>
  operations.map(({ path, old, new: to, reuse }) => [
    path,
    packEntry(old),
    packEntry(to, withReach),
    ...(reuse ? [1] : []),
  ]);

export function asOperations(value: unknown): Operation[] {
  return asList(value, 'operations').map((one) => {
    const [path, old, to, reuse] = asList(one, 'an operation');
    return { path: asPath(path), old: asTracked(old), new: asTracked(to), reuse: reuse === 1 };
  });
}

function asTracked(value: unknown): Operation['old'] {
  const entry = asEntry(value);
  if (entry?.kind === 'untracked' || entry?.kind === 'problem') throw wrong('something to make', value);
  return entry;
}

/** Outcomes of these very operations, in their order. */
export function asResults(value: unknown, operations: readonly Operation[]): OperationResult[] {
  const list = asList(value, 'results');
  if (list.length !== operations.length) throw wrong('results', list.length);
  return list.map((one, index) => {
    const { path } = operations[index] as Operation;
    if (one === 0) return { path };
    const { problem, left, surprise } = asObject(one, 'an result');
    if (problem !== undefined) return { path, problem: asWords(problem, 'a problem') };
    return { path, ...(left === true && { left }), ...(surprise === true && { surprise }) };
  });
}

export const packResults = (results: readonly OperationResult[]): unknown[] =>
  results.map(({ path: _, ...rest }) => (Object.keys(rest).length === 0 ? 0 : rest));

export function asWanted(value: unknown): ContentRef[] {
  return asList(value, 'contents').map((one) => {
    const [digest, size, path] = asList(one, 'a content');
    return { digest: asDigest(digest), size: asCount(size, 'a size'), path: asPath(path) };
  });
}

export const packWanted = (wanted: readonly ContentRef[]): unknown[] =>
  wanted.map(({ digest, size, path }) => [digest, size, path]);

export function asNeeds(value: unknown): ContentRequest[] {
  return asWanted(value).map((one, index) => {
    const [, , , offset, signature, unchanged] = (value as unknown[][])[index] as unknown[];
    const { path, size } = one;
    const need = { ...one, offset: asCount(offset, 'an offset') };
    if (unchanged !== undefined) return { ...need, basis: { path, unchanged: asRanges(unchanged, size) } };
    return signature == null ? need : { ...need, basis: { path, signature: asSignature(signature) } };
  });
}

export const packNeeds = (needs: readonly ContentRequest[]): unknown[] =>
  needs.map(({ digest, size, path, offset, basis }) => [
    digest,
    size,
    path,
    offset,
    ...(basis === undefined
      ? []
      : 'signature' in basis
        ? [packSignature(basis.signature)]
        : [null, packRanges(basis.unchanged)]),
  ]);

export const packRanges = (ranges: readonly Range[]): unknown[] =>
  ranges.map(({ from, length }) => [from, length]);

/** Ranges of a content, in order. @param size of the content, in bytes. */
export function asRanges(value: unknown, size: number): Range[] {
  let end = 0;
  return asList(value, 'ranges').map((one) => {
    const [begin, bytes] = asList(one, 'a range');
    const range = { from: asCount(begin, 'an offset'), length: asCount(bytes, 'a length') };
    if (range.from < end || range.length === 0 || range.from + range.length > size)
      throw wrong('a range', one);
    end = range.from + range.length;
    return range;
  });
}

export const packSignature = ({ blockSize, sums }: Signature): unknown[] => [
  blockSize,
  sums.toString('base64'),
];

export function asSignature(value: unknown): Signature {
  const [size, text] = asList(value, 'a signature');
  const blockSize = asCount(size, 'a block size');
  if (blockSize < leastBlock || blockSize > mostBlock || Math.log2(blockSize) % 1 !== 0)
    throw wrong('a block size', value);
  const sums = Buffer.from(asText(text, 'sums'), 'base64');
  if (sums.length % sumSize !== 0 || sums.length > mostBlocks * sumSize) throw wrong('sums', sums.length);
  return { blockSize, sums };
}
