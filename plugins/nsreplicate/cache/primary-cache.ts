/**
 * What the primary has, reduced to what deciding needs: digests, not objects. Objects themselves are kept only
 * while somebody is about to write them, and read again where there were too many to keep.
 */
import { messageOf } from '../../../src/errors.ts';
import type { CallOptions } from '../../../src/kube/client.ts';
import type { KubeObject } from '../../../src/kube/objects.ts';
import { isOlder } from '../../../src/kube/resource-version.ts';
import type { Site } from '../clusters/cluster.ts';
import { fromPrimary } from '../clusters/failure.ts';
import type { CopiedKind } from '../clusters/kinds.ts';
import { makesObjects } from '../objects/carry.ts';
import { describe, listOf, type ObjectKey, type ObjectPlace, type Places, placeOf } from '../objects/keys.ts';
import { unmappedMentions } from '../objects/mapping.ts';
import { type Need, needsOf } from '../objects/needs.ts';
import { remarkOn } from '../objects/remarks.ts';
import { slim } from '../objects/sanitise.ts';
import { skipReason } from '../objects/skip.ts';
import { nextOrigin, type Origin, stampOf } from '../objects/stamps.ts';
import { type Copy, copyOf, type Destination, type Shaping, type Wanted } from '../objects/wanted.ts';
import type { Rule } from '../rules/rule.ts';
import { ruleOf } from '../rules/scope.ts';
import type { Labels } from '../rules/selector.ts';
import type { CopyScope } from './replica-cache.ts';

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

export interface CatalogueOptions {
  readonly primary: Site;
  readonly kinds: readonly CopiedKind[];
  readonly shaping: Shaping;
  readonly places: Places;
  readonly destinations: readonly Destination[];
  /** Whether the task covers a namespace of the primary. */
  readonly covers: (namespace: string) => boolean;
}

/** An object as it was once seen. */
export interface Known {
  readonly key: ObjectKey;
  readonly uid: string;
  readonly version: string;
}

/** What an object needs of its cluster. */
export interface Needed {
  readonly need: Need;
  readonly by: ObjectKey;
}

/** What became of an object that was shown to the catalogue. */
export type Taken = 'wanted' | 'unchanged' | 'dropped';

interface Body {
  readonly object: KubeObject;
  readonly copies: Map<string, Copy>;
  /** Replicas that have no more use for it. */
  readonly done: Set<string>;
}

export class PrimaryCache {
  readonly #options: CatalogueOptions;
  readonly #kinds: ReadonlyMap<string, CopiedKind>;
  readonly #originals = new Map<ObjectKey, Original>();
  readonly #bodies = new Map<ObjectKey, Body>();
  /** Skipped objects by reason; only counted. */
  readonly #skipped = new Map<ObjectKey, string>();
  readonly #complete = new Set<string>();
  #older: Known | undefined;
  /** What objects need that were noted since somebody asked; each once. */
  readonly #needs = new Map<string, Needed>();
  /** What objects say of moved namespaces in texts, which nobody rewrites: how often, and where first. */
  readonly #mentions = new Map<string, Set<ObjectKey>>();
  /** Keys of a list that is under way. */
  readonly #listed = new Map<string, Set<ObjectKey>>();

  constructor(options: CatalogueOptions) {
    this.#options = options;
    this.#kinds = new Map(options.kinds.map((kind) => [kind.name, kind]));
  }

  get size(): number {
    return this.#originals.size;
  }

  /** An object that was shown in an older version than it had, said once: late news, or a restored primary. */
  takeOlder(): Known | undefined {
    const known = this.#older;
    this.#older = undefined;
    return known;
  }

  /** Whether the primary has an object in an older version than was known. */
  async isOlderNow({ key, uid, version }: Known, call: CallOptions): Promise<boolean> {
    const { kind: name, ...place } = placeOf(key);
    const kind = this.#kinds.get(name);
    const where = { name: place.name, namespace: place.namespace || undefined };
    const object = kind && (await this.#options.primary.kube.find(kind.resource, where, call));
    return object?.metadata.uid === uid && isOlder(object.metadata.resourceVersion ?? '', version);
  }

  kind(name: string): CopiedKind | undefined {
    return this.#kinds.get(name);
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
    const { kind, namespace } = placeOf(key);
    if (!this.coversPlace(key)) return true;
    return this.#complete.has(listOf(kind, undefined)) || this.#complete.has(listOf(kind, namespace));
  }

  /** A list begins, in one of the scopes of a kind. */
  beginList(list: string): void {
    this.#listed.set(list, new Set());
  }

  /** Takes note of an object. */
  take(kind: CopiedKind, object: KubeObject, list?: string): Taken {
    object.apiVersion ??= '';
    const key = this.#options.places.ofOriginal(kind.name, object);
    if (list !== undefined) this.#listed.get(list)?.add(key);
    const rule = this.#ruleFor(kind, object);
    const reason = rule && (onItsWayOut(object) ?? skipReason(object));
    if (reason === undefined) this.#skipped.delete(key);
    else if (!object.metadata.deletionTimestamp) this.#skipped.set(key, reason);
    if (!rule || reason !== undefined) return this.#drop(key);
    return this.#note(key, rule, object);
  }

  /** The list is complete: what it did not hold is gone. Returns what that was. */
  endList(list: string, kind: CopiedKind, namespace: string | undefined): ObjectKey[] {
    const listed = this.#listed.get(list) ?? new Set();
    this.#listed.delete(list);
    this.#complete.add(list);
    const gone = [...this.#originals.keys()].filter((key) => {
      const place = placeOf(key);
      if (place.kind !== kind.name || listed.has(key)) return false;
      return namespace === undefined || place.namespace === namespace;
    });
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
  wanted(key: ObjectKey, to: Destination): Wanted | undefined {
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
      copy = copyOf(body.object, original.rule, to, this.#options.shaping);
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

  /** What workloads and claims need of their clusters, each once, of those that came since this was asked last. */
  takeNeeds(): Needed[] {
    const needs = [...this.#needs.values()];
    this.#needs.clear();
    return needs;
  }

  /** What a person should know of objects: names of moved namespaces that are not rewritten, Jobs that run again. */
  mentions(): string[] {
    return [...this.#mentions].map(([what, keys]) => {
      const [first = ''] = keys;
      const others = keys.size > 1 ? ` and ${keys.size - 1} more` : '';
      return `${describe(first)}${others}: ${what}`;
    });
  }

  /** A replica is not about to write the object any more; where no other one is, it need not be kept. */
  release(key: ObjectKey, replica: string): void {
    const body = this.#bodies.get(key);
    body?.done.add(replica);
    if (body && body.done.size >= this.#options.destinations.length) this.#bodies.delete(key);
  }

  /** Whether an object of that place could be copied, whatever labels one bears that is there already. */
  coversPlace(key: ObjectKey): boolean {
    const place = placeOf(key);
    const within = withinOf(place);
    return this.#kinds.has(place.kind) && (within === undefined || this.#options.covers(within));
  }

  /** What the task covers of what a replica has. */
  readonly copyScope: CopyScope = {
    covers: (key) => this.coversPlace(key),
    rules: (key, labels) => {
      const rule = this.ruleOnReplica(key, labels);
      // What a rule carries too little of to make it is somebody else's, also where it was made by another rule.
      return rule ? makesObjects(rule.carry) : this.#mayHaveMade(key);
    },
  };

  /** The rule for an object as it is on a replica. */
  ruleOnReplica(key: ObjectKey, labels: Labels | undefined): Rule | undefined {
    const place = placeOf(key);
    const kind = this.#kinds.get(place.kind);
    return kind && ruleOf(kind.rules, kind.resource, withinOf(place), labels);
  }

  /** What a rule for fields makes does not bear the labels by which that rule chose its original. */
  #mayHaveMade(key: ObjectKey): boolean {
    const place = placeOf(key);
    const rules = this.#kinds.get(place.kind)?.rules ?? [];
    return rules.some(
      ({ rule: { carry }, coversNamespace }) =>
        carry.what === 'fields' && makesObjects(carry) && coversNamespace(withinOf(place)),
    );
  }

  #ruleFor(kind: CopiedKind, { metadata }: KubeObject): Rule | undefined {
    const within = withinOf({ kind: kind.name, namespace: metadata.namespace ?? '', name: metadata.name });
    if (within !== undefined && !this.#options.covers(within)) return undefined;
    return ruleOf(kind.rules, kind.resource, within, metadata.labels);
  }

  #note(key: ObjectKey, rule: Rule, object: KubeObject): Taken {
    const { uid = '', resourceVersion = '' } = object.metadata;
    const before = this.#originals.get(key);
    if (before?.resourceVersion === resourceVersion && before.rule === rule) return 'unchanged';
    if (before?.uid === uid && isOlder(resourceVersion, before.resourceVersion))
      this.#older = { key, uid, version: before.resourceVersion };
    const body: Body = { object: slim(object), copies: new Map(), done: new Set() };
    this.#noteNeeds(key, object);
    const inherited = stampOf(object)?.origin;
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

  /** What it names of a cluster around it. */
  #noteNeeds(key: ObjectKey, object: KubeObject): void {
    this.#forgetMentions(key);
    const mentions = unmappedMentions(object, this.#options.shaping.map);
    const remark = remarkOn(object);
    const all = mentions.map((what) => `${what}, which stays as it is`);
    for (const what of remark === undefined ? all : [...all, remark])
      this.#mentions.set(what, (this.#mentions.get(what) ?? new Set()).add(key));
    for (const need of needsOf(object)) this.#needs.set(Object.values(need).join('|'), { need, by: key });
  }

  /** There are as many texts as moved namespaces, and few others, at most. */
  #forgetMentions(key: ObjectKey): void {
    for (const [what, keys] of this.#mentions)
      if (keys.delete(key) && keys.size === 0) this.#mentions.delete(what);
  }

  #digests(
    body: Body,
    rule: Rule,
    inherited: Origin | undefined,
  ): Pick<Original, 'digest' | 'statusDigest' | 'problem'> {
    const { shaping, destinations } = this.#options;
    const { object, copies } = body;
    const differ = shaping.overrides.some((override) =>
      destinations.some(({ name }) => override.applies(object, name)),
    );
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
    const kind = this.#kinds.get(name);
    if (!kind) return undefined;
    const { kube } = this.#options.primary;
    const where = { name: place.name, namespace: place.namespace || undefined };
    const known = this.#originals.get(key);
    const object = await fromPrimary(kube.find(kind.resource, where, { signal }));
    if (!object) {
      // One that was told of meanwhile is another one.
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
    this.#forgetMentions(key);
    return this.#originals.delete(key) ? 'dropped' : 'unchanged';
  }
}

/** The namespace that decides on an object: of a Namespace it is its own name. */
const withinOf = ({ kind, namespace, name }: ObjectPlace): string | undefined =>
  (kind === 'Namespace' ? name : namespace) || undefined;

/** An object that is being deleted is neither copied nor pruned until it is gone. */
const onItsWayOut = ({ metadata }: KubeObject): string | undefined =>
  metadata.deletionTimestamp === undefined ? undefined : 'being deleted';
