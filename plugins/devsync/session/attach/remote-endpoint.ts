/** The container's side of a sync, as the workstation sees it: a mirror of its tree, and calls to the agent. */

import { X8sError } from '../../../../src/errors.ts';
import type { AgentConnection } from '../../launch/agent-connection.ts';
import type { MaybeEntry } from '../../reconcile/entry.ts';
import { editsOf, type Operation, type OperationResult } from '../../reconcile/operations.ts';
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
import { AheadContents, aheadStream } from '../../wire/ahead.ts';
import {
  asOpened,
  canWorkAsAsked,
  type Hello,
  knowsDeltas,
  knowsReach,
  type Opened,
  type OpenRequest,
  takesCodes,
  takesEarly,
  takesStreams,
  tellsUnchanged,
} from '../../wire/calls.ts';
import {
  asCount,
  asList,
  asObject,
  asRanges,
  asResults,
  asSignature,
  packNeeds,
  packOperations,
  packWanted,
} from '../../wire/check.ts';
import { askedFor, packAlong, packContents, unpackContents } from '../../wire/content.ts';
import type { Frame } from '../../wire/frame.ts';
import { sharedBodyOf } from '../../wire/shared-body.ts';
import { TokenBucket } from '../../wire/token-bucket.ts';
import { Outflow } from '../../wire/window.ts';
import { aCall, asTrashItem, inCalls, inReads, needsOf } from './agent-calls.ts';
import { EarlySends } from './early-sends.ts';
import { FrameQueue } from './frame-queue.ts';
import { RemoteTree } from './remote-tree.ts';

export class RemoteEndpoint implements Endpoint {
  readonly opened: Opened;
  onHint: () => void = () => {};
  /** The agent holds its news back until git is done. */
  readonly isBusy = false;
  readonly #connection: AgentConnection;
  readonly #session: number;
  readonly takesSeveral: boolean;
  readonly takesDeltas: boolean;
  readonly takesEarly: boolean;
  readonly #tellsUnchanged: boolean;
  readonly #knowsReach: boolean;
  /** Bounds the rate of contents to the agent, which does the same for those from there. */
  readonly #limit: TokenBucket | undefined;
  /** What is under way to the agent, by call. */
  readonly #outflow = new Outflow();
  #lastStream = 0;
  readonly #incoming = new Map<number, FrameQueue>();
  readonly #ahead = new AheadContents();
  readonly #early: EarlySends;
  readonly #tree: RemoteTree;

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
    this.#knowsReach = knowsReach(hello);
    this.#early = new EarlySends({
      takesCodes: takesCodes(hello),
      open: () => this.#openStream(),
      callAhead: (method, parameters) => void this.#call(method, parameters).catch(() => {}),
    });
    this.#connection = connection;
    this.#session = session;
    const gate = new Gate(request.scan, compileIgnores(request.ignores));
    this.#tree = new RemoteTree(gate, opened.facts.hasModes);
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

  get tree(): MaybeEntry {
    return this.#tree.tree;
  }

  get degraded(): string | undefined {
    return this.#tree.degraded;
  }

  async refresh(everything = false): Promise<void> {
    await this.#call('refresh', { everything });
  }

  async missing(wanted: readonly ContentRef[]): Promise<ContentRequest[]> {
    await this.#early.arrived(wanted);
    const needs: ContentRequest[] = [];
    for (const part of inCalls(wanted))
      needs.push(...needsOf(part, await this.#call('missing', { wanted: packWanted(part) })));
    return needs;
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
    const { here, rest } = this.#ahead.give(needs);
    yield* here;
    for (const part of inReads(rest, this.takesDeltas)) {
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
    if (this.takesSeveral) await this.#openStream()(chunks);
    else await this.#send(0, chunks);
  }

  /** Resolves when all is under way, or it was given up; rejects where the stream breaks. */
  async receiveEarly(early: EarlyContent): Promise<void> {
    await this.#early.send(early);
  }

  #openStream(): (chunks: AsyncIterable<Chunk>) => Promise<void> {
    const stream = ++this.#lastStream;
    return (chunks) => this.#send(stream, chunks);
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
    this.#early.dropOutdated(operations);
    return (await Promise.all(parts)).flat();
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
    const parameters = { operations: packOperations(part, this.#knowsReach), name, along };
    // At once: news of the tree that come right behind are about what it is after this.
    const use = (answer: unknown) => {
      const results = asResults(answer, part);
      this.#tree.noteDone(editsOf(part, results));
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
    if (type === 'tree') {
      if (this.#tree.takeNews(given)) this.onHint();
    } else if (type === 'credit')
      this.#outflow.credit(asCount(given.stream, 'a stream'), asCount(given.bytes, 'a size'));
    else if (type === 'content' && given.stream === aheadStream) this.#ahead.take(header, body);
    else if (type === 'content')
      this.#incoming.get(asCount(given.stream, 'a stream'))?.push({ header, body });
    else if (type === 'end') this.#incoming.get(asCount(given.stream, 'a stream'))?.end();
  }
}

const isSame = (one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean =>
  one.length === other.length && one.every((part, index) => part === other[index]);
