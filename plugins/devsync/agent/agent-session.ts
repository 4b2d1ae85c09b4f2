/** The agent's side of one sync: a directory in the container, asked and told over the stream. */
import type { MaybeEntry } from '../reconcile/entry.ts';
import { editsOf } from '../reconcile/operations.ts';
import { difference, type Edit, edited, withKnownPermissions } from '../reconcile/tree.ts';
import { requireFiles } from '../sync/files/file-systems.ts';
import { resolveWithin } from '../sync/files/folder.ts';
import { codeOf } from '../sync/files/system-error.ts';
import { LocalEndpoint } from '../sync/local/local-endpoint.ts';
import { requireWritable } from '../sync/local/scan-once.ts';
import { metadataCandidatesInContainer } from '../sync/metadata/metadata-folder.ts';
import { Debounce } from '../sync/scan/debounce.ts';
import { aheadOf, aheadStream } from '../wire/ahead.ts';
import type { Opened, OpenRequest } from '../wire/calls.ts';
import {
  asCount,
  asDigest,
  asNeeds,
  asObject,
  asOperations,
  asPath,
  asText,
  asWanted,
  maybeDigest,
  maybeText,
  packRanges,
  packResults,
  packSignature,
} from '../wire/check.ts';
import { packContents, unpackAlong, unpackContents } from '../wire/content.ts';
import { frameMemory } from '../wire/frame-memory.ts';
import { TokenBucket } from '../wire/token-bucket.ts';
import { Outflow } from '../wire/window.ts';
import { mountOf, mountsBelow, readMounts } from './mounts.ts';
import { explainingAccess } from './ownership.ts';
import { resolveOrMake, resolveRoot } from './remote-root.ts';
import { type Send, sendTree } from './send.ts';

/** What the workstation asks for; small contents may come along. */
export interface Call {
  readonly id: number;
  readonly method: string;
  readonly parameters: unknown;
  readonly body: Uint8Array;
}

/** A save is seen this many milliseconds after it was made; a flood of changes in parts this long. */
const [quiet, cap] = [4, 200];

export class AgentSession {
  readonly opened: Opened;
  readonly #endpoint: LocalEndpoint;
  readonly #send: Send;
  readonly #debounce: Debounce;
  /** What is under way to the workstation, by the call that it answers. */
  readonly #outflow = new Outflow();
  /** Bounds the rate of contents to the workstation. */
  readonly #limit: TokenBucket | undefined;
  /** The tree as the workstation knows it. */
  #sent: MaybeEntry;
  #pushes = false;
  readonly #sendsAhead: boolean;
  readonly #leadsElsewhere: () => boolean;

  /** @param enqueue runs something in turn with the session's frames. */
  constructor(request: OpenRequest, send: Send, enqueue: (run: () => Promise<unknown>) => void) {
    const { base, root: wanted, bandwidth } = request;
    this.#limit = bandwidth === undefined ? undefined : new TokenBucket(bandwidth);
    this.#sendsAhead = request.ahead === true && bandwidth === undefined;
    const resolved = explainingAccess(base, wanted, () => rootFor(request));
    const root = base + resolved;
    requireFiles(root);
    const mountInfo = readMounts(base);
    this.#send = send;
    const { scan, ignores, trashLimit, stagingLimit, write } = request;
    const options = {
      ...{ root, scan, ignores, trashLimit, stagingLimit, write },
      ...mountsBelow(mountInfo, resolved),
      top: base === '' ? '/' : base,
      metadataCandidates: metadataCandidatesInContainer(base, resolved),
    };
    this.#endpoint = explainingAccess(base, resolved, () => {
      // What is kept of it may be elsewhere, where this user may write.
      if (!request.readsOnly) requireWritable(root);
      return new LocalEndpoint(options);
    });
    this.opened = {
      // As the container calls it.
      facts: {
        ...this.#endpoint.facts,
        metadataFolder: this.#endpoint.facts.metadataFolder.slice(base.length),
      },
      root: resolved || wanted,
      mount: mountOf(mountInfo, resolved),
    };
    this.#leadsElsewhere = () => {
      try {
        return resolveWithin(base, wanted) !== resolved;
      } catch {
        // A root that has gone is for the scan to tell of.
        return false;
      }
    };
    this.#debounce = new Debounce({
      quiet,
      cap,
      isBusy: () => this.#endpoint.isBusy,
      // In turn with the calls: what the workstation is told must come in the order in which it happened.
      run: () => enqueue(() => this.#push()),
    });
    this.#endpoint.onHint = () => {
      if (this.#pushes) this.#debounce.hint();
    };
  }

  /** A link on the way to the root was pointed elsewhere since it was opened. */
  get isAstray(): boolean {
    return this.#leadsElsewhere();
  }

  /** Called every two seconds: looks where polling is due, or a full scan. */
  tick(): void {
    if (this.#pushes && this.#endpoint.isStale) this.#debounce.hint();
  }

  /** Answers a call. */
  async answer({ id, method, parameters, body }: Call): Promise<unknown> {
    const given = asObject(parameters ?? {}, 'parameters');
    switch (method) {
      case 'refresh':
        return await this.#refresh(given.everything === true);
      case 'missing':
        return await this.#missing(given.wanted);
      case 'signature':
        return await this.#signature(given.wanted);
      case 'early':
        return this.#endpoint.incoming.beginEarly(asDigest(given.name), {
          outdated: maybeDigest(given.outdated),
          key: maybeDigest(given.key),
        });
      case 'become':
        return this.#endpoint.incoming.nameEarly(
          asDigest(given.name),
          maybeDigest(given.digest),
          maybeText(given.code),
        );
      case 'outdate':
        return this.#endpoint.incoming.outdate(asDigest(given.digest));
      case 'unchanged':
        return await this.#unchanged(given);
      case 'read':
        return await this.#read(id, given.needs);
      case 'apply':
        return await this.#apply(given, body);
      case 'trash':
        return await this.#trash(given);
      case 'restore':
        return await this.#restore(given);
      case 'empty-trash':
        return await this.#endpoint.emptyTrash();
      case 'purge':
        return await this.#endpoint.purge();
      default:
        throw new Error(`this agent does not know ${JSON.stringify(method)}`);
    }
  }

  /** Takes in contents; says how much, so that more may come. */
  async receive(header: unknown, body: Uint8Array): Promise<void> {
    const stream = asCount(asObject(header, 'a header').stream, 'a stream');
    try {
      for (const chunk of unpackContents(header, body)) await this.#endpoint.incoming.write(chunk, stream);
    } finally {
      await this.#send('credit', { stream, bytes: body.length });
    }
  }

  credit(header: unknown): void {
    const { stream, bytes } = asObject(header, 'a credit');
    this.#outflow.credit(asCount(stream, 'a stream'), asCount(bytes, 'a size'));
  }

  async close(): Promise<void> {
    this.#debounce.close();
    this.#outflow.fail(new Error('closed'));
    await this.#endpoint.close();
  }

  async #refresh(everything: boolean): Promise<void> {
    this.#pushes = true;
    await this.#endpoint.refresh(everything);
    await this.#tell();
  }

  async #push(): Promise<void> {
    await this.#endpoint.refresh();
    await this.#tell(this.#sendsAhead);
  }

  /** Sends what is not known at the other end. */
  async #tell(withContents = false): Promise<void> {
    const tree = this.#endpoint.tree;
    const edits = [...difference(this.#sent, tree)];
    this.#sent = tree;
    if (withContents) await this.#sendAhead(edits);
    await sendTree(this.#send, edits, this.#endpoint.degraded);
  }

  async #sendAhead(edits: readonly Edit[]): Promise<void> {
    try {
      const chunks = this.#endpoint.read(aheadOf(edits));
      for await (const { header, body } of packContents(aheadStream, chunks))
        await this.#send('content', header, body);
    } catch {
      // A file that has gone by now is asked for as ever, and told of then.
    }
  }

  /** Tells what need not be sent: of a first sync, nothing. */
  async #missing(wanted: unknown): Promise<unknown> {
    const asked = asWanted(wanted);
    const needs = await this.#endpoint.missing(asked);
    const missing = new Set(needs.map(({ digest }) => digest));
    const here = asked.map(({ digest }) => digest).filter((digest) => !missing.has(digest));
    const partial = needs.filter(({ offset }) => offset > 0).map(({ digest, offset }) => [digest, offset]);
    return { here: [...new Set(here)], partial };
  }

  async #signature(wanted: unknown): Promise<unknown> {
    const [of] = asWanted(wanted);
    const signature = of && (await this.#endpoint.signature(of));
    return signature ? packSignature(signature) : null;
  }

  async #unchanged({ old, wanted }: Record<string, unknown>): Promise<unknown> {
    const unchanged = await this.#endpoint.unchanged(asDigest(old), asDigest(wanted));
    return unchanged ? packRanges(unchanged) : null;
  }

  async #apply(given: Record<string, unknown>, body: Uint8Array): Promise<unknown> {
    const asked = asOperations(given.operations);
    const contents = unpackAlong(given.along, asked, body);
    const before = this.#endpoint.tree;
    const results = await this.#endpoint.apply(asked, asText(given.name, 'a name'), contents);
    frameMemory.give(body);
    // The workstation draws the same conclusions from the results, so they need not be sent.
    const edits = () => withKnownPermissions(editsOf(asked, results), this.#endpoint.facts.hasModes);
    this.#sent = this.#sent === before ? this.#endpoint.tree : edited(this.#sent, edits());
    return packResults(results);
  }

  async #read(id: number, needs: unknown): Promise<void> {
    try {
      for await (const { header, body, bytes } of packContents(id, this.#endpoint.read(asNeeds(needs)))) {
        await this.#outflow.take(id, bytes);
        await this.#limit?.take(bytes);
        await this.#send('content', header, body);
      }
      await this.#send('end', { stream: id });
    } finally {
      this.#outflow.forget(id);
    }
  }

  /** A part of what is in the trash: all of it may be more than a frame holds. */
  async #trash(given: Record<string, unknown>): Promise<unknown> {
    const [from, count] = [asCount(given.from, 'a place'), asCount(given.count, 'a number')];
    const { items, ...sizes } = await this.#endpoint.trash();
    return { items: items.slice(from, from + count), ...sizes };
  }

  async #restore(given: Record<string, unknown>): Promise<void> {
    const item = { operation: asPath(given.operation), path: asPath(given.path) };
    await this.#endpoint.restore(item, asPath(given.name));
  }
}

function rootFor({ base, root, create }: OpenRequest): string {
  try {
    return resolveRoot({ base, root });
  } catch (error) {
    if (!create || codeOf(error) !== 'ENOENT') throw error;
    return resolveOrMake(base, root);
  }
}
