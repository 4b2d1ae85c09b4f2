/** Transfers changes from one side to the other: contents first, then the operations that need them. */
import { measure } from '../../reconcile/entry.ts';
import { editsOf, type Operation, type OperationResult, operationsOf } from '../../reconcile/operations.ts';
import type { Change } from '../../reconcile/reconcile.ts';
import type { Edit } from '../../reconcile/tree.ts';
import {
  type Chunk,
  type ContentRef,
  type ContentRequest,
  type Contents,
  type Endpoint,
  lengthOf,
} from '../../sync/endpoint.ts';
import type { DeltaBases } from './delta-bases.ts';
import { LikelyBases } from './likely-bases.ts';
import { type ContentsSource, type LentContents, takeAlone } from './shared-contents.ts';

/** The limits of a batch, in operations and bytes. A new directory stays in one batch where that is possible. */
const [batchOperations, batchBytes, enoughBytes] = [1000, 5 << 19, 3 << 19];
/** Contents up to this size go along with the operations that need them. */
const small = 64 << 10;
/** Up to so many bytes are sent without asking whether they are there: the question would take longer. */
const little = 64 << 10;
/** Batches in flight: the contents of the next one travel while the last one is applied. */
const batchesUnderWay = 5;

export interface TransferOptions {
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** Names what goes into the trash on the receiving side. */
  readonly name: string;
  /** Of the receiving side; without it, all contents go whole. */
  readonly bases?: DeltaBases;
  readonly signal: AbortSignal;
  /** Called with each batch before it is sent, and with the same one once it was answered. */
  readonly onSent?: (operations: readonly Operation[]) => void;
  readonly onAnswered?: (operations: readonly Operation[], results: readonly OperationResult[]) => void;
  /** Called after each batch with what both sides agree on now. */
  readonly onAgreed: (edits: readonly Edit[]) => void;
  /** Called after each batch with how many operations it had. */
  readonly onDone: (operations: number) => void;
  /** Told what is under way. */
  readonly onlooker?: Onlooker;
  /** Where other sessions send the same contents. */
  readonly shared?: ContentsSource | undefined;
}

export interface Onlooker {
  /** Told what is to be carried over in all, with the bytes of contents that are to be sent. Returns what is told its end. */
  planned(total: { readonly operations: number; readonly bytes: number }): () => void;
  began(batch: readonly Operation[]): void;
  /** Of a content that is sent ahead of its operation: so much of it is there, by so many bytes that travelled. */
  sent(digest: string, length: number, bytes: number): void;
  /** @param bytes of the contents that went along. */
  arrived(batch: readonly Operation[], results: readonly OperationResult[], bytes: number): void;
}

/** Resolves with the results of all operations that these changes are made of. */
export async function transferChanges(
  changes: readonly Change[],
  direction: TransferOptions,
): Promise<OperationResult[]> {
  const operations = withReuse([...operationsOf(changes)]);
  const needs = await needsFor(operations, direction.to);
  const bytes = [...needs.values()].reduce((sum, { size, offset }) => sum + size - offset, 0);
  const over = direction.onlooker?.planned({ operations: operations.length, bytes });
  try {
    return await carryOut(operations, needs, direction);
  } finally {
    over?.();
  }
}

/** @param needs of all operations; each is taken out of it when it is sent. */
async function carryOut(
  operations: readonly Operation[],
  needs: Map<string, ContentRequest>,
  direction: TransferOptions,
): Promise<OperationResult[]> {
  const underWay: Promise<OperationResult[]>[] = [];
  const results: OperationResult[][] = [];
  const likely = new LikelyBases(direction.to.tree, operations);
  // Before anything goes that they are versions of.
  await bring(takeVersions(operations, needs, likely), direction);
  for (const batch of batches(operations)) {
    direction.signal.throwIfAborted();
    direction.onlooker?.began(batch);
    underWay.push(applyBatch(batch, await bring(takeNeeds(batch, needs, likely), direction), direction));
    // A rejection is handled when the batch is awaited; until then it must not count as unhandled.
    underWay.at(-1)?.catch(() => {});
    if (underWay.length >= batchesUnderWay)
      results.push(await (underWay.shift() as Promise<OperationResult[]>));
  }
  for (const batch of underWay) results.push(await batch);
  return results.flat();
}

/** Sends large contents ahead. Resolves with the small ones, which are sent with their operations. */
async function bring(
  needs: readonly SentNeed[],
  { from, to, bases, signal, onlooker, shared }: TransferOptions,
): Promise<LentContents> {
  const [along, ahead] = [needs.filter(goesAlong), needs.filter((need) => !goesAlong(need))];
  if (ahead.length > 0) {
    const requests = await Promise.all(
      ahead.map((need) => bases?.withBasis(need, need.before, { from, to }) ?? need),
    );
    const chunks = shared?.read(requests, from, signal) ?? from.read(requests, signal);
    await to.receive(watched(chunks, signal, onlooker));
  }
  if (shared) return await shared.take(along, from, signal);
  return await takeAlone(along, from, signal);
}

async function* watched(
  chunks: AsyncIterable<Chunk>,
  signal: AbortSignal,
  onlooker: Onlooker | undefined,
): AsyncIterable<Chunk> {
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    onlooker?.sent(chunk.digest, lengthOf(chunk), chunk.data.length);
    yield chunk;
  }
}

interface SentNeed extends ContentRequest {
  /** Another operation will need the same. */
  readonly isShared: boolean;
  /** What is in the file that it replaces, or that it may be another version of. */
  readonly before: ContentRef | undefined;
}

const goesAlong = ({ size, offset, isShared }: SentNeed) => size <= small && offset === 0 && !isShared;

/** Marks operations whose content a later operation needs as well. */
function withReuse(operations: readonly Operation[]): Operation[] {
  const seen = new Set<string>();
  const marked = operations.toReversed().map((operation) => {
    if (!needsContent(operation)) return operation;
    const { digest } = asWanted(operation);
    if (seen.has(digest)) return { ...operation, reuse: true };
    seen.add(digest);
    return operation;
  });
  return marked.reverse();
}

async function applyBatch(
  batch: readonly Operation[],
  { contents, release }: LentContents,
  direction: TransferOptions,
): Promise<OperationResult[]> {
  let areGood = false;
  try {
    direction.onSent?.(batch);
    const results = await direction.to.apply(batch, direction.name, contents);
    direction.onAnswered?.(batch, results);
    direction.onlooker?.arrived(batch, results, sizeOf(contents));
    areGood = results.every(({ problem }) => problem === undefined);
    direction.onAgreed([...editsOf(batch, results)]);
    direction.onDone(batch.length);
    return results;
  } finally {
    release(areGood);
  }
}

/** The contents that operations need, by digest. */
async function needsFor(
  operations: readonly Operation[],
  to: Endpoint,
): Promise<Map<string, ContentRequest>> {
  const wanted = operations.filter(needsContent).map(asWanted);
  const needs = (await isWorthAsking(operations, wanted, to))
    ? await to.missing(wanted)
    : wanted.map((one) => ({ ...one, offset: 0 }));
  return new Map(needs.map((need) => [need.digest, need]));
}

async function isWorthAsking(
  operations: readonly Operation[],
  wanted: ContentRef[],
  to: Endpoint,
): Promise<boolean> {
  const leaving = new Set(operations.flatMap(({ old }) => (old?.kind === 'file' ? [old.digest] : [])));
  // A rename: what is to come is there already, under the name that is to go.
  if (wanted.some(({ digest }) => leaving.has(digest))) return true;
  const bytes = wanted.reduce((sum, { size }) => sum + size, 0);
  if (bytes <= little) return false;
  return to.facts.hasStaged || measure(to.tree).files > 0;
}

function needsContent({ old, new: wanted }: Operation): boolean {
  return wanted?.kind === 'file' && !(old?.kind === 'file' && old.digest === wanted.digest);
}

function asWanted({ path, new: wanted }: Operation): ContentRef {
  const { digest, size } = wanted as { digest: string; size: number };
  return { digest, size, path };
}

function sizeOf(contents: Contents): number {
  let size = 0;
  for (const data of contents.values()) size += data.length;
  return size;
}

const bytesOf = (operation: Operation) => (needsContent(operation) ? asWanted(operation).size : 0);

/** Each content is sent once, with the first batch that needs it. */
function takeNeeds(
  batch: readonly Operation[],
  needs: Map<string, ContentRequest>,
  likely: LikelyBases,
): SentNeed[] {
  const before = ({ path, old }: Operation, need: ContentRequest) =>
    old?.kind === 'file' ? { ...old, path } : likely.of(need);
  return batch.flatMap((operation) => take(operation, needs, (need) => before(operation, need)) ?? []);
}

/** Those that may be versions of what goes, which are there before that does. */
function takeVersions(
  operations: readonly Operation[],
  needs: Map<string, ContentRequest>,
  likely: LikelyBases,
): SentNeed[] {
  if (!likely.isAnyLeaving) return [];
  return operations.flatMap((operation) => {
    const need = needsContent(operation) && needs.get(asWanted(operation).digest);
    const before = need && operation.old === undefined ? likely.leaving(need) : undefined;
    return (before && take(operation, needs, () => before)) ?? [];
  });
}

function take(
  operation: Operation,
  needs: Map<string, ContentRequest>,
  before: (need: ContentRequest) => ContentRef | undefined,
): SentNeed | undefined {
  if (!needsContent(operation)) return undefined;
  const { digest } = asWanted(operation);
  const need = needs.get(digest);
  if (need === undefined) return undefined;
  needs.delete(digest);
  return { ...need, before: before(need), isShared: operation.reuse === true };
}

function* batches(operations: readonly Operation[]): Generator<readonly Operation[]> {
  let batch: Operation[] = [];
  let bytes = 0;
  for (const operation of operations) {
    const isFull = batch.length >= batchOperations || bytes >= batchBytes;
    if (isFull || (bytes >= enoughBytes && operation.new?.kind === 'directory')) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(operation);
    bytes += bytesOf(operation);
  }
  if (batch.length > 0) yield batch;
}
