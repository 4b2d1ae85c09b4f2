/**
 * What an API server and its garbage collector do to objects, in memory: versions, conflicts, preconditions,
 * finalizers, owners, and a log of events for watches. It knows no schema, no defaults and no admission.
 */
import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '../../../src/kube/api/api-error.ts';
import type { KubeObject, Status } from '../../../src/kube/api/objects.ts';

/** A collection, as `group/plural`; the core group is empty: `/pods`. */
export type Collection = string;

export interface FakeEvent {
  readonly collection: Collection;
  readonly version: number;
  /** Undefined before its creation. */
  readonly before: KubeObject | undefined;
  /** Undefined once it is gone. */
  readonly after: KubeObject | undefined;
}

export interface FakeDelete {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly propagationPolicy?: string | undefined;
}

const REASONS: Record<number, string> = { 404: 'NotFound', 409: 'Conflict', 410: 'Expired', 422: 'Invalid' };

/** The error that a real client makes of a failed answer. */
export function apiError(code: number, message: string, reason = REASONS[code] ?? ''): ApiError {
  const status: Status = { kind: 'Status', status: 'Failure', code, reason, message };
  return new ApiError(code, status, message);
}

const keyOf = (namespace: string | undefined, name: string) => `${namespace ?? ''}/${name}`;

export class FakeCluster {
  /** Set to false to keep what a deleted owner leaves behind, as a garbage collector that is down does. */
  collectsGarbage = true;
  readonly events: FakeEvent[] = [];
  /** Events up to this version are forgotten: a watch from there expires. */
  compactedAt = 0;
  readonly #objects = new Map<Collection, Map<string, KubeObject>>();
  readonly #listeners = new Set<() => void>();
  #version = 100;
  #uids = 0;
  #link = new AbortController();

  /** The newest resourceVersion. */
  get version(): number {
    return this.#version;
  }

  /** Forgets all events so far, as etcd's compaction does. */
  compact(): void {
    this.compactedAt = this.#version;
    this.events.length = 0;
  }

  /** Aborted when the connections of now are cut. */
  get link(): AbortSignal {
    return this.#link.signal;
  }

  /** Ends all watches that are open, as a restart of the API server does. */
  cutWatches(): void {
    this.#link.abort();
    this.#link = new AbortController();
  }

  /** Calls back after every event; returns how to stop that. */
  onEvent(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  find(collection: Collection, namespace: string | undefined, name: string): KubeObject | undefined {
    return structuredClone(this.#in(collection).get(keyOf(namespace, name)));
  }

  /** Everything in a collection, or of one namespace of it, in the order of its keys, as etcd keeps it. */
  all(collection: Collection, namespace?: string): KubeObject[] {
    return [...this.#in(collection)]
      .filter(([, object]) => namespace === undefined || object.metadata.namespace === namespace)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => structuredClone(object));
  }

  create(collection: Collection, object: KubeObject): KubeObject {
    const { generateName, name = `${generateName ?? ''}${this.#uids}`, namespace } = object.metadata;
    if (this.#in(collection).has(keyOf(namespace, name))) {
      throw apiError(409, `${collection} "${name}" already exists`, 'AlreadyExists');
    }
    const made = structuredClone(object);
    Object.assign(made.metadata, {
      name,
      uid: this.#nextUid(),
      creationTimestamp: new Date(0).toISOString(),
    });
    delete made.metadata.resourceVersion;
    delete made.metadata.deletionTimestamp;
    return this.#put(collection, undefined, made);
  }

  /** PUT: optimistic where the object bears a version. A write that changes nothing makes no new version. */
  replace(collection: Collection, object: KubeObject): KubeObject {
    const { namespace, name, uid, resourceVersion } = object.metadata;
    const before = this.#existing(collection, namespace, name);
    this.#check(before, { uid, resourceVersion });
    const after = structuredClone(object);
    const { creationTimestamp, deletionTimestamp } = before.metadata;
    Object.assign(after.metadata, { uid: before.metadata.uid, creationTimestamp, deletionTimestamp });
    if (deletionTimestamp === undefined) delete after.metadata.deletionTimestamp;
    after.metadata.resourceVersion = before.metadata.resourceVersion ?? '';
    if (isDeepStrictEqual(after, before)) return structuredClone(before);
    if (deletionTimestamp !== undefined && (after.metadata.finalizers ?? []).length === 0) {
      this.#drop(collection, after);
      return after;
    }
    return this.#put(collection, before, after);
  }

  /** False where there is nothing. An object with finalizers stays until they are gone. */
  delete(collection: Collection, namespace: string | undefined, name: string, how: FakeDelete = {}): boolean {
    const object = this.#in(collection).get(keyOf(namespace, name));
    if (!object) return false;
    this.#check(object, how);
    if (how.propagationPolicy === 'Orphan') this.#orphan(object);
    if ((object.metadata.finalizers ?? []).length === 0) this.#drop(collection, object);
    else if (object.metadata.deletionTimestamp === undefined) {
      const after = structuredClone(object);
      after.metadata.deletionTimestamp = new Date(0).toISOString();
      this.#put(collection, object, after);
    }
    return true;
  }

  #in(collection: Collection): Map<string, KubeObject> {
    const found = this.#objects.get(collection) ?? new Map<string, KubeObject>();
    this.#objects.set(collection, found);
    return found;
  }

  #existing(collection: Collection, namespace: string | undefined, name: string): KubeObject {
    const object = this.#in(collection).get(keyOf(namespace, name));
    if (!object) throw apiError(404, `${collection} "${name}" not found`);
    return object;
  }

  #check({ metadata }: KubeObject, { uid, resourceVersion }: FakeDelete): void {
    if (uid !== undefined && uid !== metadata.uid) {
      throw apiError(409, `${metadata.name}: the UID in the precondition (${uid}) is not ${metadata.uid}`);
    }
    if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
      throw apiError(409, `${metadata.name}: the object has been modified`);
    }
  }

  #nextUid(): string {
    this.#uids += 1;
    return `00000000-0000-4000-8000-${String(this.#uids).padStart(12, '0')}`;
  }

  #put(collection: Collection, before: KubeObject | undefined, after: KubeObject): KubeObject {
    this.#version += 1;
    after.metadata.resourceVersion = String(this.#version);
    this.#in(collection).set(keyOf(after.metadata.namespace, after.metadata.name), after);
    this.#tell({ collection, version: this.#version, before, after });
    return structuredClone(after);
  }

  #drop(collection: Collection, object: KubeObject): void {
    this.#version += 1;
    this.#in(collection).delete(keyOf(object.metadata.namespace, object.metadata.name));
    this.#tell({ collection, version: this.#version, before: object, after: undefined });
    if (this.collectsGarbage) this.#deleteChildren(object);
  }

  #tell(event: FakeEvent): void {
    this.events.push(event);
    for (const listener of this.#listeners) listener();
  }

  *#childrenOf({ metadata: { uid } }: KubeObject): Generator<[Collection, KubeObject]> {
    for (const [collection, objects] of this.#objects) {
      for (const object of [...objects.values()]) {
        if (object.metadata.ownerReferences?.some((owner) => owner.uid === uid)) yield [collection, object];
      }
    }
  }

  #deleteChildren(owner: KubeObject): void {
    for (const [collection, { metadata }] of this.#childrenOf(owner)) {
      if (metadata.ownerReferences?.length === 1) this.delete(collection, metadata.namespace, metadata.name);
    }
  }

  #orphan(owner: KubeObject): void {
    for (const [collection, child] of this.#childrenOf(owner)) {
      const after = structuredClone(child);
      after.metadata.ownerReferences =
        child.metadata.ownerReferences?.filter(({ uid }) => uid !== owner.metadata.uid) ?? [];
      this.#put(collection, child, after);
    }
  }
}
