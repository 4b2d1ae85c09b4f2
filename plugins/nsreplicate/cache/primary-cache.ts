/**
 * What the primary has, reduced to what deciding needs: digests, not objects. Objects themselves are kept only
 * while somebody is about to write them, and read again where there were too many to keep.
 */
import { messageOf } from '../../../src/errors.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { isOlder } from '../../../src/kube/api/resource-version.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { fromPrimary } from '../clusters/failure.ts';
import type { CopiedKind } from '../clusters/kinds.ts';
import type { SeenVersion } from '../clusters/seen-version.ts';
import {
  type Copy,
  copyOf,
  type DesiredCopy,
  type Destination,
  differsByReplica,
  plainDigest,
  type Shaping,
} from '../objects/copy.ts';
import { isIn, type ObjectKey, type Places, placeOf } from '../objects/keys.ts';
import { nextOrigin, type Origin, provenanceOf } from '../objects/provenance.ts';
import { slim } from '../objects/sanitise.ts';
import { skipReason } from '../objects/skip.ts';
import type { Rule } from '../rules/rule.ts';
import { Coverage } from './coverage.ts';
import { Findings } from './findings.ts';
import { ListProgress } from './list-progress.ts';

/** How many objects are kept for writing at once. */
const MOST_BODIES = 800;

/** An object of the primary that is to be copied. */
export interface Original {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly rule: Rule;
  /** Where it came from, where it is a copy itself. */
  readonly inherited: Origin | undefined;
  /** Digest for every replica, or by replica where overrides make them differ. */
  readonly digest: string | ReadonlyMap<string, string>;
  /** Digest of the status, where the rule carries it; else empty. */
  readonly statusDigest: string;
  /** Why an override can't be applied. */
  readonly problem: string | undefined;
}

export interface PrimaryCacheOptions {
  readonly primary: Cluster;
  readonly kinds: readonly CopiedKind[];
  readonly shaping: Shaping;
  readonly places: Places;
  readonly destinations: readonly Destination[];
  /** Whether the task covers a namespace of the primary. */
  readonly covers: (namespace: string) => boolean;
  /** Nothing of the primary is to be copied, whatever it has. */
  readonly leaving?: boolean | undefined;
}

/** What became of an object that was shown to the primary cache. */
export type Taken = 'wanted' | 'unchanged' | 'dropped';

interface Body {
  readonly object: KubeObject;
  /** Of its copies, where these are known to be what sanitising leaves, and have not been made. */
  readonly digest?: string | undefined;
  readonly copies: Map<string, Copy>;
  /** Replicas that have no more use for it. */
  readonly done: Set<string>;
}

export class PrimaryCache {
  readonly #options: PrimaryCacheOptions;
  readonly coverage: Coverage;
  readonly findings: Findings;
  readonly #originals = new Map<ObjectKey, Original>();
  readonly #bodies = new Map<ObjectKey, Body>();
  /** Skipped objects by reason; only counted. */
  readonly #skipped = new Map<ObjectKey, string>();
  #older: SeenVersion | undefined;
  readonly #lists = new ListProgress();

  constructor(options: PrimaryCacheOptions) {
    this.#options = options;
    this.coverage = new Coverage(options.kinds, options.covers);
    this.findings = new Findings(options.shaping.map);
  }

  get size(): number {
    return this.#originals.size;
  }

  /** How many objects take room here: those that are copied or skipped, or those that lists have held, whichever is more. */
  get known(): number {
    return Math.max(this.#originals.size + this.#skipped.size, this.#lists.size);
  }

  /** An object that was shown in an older version than it had, said once: late news, or a restored primary. */
  takeOlder(): SeenVersion | undefined {
    const known = this.#older;
    this.#older = undefined;
    return known;
  }

  kind(name: string): CopiedKind | undefined {
    return this.coverage.kind(name);
  }

  keys(): IterableIterator<ObjectKey> {
    return this.#originals.keys();
  }

  original(key: ObjectKey): Original | undefined {
    return this.#originals.get(key);
  }

  /** How many objects were skipped, by reason. */
  get skipped(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const reason of this.#skipped.values()) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    return counts;
  }

  /**
   * Whether it is known what the primary has of what an object belongs to: by a complete list, or since the task does
   * not cover it and so wants nothing of it.
   */
  isComplete(key: ObjectKey): boolean {
    return !this.coverage.covers(key) || this.#lists.covers(key);
  }

  /** A list begins, in one of the scopes of a kind. */
  beginList(list: string): void {
    this.#lists.begin(list);
  }

  /** Takes note of an object. */
  take(kind: CopiedKind, object: KubeObject, list?: string): Taken {
    object.apiVersion ??= '';
    const key = this.#options.places.ofOriginal(kind.name, object);
    if (list !== undefined) this.#lists.add(list, key);
    if (this.#options.leaving) return this.#drop(key);
    const rule = this.coverage.ruleOnPrimary(key, object.metadata.labels);
    const reason = rule && (onItsWayOut(object) ?? skipReason(object));
    if (reason === undefined) this.#skipped.delete(key);
    else if (!object.metadata.deletionTimestamp) this.#skipped.set(key, reason);
    if (!rule || reason !== undefined) return this.#drop(key);
    return this.#note(key, rule, kind, object);
  }

  /** The list is complete: what it did not hold is gone. Returns what that was. */
  endList(list: string, kind: CopiedKind, namespace: string | undefined): ObjectKey[] {
    const listed = this.#lists.complete(list);
    const inList = isIn(kind.name, namespace);
    const gone = [...this.#originals.keys()].filter((key) => inList(key) && !listed.has(key));
    for (const key of gone) this.#drop(key);
    return gone;
  }

  /** The object is gone from the primary, or out of scope. */
  remove(kind: CopiedKind, object: KubeObject): ObjectKey {
    const key = this.#options.places.ofOriginal(kind.name, object);
    this.#drop(key);
    this.#skipped.delete(key);
    return key;
  }

  /** Digest of what a replica should have; undefined where nothing. */
  digest(key: ObjectKey, replica: string): string | undefined {
    const digest = this.#originals.get(key)?.digest;
    return digest === undefined || typeof digest === 'string' ? digest : digest.get(replica);
  }

  /** What a replica should have; undefined where nothing. */
  desired(key: ObjectKey, to: Destination): DesiredCopy | undefined {
    const original = this.#originals.get(key);
    if (!original) return undefined;
    const { uid, inherited } = original;
    const { task, primary } = this.#options.shaping;
    const { namespace } = placeOf(key);
    const from = { cluster: primary, task, namespace: namespace || undefined, uid, replica: to.cluster };
    return {
      digest: this.digest(key, to.name) ?? '',
      origin: nextOrigin(from, inherited),
    };
  }

  /**
   * The copy itself, newest version, read from the primary where it was not kept. Undefined: it is gone.
   * @throws {X8sError} an override does not fit, or the primary can't be asked
   */
  async copy(key: ObjectKey, to: Destination, signal: AbortSignal): Promise<Copy | undefined> {
    const body = this.#bodies.get(key) ?? (await this.#read(key, signal));
    const original = this.#originals.get(key);
    if (!body || !original) return undefined;
    const shared = typeof original.digest === 'string' && original.inherited === undefined;
    const name = shared ? '' : to.name;
    let copy = body.copies.get(name);
    if (!copy) {
      const { rule } = original;
      copy = copyOf(body.object, rule, to, this.#options.shaping, body.digest);
      body.copies.set(name, copy);
    }
    return copy;
  }

  /** Reads an object again, whose copies are shaped otherwise now though it has not changed itself. */
  async reread(key: ObjectKey, signal: AbortSignal): Promise<void> {
    this.#bodies.delete(key);
    const original = this.#originals.get(key);
    if (!original) return;
    this.#originals.set(key, { ...original, resourceVersion: '' });
    await this.#read(key, signal);
  }

  /** A replica has no more use for the object; once no replica has, it is not kept any longer. */
  release(key: ObjectKey, replica: string): void {
    const body = this.#bodies.get(key);
    body?.done.add(replica);
    if (body && body.done.size >= this.#options.destinations.length) this.#bodies.delete(key);
  }

  #note(key: ObjectKey, rule: Rule, { resource }: CopiedKind, object: KubeObject): Taken {
    const { uid = '', resourceVersion = '' } = object.metadata;
    const before = this.#originals.get(key);
    if (before?.resourceVersion === resourceVersion && before.rule === rule) return 'unchanged';
    if (before?.uid === uid && isOlder(resourceVersion, before.resourceVersion))
      this.#older = { key, resource, uid, version: before.resourceVersion };
    const digest = plainDigest(object, rule, this.#options.shaping);
    const body: Body = { object: slim(object), digest, copies: new Map(), done: new Set() };
    this.findings.note(key, object);
    const inherited = provenanceOf(object)?.origin;
    this.#originals.set(key, {
      uid,
      resourceVersion,
      rule,
      inherited,
      ...this.#digests(body, rule, inherited),
    });
    if (this.#bodies.has(key) || this.#bodies.size < MOST_BODIES) this.#bodies.set(key, body);
    return 'wanted';
  }

  #digests(
    body: Body,
    rule: Rule,
    inherited: Origin | undefined,
  ): Pick<Original, 'digest' | 'statusDigest' | 'problem'> {
    const { shaping, destinations } = this.#options;
    const { object, copies } = body;
    if (body.digest !== undefined) return { digest: body.digest, statusDigest: '', problem: undefined };
    const differ = differsByReplica(object, destinations, shaping);
    try {
      const targets = differ || inherited ? destinations : destinations.slice(0, 1);
      const made = targets.map((to) => [to.name, copyOf(object, rule, to, shaping)] as const);
      for (const [name, copy] of made) copies.set(differ || inherited ? name : '', copy);
      const [first] = made;
      const digest = differ
        ? new Map(made.map(([name, copy]) => [name, copy.digest]))
        : (first?.[1].digest ?? '');
      return { digest, statusDigest: first?.[1].statusDigest ?? '', problem: undefined };
    } catch (error) {
      return { digest: '', statusDigest: '', problem: messageOf(error) };
    }
  }

  #isOvertaken(key: ObjectKey, { metadata: { uid, resourceVersion = '' } }: KubeObject): boolean {
    const known = this.#originals.get(key);
    return known !== undefined && known.uid === uid && isOlder(resourceVersion, known.resourceVersion);
  }

  async #read(key: ObjectKey, signal: AbortSignal, again = true): Promise<Body | undefined> {
    const { kind: name, ...place } = placeOf(key);
    const kind = this.coverage.kind(name);
    if (!kind) return undefined;
    const { kube } = this.#options.primary;
    const where = { name: place.name, namespace: place.namespace || undefined };
    const known = this.#originals.get(key);
    const object = await fromPrimary(kube.find(kind.resource, where, { signal }));
    if (!object) {
      // The watch may have told of another object of that name meanwhile.
      if (this.#originals.get(key) === known) this.#drop(key);
      return undefined;
    }
    // The watch may have told of a newer one while this was on its way: that one counts. An answer to a question
    // that was asked after it is older only where the primary itself went back.
    if (again && this.#isOvertaken(key, object))
      return this.#bodies.get(key) ?? this.#read(key, signal, false);
    if (this.take(kind, object) === 'dropped') return undefined;
    return this.#bodies.get(key) ?? { object, copies: new Map(), done: new Set() };
  }

  #drop(key: ObjectKey): Taken {
    this.#bodies.delete(key);
    this.findings.forget(key);
    return this.#originals.delete(key) ? 'dropped' : 'unchanged';
  }
}

/** An object that is being deleted is neither copied nor pruned until it is gone. */
const onItsWayOut = ({ metadata }: KubeObject): string | undefined =>
  metadata.deletionTimestamp === undefined ? undefined : 'being deleted';
