/** Writes one copy to one replica: server-side apply, and what to do where that is refused. */
import { ApiError } from '../../../src/kube/api-error.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/client.ts';
import type { KubeObject } from '../../../src/kube/objects.ts';
import type { Resource } from '../../../src/kube/resources.ts';
import { type Along, nothingAlong, sumUp } from '../decide/along.ts';
import type { Write } from '../decide/assess.ts';
import { differences, isForeignKey } from '../decide/differences.ts';
import { nameOnly } from '../objects/carry.ts';
import { at, type Draft, groupKind, isJson, put } from '../objects/draft.ts';
import { definitions } from '../objects/order.ts';
import { sanitise } from '../objects/sanitise.ts';
import { withoutStamps } from '../objects/stamps.ts';
import { applyCopy } from './apply.ts';
import { alongWith } from './dependents.ts';
import { conflictCauses, isImmutable, WorkFailure } from './failure.ts';
import { fieldManager, type OnImmutable, type TaskSpec } from './spec.ts';

export type WritePolicy = Pick<TaskSpec, 'exact' | 'drift' | 'onImmutable'>;

export interface WriteRequest {
  readonly resource: Resource;
  /** What to apply; bears stamps. */
  readonly main: Draft;
  /** Where it is on the replica. */
  readonly place: { readonly namespace: string | undefined; readonly name: string };
  readonly write: Write;
  /** Of the object that was looked at: no other one is written to. */
  readonly uid?: string | undefined;
  readonly digest: string;
  /** Digest of what the replica has, comparable with `digest`. */
  readonly digestOf: (object: KubeObject) => string;
}

export interface Written {
  readonly object: KubeObject;
  /** Digest of what the replica made of it. */
  readonly live: string;
  /** The object had to be deleted and made anew. */
  readonly recreated: boolean;
  /** Keys of others in mirrored maps that are still there, as `data.color`. */
  readonly foreign: readonly string[];
}

/** Writes to one replica under one policy. */
export class Writer {
  readonly #kube: KubeClient;
  readonly #policy: WritePolicy;

  constructor(kube: KubeClient, policy: WritePolicy) {
    this.#kube = kube;
    this.#policy = policy;
  }

  /**
   * Applies a copy. Where another object took the place of the one that was looked at, `isReplaced` of the rejection.
   * @throws {WorkFailure | ApiError | UnreachableError}
   */
  async write(request: WriteRequest, call: CallOptions): Promise<Written> {
    const { object, recreated } = await this.#apply(request, call);
    if (object.metadata.deletionTimestamp !== undefined) throw terminating(object);
    if (request.write.outcome === 'create' && !recreated) await this.#checkMade(request, object, call);
    const live = request.digestOf(object);
    const foreign = live === request.digest ? [] : foreignKeys(request.main, object);
    if (foreign.length === 0) return { object, live, recreated, foreign: [] };
    const names = foreign.map((path) => path.join('.'));
    if (!this.#policy.exact && request.write.outcome !== 'adopt')
      return { object, live, recreated, foreign: names };
    const cleaned = await this.#remove(request, object, foreign, call);
    return { object: cleaned, live: request.digestOf(cleaned), recreated, foreign: [] };
  }

  /** Applies the status alone. Status belongs to controllers, so it is always taken over. */
  applyStatus(resource: Resource, status: Draft, call: CallOptions): Promise<KubeObject> {
    return this.#kube.apply(resource, status as KubeObject, {
      ...call,
      fieldManager,
      force: true,
      subresource: 'status',
    });
  }

  async #apply(
    request: WriteRequest,
    call: CallOptions,
  ): Promise<{ object: KubeObject; recreated: boolean }> {
    const { outcome, force } = request.write;
    try {
      return { object: await this.#send(request, force, call), recreated: false };
    } catch (error) {
      if (isImmutable(error)) return { object: await this.#recreate(request, error, call), recreated: true };
      if (outcome === 'create' || !mayOverrule(error, this.#policy)) throw error;
      return { object: await this.#send(request, true, call), recreated: false };
    }
  }

  #send({ resource, main, uid }: WriteRequest, force: boolean, call: CallOptions): Promise<KubeObject> {
    // What is applied may be shared with other replicas, so it is not written into.
    const object = uid === undefined ? main : { ...main, metadata: { ...main.metadata, uid } };
    return applyCopy(this.#kube, resource, object, { ...call, force });
  }

  /**
   * Between our looking and our writing somebody else may have made an object of that name: then ours is taken
   * out of it again.
   */
  async #checkMade({ resource, main }: WriteRequest, object: KubeObject, call: CallOptions): Promise<void> {
    const others = (object.metadata.managedFields ?? []).map((entry) => String(at(entry, 'manager')));
    if (others.every((manager) => manager === fieldManager)) return;
    await this.#kube.apply(resource, nameOnly(main) as KubeObject, { ...call, fieldManager, force: true });
    throw new WorkFailure({
      class: 'decision',
      reason: 'not-ours',
      message: `${main.kind} ${main.metadata.name} appeared on the replica meanwhile, made by ${[...new Set(others)].join(', ')}`,
    });
  }

  /** Removes keys of others; refused by the server where the object changed since. */
  #remove(
    request: WriteRequest,
    object: KubeObject,
    paths: readonly string[][],
    call: CallOptions,
  ): Promise<KubeObject> {
    const patch: Draft = { metadata: { name: object.metadata.name } };
    if (object.metadata.resourceVersion !== undefined)
      patch.metadata.resourceVersion = object.metadata.resourceVersion;
    for (const path of paths) put(patch, path, null);
    return this.#kube.patch(request.resource, request.place, patch, { ...call, type: 'merge', fieldManager });
  }

  async #recreate(request: WriteRequest, cause: unknown, call: CallOptions): Promise<KubeObject> {
    const { resource, main, place } = request;
    const mode = this.#policy.onImmutable;
    // What appeared between looking and writing was not looked at: it may be anybody's.
    if (mode === 'fail' || request.write.outcome === 'create') throw cause;
    const present = await this.#kube.find(resource, place, call);
    if (present) {
      if (request.uid !== undefined && present.metadata.uid !== request.uid) throw replaced(present);
      if (wasBound(present)) throw neverRecreated(present);
      await this.#checkAlone(present, mode, call);
      await this.#dryRun(request, present, call);
      const { uid, resourceVersion } = present.metadata;
      // A claim may be bound at any moment, so only what was looked at may go.
      const propagationPolicy = propagation(mode);
      await this.#kube.delete(resource, place, { ...call, uid, resourceVersion, propagationPolicy });
      const { waitGone } = await import('../../../src/kube/wait.ts');
      await waitGone(this.#kube, resource, place, {
        uid,
        timeoutMs: 60_000,
        signal: call.signal,
        what: `${main.kind} ${place.name}`,
      });
    }
    return this.#send({ ...request, uid: undefined }, false, call);
  }

  /** What is made anew is deleted first: nothing may go with it. */
  async #checkAlone(present: KubeObject, mode: OnImmutable, call: CallOptions): Promise<void> {
    const { taken, strangers } = await whatGoesAlong(this.#kube, present, mode, call);
    if (taken.length + strangers.length === 0) return;
    throw new WorkFailure({
      class: 'decision',
      reason: 'immutable',
      message: `${present.kind} ${present.metadata.name} is never made anew while ${sumUp([...strangers, ...taken])} would go with it`,
    });
  }

  /** Before the old one goes: would the new one be taken at all, under another name? */
  async #dryRun({ resource, main }: WriteRequest, present: KubeObject, call: CallOptions): Promise<void> {
    const probe = structuredClone(main);
    probe.metadata.name = `${present.metadata.name.slice(0, 40)}-x8s-probe`;
    try {
      await this.#kube.create(resource, probe as KubeObject, { ...call, dryRun: true, fieldManager });
    } catch (error) {
      // What is wrong with the probe's own name is not wrong with the object.
      const causes = error instanceof ApiError ? (error.status?.details?.causes ?? []) : [];
      const isAboutName = causes.some(({ field }) => field === 'metadata.name');
      if (error instanceof ApiError && [403, 422].includes(error.code) && !isAboutName) throw error;
    }
  }
}

/**
 * Whether a conflict over what is ours is one that we settle. Edits by hand are drift, which is put right, and what we
 * wrote by another verb ourselves is ours. Another
 * manager that applies is another owner: that is a conflict, for a person.
 */
export function mayOverrule(error: unknown, { drift }: Pick<WritePolicy, 'drift'>): boolean {
  const causes = conflictCauses(error);
  const isOurs = ({ manager, byApply }: (typeof causes)[number]) =>
    !byApply && (drift === 'fix' || manager === fieldManager);
  return causes.length > 0 && causes.every(isOurs);
}

/** What would go with an object that is deleted to be made anew; owned objects are left behind where that is asked for. */
export function whatGoesAlong(
  kube: KubeClient,
  object: KubeObject,
  mode: OnImmutable,
  { signal }: CallOptions,
): Promise<Along> {
  const isContainer = [definitions, 'Namespace'].includes(groupKind(object));
  if (mode === 'recreate-orphan' && !isContainer) return Promise.resolve(nothingAlong);
  return alongWith(object, { kube, isOurs: () => false, signal });
}

const propagation = (mode: OnImmutable) => (mode === 'recreate-orphan' ? 'Orphan' : 'Background');

/** A claim that was ever bound stands for a person's data. */
export function wasBound({ kind, spec, metadata, status }: KubeObject): boolean {
  if (kind !== 'PersistentVolumeClaim') return false;
  return (
    at(spec, 'volumeName') !== undefined ||
    at(status, 'phase') !== 'Pending' ||
    metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined
  );
}

const neverRecreated = ({ metadata }: KubeObject) =>
  new WorkFailure({
    class: 'decision',
    reason: 'immutable',
    message: `PersistentVolumeClaim ${metadata.name} was bound, so it is never made anew: it stands for data`,
  });

const replaced = ({ kind, metadata }: KubeObject) =>
  new WorkFailure({
    class: 'later',
    reason: 'replaced',
    message: `${kind} ${metadata.name} was replaced on the replica meanwhile`,
  });

/** An apply onto an object that is being deleted answers 200, and then both are gone. */
export const terminating = ({ kind, metadata }: KubeObject) =>
  new WorkFailure({
    class: 'later',
    reason: 'terminating',
    message: `${kind} ${metadata.name} is being deleted on the replica${
      metadata.finalizers?.length ? ` and waits for ${metadata.finalizers.join(', ')}` : ''
    }`,
    retryAfterMs: 500,
  });

/**
 * Paths of keys in mirrored maps that others put there. What a webhook adds to what we apply bears our own
 * manager's name: to remove it would be a fight without end.
 */
export function foreignKeys(main: Draft, present: KubeObject): string[][] {
  const wanted = structuredClone(main);
  withoutStamps(wanted);
  const extra = differences(wanted, sanitise(present)).flatMap((difference) =>
    difference.how === 'extra' && isJson(difference.present) && isMirrored(difference.path)
      ? Object.keys(difference.present).map((key) => ({ ...difference, path: [...difference.path, key] }))
      : [difference],
  );
  return extra
    .filter((difference) => isForeignKey(difference) && isByOthers(difference.path, present))
    .map(({ path }) => [...path]);
}

/** Whether somebody else owns a field. What a webhook puts into our own writes is ours, or nobody's. */
function isByOthers(path: readonly string[], { metadata: { managedFields = [] } }: KubeObject): boolean {
  const field = path.map((key) => `f:${key}`);
  return managedFields.some(
    (entry) => at(entry, 'manager') !== fieldManager && at(entry, 'fieldsV1', ...field) !== undefined,
  );
}

/** A whole map that only the replica has. */
const isMirrored = (path: readonly string[]): boolean =>
  ['data', 'binaryData', 'stringData', 'metadata.labels', 'metadata.annotations'].includes(path.join('.'));
