/** The container's side of a sync, as the workstation sees it: a mirror of its tree, and calls to the agent. */

import { X8sError } from '../../../../src/errors.ts';
import type { AgentConnection } from '../../launch/agent-connection.ts';
import type { MaybeEntry } from '../../reconcile/entry.ts';
import { editsOf, type Operation, type OperationResult } from '../../reconcile/operations.ts';
import { edited } from '../../reconcile/tree.ts';
import type { Range } from '../../sync/delta/known-blocks.ts';
import type { Signature } from '../../sync/delta/signature.ts';
import type {
  Chunk,
  ContentRef,
  ContentRequest,
  Contents,
  EarlyContent,
  Endpoint,
  EndpointFacts,
  TrashItem,
} from '../../sync/endpoint.ts';
import { Gate } from '../../sync/ignore/gate.ts';
import { compileIgnores } from '../../sync/ignore/ignore.ts';
import {
  asOpened,
  canWorkAsAsked,
  type Hello,
  knowsDeltas,
  type Opened,
  type OpenRequest,
  takesCodes,
  takesEarly,
  takesStreams,
  tellsUnchanged,
} from '../../wire/calls.ts';
import {
  asCount,
  asDigest,
  asEdits,
  asList,
  asObject,
  asPath,
  asRanges,
  asResults,
  asSignature,
  asWords,
  packNeeds,
  packOperations,
  packWanted,
} from '../../wire/check.ts';
import { askedFor, packAlong, packContents, unpackContents } from '../../wire/content.ts';
import type { Frame } from '../../wire/frame.ts';
import { inParts, type Named } from '../../wire/parts.ts';
import { sharedBodyOf } from '../../wire/shared-body.ts';
import { TokenBucket } from '../../wire/token-bucket.ts';
import { Outflow } from '../../wire/window.ts';
import { FrameQueue } from './frame-queue.ts';

async function* only<T>(one: T): AsyncGenerator<T> {
  yield one;
}

/** Things in one call. */
const aCall = 1000;

export class RemoteEndpoint implements Endpoint {
  readonly opened: Opened;
  onHint: () => void = () => {};
  tree: MaybeEntry;
  degraded: string | undefined;
  /** The agent holds its news back until git is done. */
  readonly isBusy = false;
  readonly #connection: AgentConnection;
  readonly #session: number;
  readonly takesSeveral: boolean;
  readonly takesDeltas: boolean;
  readonly takesEarly: boolean;
  readonly #tellsUnchanged: boolean;
  readonly #takesCodes: boolean;
  /** Bounds the rate of contents to the agent, which does the same for those from there. */
  readonly #limit: TokenBucket | undefined;
  /** What is under way to the agent, by call. */
  readonly #outflow = new Outflow();
  #lastStream = 0;
  readonly #incoming = new Map<number, FrameQueue>();
  /** Contents that are on their way while they are still read. */
  readonly #early = new Map<EarlyContent, Promise<void>>();
  #lastEarly: EarlyContent | undefined;

  /** What the agent tells is held to the rules that it was given. */
  readonly #gate: Gate;

  private constructor(
    connection: AgentConnection,
    session: number,
    request: OpenRequest,
    opened: Opened,
    hello: Hello,
  ) {
    this.#limit = request.bandwidth === undefined ? undefined : new TokenBucket(request.bandwidth);
    this.takesSeveral = takesStreams(hello);
    this.takesDeltas = knowsDeltas(hello);
    this.takesEarly = this.takesSeveral && this.takesDeltas && takesEarly(hello);
    this.#tellsUnchanged = tellsUnchanged(hello);
    this.#takesCodes = takesCodes(hello);
    this.#connection = connection;
    this.#session = session;
    this.#gate = new Gate(request.scan, compileIgnores(request.ignores));
    this.opened = opened;
    connection.listen(session, (frame) => this.#take(frame));
    void connection.ended.then((why) => {
      this.#outflow.fail(why);
      for (const one of this.#incoming.values()) one.fail(why);
    });
  }

  /** Rejects with an AgentError where the root is not what it should be, with an X8sError where the agent is too old. */
  static async open(
    connection: AgentConnection,
    session: number,
    request: OpenRequest,
  ): Promise<RemoteEndpoint> {
    const hello = await connection.hello;
    if (!canWorkAsAsked(hello, request))
      throw new X8sError(
        'the agent is of an older version, which does not know --write, --times or --bandwidth',
        {
          hint: 'Agents on nodes are brought up to date by `kubectl devsync upgrade`.',
        },
      );
    const opened = asOpened(await connection.call(session, 'open', request));
    return new RemoteEndpoint(connection, session, request, opened, hello);
  }

  get facts(): EndpointFacts {
    return this.opened.facts;
  }

  async refresh(everything = false): Promise<void> {
    await this.#call('refresh', { everything });
  }

  async missing(wanted: readonly ContentRef[]): Promise<ContentRequest[]> {
    await this.#arrivedEarly(wanted);
    const needs: ContentRequest[] = [];
    for (const part of inCalls(wanted)) {
      const { here, partial } = asObject(
        await this.#call('missing', { wanted: packWanted(part) }),
        'an answer',
      );
      needs.push(...needsOf(part, asList(here, 'digests'), asList(partial, 'parts')));
    }
    return needs;
  }

  /** Resolves when those of them that are on their way already are there. */
  async #arrivedEarly(wanted: readonly ContentRef[]): Promise<void> {
    for (const [{ digest }, done] of [...this.#early])
      if (wanted.some((one) => one.digest === digest)) await done.catch(() => {});
  }

  async signature(wanted: ContentRef): Promise<Signature | undefined> {
    if (!this.takesDeltas) return undefined;
    const answer = await this.#call('signature', { wanted: packWanted([wanted]) });
    return answer === null ? undefined : asSignature(answer);
  }

  async unchanged(old: string, wanted: string): Promise<readonly Range[] | undefined> {
    if (!this.#tellsUnchanged) return undefined;
    const answer = await this.#call('unchanged', { old, wanted });
    return answer === null ? undefined : asRanges(answer, Number.MAX_SAFE_INTEGER);
  }

  async *read(needs: readonly ContentRequest[]): AsyncGenerator<Chunk> {
    for (const part of inReads(needs, this.takesDeltas)) {
      const parameters = { needs: packNeeds(part) };
      const asked = new Map(part.map((need) => [need.digest, need]));
      const { id, answer } = this.#connection.begin(this.#session, 'read', parameters, () => {});
      const incoming = new FrameQueue();
      this.#incoming.set(id, incoming);
      answer.catch((error: Error) => incoming.fail(error));
      try {
        for await (const { header, body } of incoming) {
          yield* askedFor(asked, unpackContents(header, body));
          this.#connection
            .send('credit', this.#session, { stream: id, bytes: body.length })
            .catch((error: Error) => incoming.fail(error));
        }
      } finally {
        this.#incoming.delete(id);
      }
    }
  }

  /** Resolves when all is under way; what is called afterwards finds it there. */
  async receive(chunks: AsyncIterable<Chunk>): Promise<void> {
    await this.#send(this.takesSeveral ? ++this.#lastStream : 0, chunks);
  }

  /** Resolves when all is under way, or it was given up; rejects where the stream breaks. */
  async receiveEarly(early: EarlyContent): Promise<void> {
    const done = this.#receiveEarly(early);
    this.#early.set(early, done);
    await done.finally(() => this.#early.delete(early));
  }

  async #receiveEarly(early: EarlyContent): Promise<void> {
    const { name, path } = early;
    const stream = ++this.#lastStream;
    const outdated = this.#lastEarly?.path === path ? this.#lastEarly.digest : undefined;
    this.#lastEarly = early;
    const key = this.#takesCodes ? early.key : undefined;
    this.#callAhead('early', { name, outdated, key });
    try {
      await this.#send(stream, early.chunks());
      const { last } = early;
      this.#callAhead('become', { name, digest: last?.digest, code: key && early.code });
      if (last) await this.#send(stream, only(last));
    } catch (error) {
      this.#callAhead('become', { name });
      throw error;
    }
  }

  async #send(stream: number, chunks: AsyncIterable<Chunk>): Promise<void> {
    for await (const { header, body, bytes } of packContents(stream, chunks)) {
      await this.#outflow.take(stream, bytes);
      await this.#limit?.take(bytes);
      await this.#connection.send('content', this.#session, header, body);
    }
  }

  async apply(
    operations: readonly Operation[],
    name: string,
    contents: Contents = new Map(),
  ): Promise<OperationResult[]> {
    const parts = [...inCalls(operations)].map((part) => this.#applyPart(part, name, contents));
    this.#dropOutdated(operations);
    return (await Promise.all(parts)).flat();
  }

  /** What came early, and is no version that is put in place now, is of no use any more. */
  #dropOutdated(operations: readonly Operation[]): void {
    const early = this.#lastEarly;
    const next = early && operations.find(({ path }) => path === early.path)?.new;
    if (early?.digest === undefined || next === undefined) return;
    if (next.kind !== 'file' || next.digest !== early.digest)
      this.#callAhead('outdate', { digest: early.digest });
    this.#lastEarly = undefined;
  }

  /** In the order in which they are sent: no answer is waited for. */
  #callAhead(method: string, parameters: unknown): void {
    this.#call(method, parameters).catch(() => {});
  }

  async trash(): Promise<{ items: TrashItem[]; used: number; limit: number }> {
    const items: TrashItem[] = [];
    for (;;) {
      const given = asObject(await this.#call('trash', { from: items.length, count: aCall }), 'an answer');
      const part = asList(given.items, 'a list').map(asTrashItem);
      items.push(...part);
      if (part.length < aCall)
        return { items, used: asCount(given.used, 'a size'), limit: asCount(given.limit, 'a size') };
    }
  }

  async restore(item: Pick<TrashItem, 'operation' | 'path'>, name: string): Promise<void> {
    await this.#call('restore', { operation: item.operation, path: item.path, name });
  }

  async emptyTrash(): Promise<number> {
    return asCount(await this.#call('empty-trash'), 'a size');
  }

  /** Removes everything of ours from the root. */
  async purge(): Promise<void> {
    await this.#call('purge');
  }

  /** Resolves when the agent has dealt with everything sent before. */
  barrier(): Promise<void> {
    return this.#connection.barrier(this.#session);
  }

  async close(): Promise<void> {
    await this.#call('close').catch(() => {});
  }

  async #applyPart(part: readonly Operation[], name: string, contents: Contents): Promise<OperationResult[]> {
    const { along, body } = packAlong(part, contents);
    if (this.#limit) await this.#limit.take(along.reduce((sum, [, length]) => sum + length, 0));
    const parameters = { operations: packOperations(part), name, along };
    // At once: news of the tree that come right behind are about what it is after this.
    const use = (answer: unknown) => {
      const results = asResults(answer, part);
      this.tree = edited(this.tree, editsOf(part, results));
      return results;
    };
    const shared = sharedBodyOf(contents);
    const frameBody = shared && isSame(shared.parts, body) ? shared : body;
    return await this.#connection.begin(this.#session, 'apply', parameters, use, frameBody).answer;
  }

  #call(method: string, parameters?: unknown): Promise<unknown> {
    return this.#connection.call(this.#session, method, parameters);
  }

  #take({ type, header, body }: Frame): void {
    const given = asObject(header, 'a header');
    if (type === 'tree') this.#takeTree(given);
    else if (type === 'credit')
      this.#outflow.credit(asCount(given.stream, 'a stream'), asCount(given.bytes, 'a size'));
    else if (type === 'content')
      this.#incoming.get(asCount(given.stream, 'a stream'))?.push({ header, body });
    else if (type === 'end') this.#incoming.get(asCount(given.stream, 'a stream'))?.end();
  }

  #takeTree({ edits, last, degraded }: Record<string, unknown>): void {
    for (const edit of this.#gate.admitAll(asEdits(edits))) this.#pending.push(edit);
    if (last !== true) return;
    this.tree = edited(this.tree, this.#pending);
    this.#pending = [];
    this.degraded = degraded === undefined ? undefined : asWords(degraded, 'a reason');
    this.onHint();
  }

  /** Half a piece of news is none: a rename is a deletion and a creation. */
  #pending: ReturnType<typeof asEdits> = [];
}

const isSame = (one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean =>
  one.length === other.length && one.every((part, index) => part === other[index]);

const inCalls = <T extends Named>(list: readonly T[]): Generator<readonly T[]> =>
  inParts(list, aCall, (one) => one);

/** A signature takes a call of its own, for its size. Without differences, all contents are asked for whole. */
function* inReads(needs: readonly ContentRequest[], asDeltas: boolean): Generator<readonly ContentRequest[]> {
  const hasBasis = ({ basis }: ContentRequest) => asDeltas && basis !== undefined;
  const whole = needs.filter((need) => !hasBasis(need));
  yield* inCalls(asDeltas ? whole : whole.map(({ basis: _, ...need }) => need));
  for (const need of needs) if (hasBasis(need)) yield [need];
}

/** What is neither there nor there in part is missing as a whole, which goes without saying. */
function needsOf(wanted: readonly ContentRef[], here: unknown[], partial: unknown[]): ContentRequest[] {
  const isHere = new Set(here.map(asDigest));
  const offsets = new Map(partial.map((one) => asPair(one)));
  return wanted
    .filter(({ digest }) => !isHere.has(digest))
    .map((one) => ({ ...one, offset: Math.min(one.size, offsets.get(one.digest) ?? 0) }));
}

function asPair(value: unknown): [string, number] {
  const [digest, offset] = asList(value, 'a part');
  return [asDigest(digest), asCount(offset, 'an offset')];
}

function asTrashItem(value: unknown): TrashItem {
  const { operation, path, size } = asObject(value, 'an item');
  return { operation: asPath(operation), path: asPath(path), size: asCount(size, 'a size') };
}
