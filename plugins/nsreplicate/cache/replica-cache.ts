/** What one replica has, reduced to what deciding needs. */
import type { KubeObject, ObjectMeta } from '../../../src/kube/api/objects.ts';
import { isOlder } from '../../../src/kube/api/resource-version.ts';
import type { Present } from '../decide/assess.ts';
import { fieldManager } from '../decide/spec.ts';
import { type ObjectKey, placeOf } from '../objects/keys.ts';
import {
  type BorneProvenance,
  borneProvenanceOf,
  type Provenance,
  wroteProvenance,
} from '../objects/provenance.ts';
import { skipReason } from '../objects/skip.ts';
import type { CopyScope } from './coverage.ts';

/** An object of a replica. */
export interface CopyEntry extends Present {
  readonly resourceVersion: string;
  /** A rule covers it whole, by its own labels. */
  readonly isRuled: boolean;
  /** No copy, and of what is never copied: nobody misses it elsewhere. */
  readonly isLeftOut: boolean;
  /** Changes with the content and not with the status; undefined for kinds that count no generations. */
  readonly revision: string | undefined;
}

function revisionOf({ generation, labels, annotations, deletionTimestamp }: ObjectMeta): string | undefined {
  return generation === undefined
    ? undefined
    : JSON.stringify([generation, labels, annotations, deletionTimestamp]);
}

/** Provenance that earlier versions wrote does not name its bearer, but the namespace that it was copied from. */
const isOwn = ({ own, provenance }: BorneProvenance, key: ObjectKey): boolean =>
  own ?? provenance.origin.namespace === (placeOf(key).namespace || undefined);

/** Whose an object of a replica is, as far as its provenance and its server tell. */
export function ownershipFactsOf(
  key: ObjectKey,
  object: KubeObject,
  known?: Provenance,
): Pick<CopyEntry, 'provenance' | 'isCopiedCopy' | 'isWritten'> {
  const mark = known ? { provenance: known, own: true } : borneProvenanceOf(object);
  const isCopiedCopy = mark !== undefined && !isOwn(mark, key);
  const provenance = isCopiedCopy ? undefined : mark?.provenance;
  return {
    provenance,
    isCopiedCopy,
    isWritten: provenance !== undefined && wroteProvenance(object, fieldManager),
  };
}

export class ReplicaCache {
  readonly #entries = new Map<ObjectKey, CopyEntry>();
  /** Copies of the task by namespace of the primary: what the brake measures against. */
  readonly #counts = new Map<string, number>();
  readonly #without = new Set<string>();
  readonly #task: string;
  readonly #scope: CopyScope;

  constructor(task: string, scope: CopyScope) {
    this.#task = task;
    this.#scope = scope;
  }

  get(key: ObjectKey): CopyEntry | undefined {
    return this.#entries.get(key);
  }

  keys(): IterableIterator<ObjectKey> {
    return this.#entries.keys();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Notes that the task does without a kind there, which it may not list, or does so no more. */
  doWithout(kind: string, isWithout: boolean): void {
    if (isWithout) this.#without.add(kind);
    else this.#without.delete(kind);
  }

  /** Whether the task does without a kind there. */
  isWithout(kind: string): boolean {
    return this.#without.has(kind);
  }

  /** How many copies of this task a namespace has that are not on their way out. */
  countIn(namespace: string): number {
    return this.#counts.get(namespace) ?? 0;
  }

  isOurs(key: ObjectKey): boolean {
    return this.#entries.get(key)?.provenance?.origin.task === this.#task;
  }

  /** Whether it is a copy of this task, and not on its way out. */
  stays(key: ObjectKey): boolean {
    return this.isOurs(key) && this.#entries.get(key)?.deleting === false;
  }

  /** Whether the task covers an object as it is there. */
  isInScope(key: ObjectKey): boolean {
    return this.#entries.get(key)?.isRuled === true && this.#scope.covers(key);
  }

  /** Takes note of an object, with the digest of its content where that is known, and its provenance likewise. */
  set(key: ObjectKey, object: KubeObject, live: string | undefined, known?: Provenance): CopyEntry {
    this.delete(key);
    const { metadata } = object;
    const ownership = ownershipFactsOf(key, object, known);
    const entry: CopyEntry = {
      ...ownership,
      isLeftOut: ownership.provenance === undefined && skipReason(object) !== undefined,
      uid: metadata.uid ?? '',
      resourceVersion: metadata.resourceVersion ?? '',
      deleting: metadata.deletionTimestamp !== undefined,
      isRuled: this.#scope.rules(key, metadata.labels),
      revision: revisionOf(metadata),
      live,
    };
    this.#entries.set(key, entry);
    if (this.stays(key)) this.#count(key, 1);
    return entry;
  }

  /**
   * Takes note of what the cluster answered to a write. An event that came before the answer, though it happened
   * after it, counts more: its content has yet to be looked at.
   */
  answered(key: ObjectKey, object: KubeObject, live: string, provenance?: CopyEntry['provenance']): void {
    const known = this.#entries.get(key);
    const { uid, resourceVersion = '' } = object.metadata;
    if (known?.uid === uid && isOlder(resourceVersion, known?.resourceVersion ?? '')) return;
    this.set(key, object, live, provenance);
  }

  delete(key: ObjectKey): void {
    if (this.stays(key)) this.#count(key, -1);
    this.#entries.delete(key);
  }

  /** It is about to be deleted: it does not count any more, though it may take a while until it is gone. */
  leaving(key: ObjectKey): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    if (this.stays(key)) this.#count(key, -1);
    this.#entries.set(key, { ...entry, deleting: true });
  }

  /**
   * A complete list did not hold it: it is gone, or was written while the list was on its way. A copy has to be asked
   * for before it is made anew, or what others wrote into it would tell of an object of theirs.
   */
  missed(key: ObjectKey): void {
    if (this.stays(key)) this.leaving(key);
    else this.delete(key);
  }

  /**
   * Takes note of an event. False: it told nothing new, being our own write, or older than what is known.
   */
  see(key: ObjectKey, object: KubeObject): boolean {
    const known = this.#entries.get(key);
    const { uid, resourceVersion = '' } = object.metadata;
    if (known?.uid === uid && !isOlder(known?.resourceVersion ?? '', resourceVersion)) return false;
    const isStatusOnly =
      known?.uid === uid && known?.revision !== undefined && known.revision === revisionOf(object.metadata);
    this.set(key, object, isStatusOnly ? known.live : undefined);
    return !isStatusOnly || known.live === undefined;
  }

  /**
   * Takes note of an object of a complete list, which is the truth even where it is older than what was known: the
   * cluster may have been restored from a backup. Where it is only late, its newer version comes as an event.
   */
  found(key: ObjectKey, object: KubeObject): void {
    const known = this.#entries.get(key);
    if (known?.resourceVersion !== object.metadata.resourceVersion) this.set(key, object, undefined);
  }

  #count(key: ObjectKey, more: number): void {
    const { namespace } = placeOf(key);
    this.#counts.set(namespace, (this.#counts.get(namespace) ?? 0) + more);
  }
}
