/** Writes one copy to one replica: server-side apply, and what to do where that is refused or leaves something. */
import type { Clock } from '../../../src/clock.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import { conflictCauses, immutable, isRefused, notAllTaken, WorkFailure } from '../clusters/failure.ts';
import type { Write } from '../decide/assess.ts';
import { type FieldDrift, fieldDriftOf, noFieldDrift, toBeRemoved } from '../decide/field-drift.ts';
import { fieldManager, handoverManager, type TaskSpec } from '../decide/spec.ts';
import { nameOnly } from '../objects/carry.ts';
import { at, type Draft } from '../objects/draft.ts';
import type { SanitiseContext } from '../objects/sanitise.ts';
import { applyCopy, applyStatus } from './apply.ts';
import { handOverReplicas, type OwnershipChange, takeOver } from './field-owners.ts';
import { Probes, probe } from './probe.ts';
import { removeForAnew } from './recreate.ts';

export type WritePolicy = Pick<TaskSpec, 'exact' | 'forceConflicts' | 'drift' | 'onImmutable'>;

export interface WriteRequest {
  readonly resource: Resource;
  /** What to apply; bears provenance. */
  readonly main: Draft;
  /** Where it is on the replica. */
  readonly place: { readonly namespace: string | undefined; readonly name: string };
  readonly write: Write;
  /** Of the object that was looked at: no other one is written to. */
  readonly uid?: string | undefined;
  readonly digest: string;
  /** Digest of what the replica has, comparable with `digest`. */
  readonly digestOf: (object: KubeObject) => string;
  /** What shaped the copy. */
  readonly context: SanitiseContext;
}

export interface Written {
  readonly object: KubeObject;
  /** Digest of what the replica made of it. */
  readonly live: string;
  /** The object had to be deleted and made anew. */
  readonly recreated: boolean;
  /** What others have in it besides. */
  readonly drift: FieldDrift;
}

type Sent = Pick<WriteRequest, 'resource' | 'main' | 'uid'>;

/** An answer to an apply. */
interface Applied {
  readonly object: KubeObject;
  /** Nothing of that name was there before, so that all that is there came of this write. */
  readonly isNew: boolean;
  readonly recreated: boolean;
}

/** Writes to one replica under one policy. */
export class Writer {
  readonly #kube: KubeClient;
  readonly #policy: WritePolicy;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #probes: Probes;

  constructor(kube: KubeClient, policy: WritePolicy, clock: Pick<Clock, 'now'>) {
    this.#kube = kube;
    this.#policy = policy;
    this.#clock = clock;
    this.#probes = new Probes(kube);
  }

  /**
   * Applies a copy. Where another object took the place of the one that was looked at, `isReplaced` of the rejection.
   * @throws {WorkFailure | ApiError | UnreachableError}
   */
  async write(request: WriteRequest, call: CallOptions): Promise<Written> {
    const { outcome } = request.write;
    if (outcome === 'adopt') await this.#takeOverBefore(request, call);
    if (outcome !== 'create') await this.#handOver(request, call);
    let applied = await this.#apply(request, call);
    if (applied.object.metadata.deletionTimestamp !== undefined) throw terminating(applied.object);
    if (applied.isNew && !applied.recreated) await this.#checkMade(request, applied.object, call);
    if (request.digestOf(applied.object) === request.digest) return written(request, applied, noFieldDrift);
    let drift = this.#fieldDriftOf(request, applied.object);
    const removable = toBeRemoved(drift, this.#takes(request));
    if (removable.length > 0) {
      await takeOver(this.#change(request, applied.object, call), removable);
      applied = { ...applied, object: await this.#send(request, true, call) };
      drift = this.#fieldDriftOf(request, applied.object);
    }
    const failure = await this.#notAllTaken(request, drift, applied, call);
    if (!failure) return written(request, applied, drift);
    if (failure.reason !== 'immutable') throw failure;
    return this.#madeAnew(request, failure, call);
  }

  /** A field that stayed as it was is right in a new object; others may turn out not to be. */
  async #madeAnew(request: WriteRequest, cause: WorkFailure, call: CallOptions): Promise<Written> {
    const anew = await this.#recreate(request, cause, call);
    const drift = this.#fieldDriftOf(request, anew.object);
    const failure = await this.#notAllTaken(request, drift, anew, call);
    if (failure) throw failure;
    return written(request, anew, drift);
  }

  async #notAllTaken(
    request: WriteRequest,
    { rest }: FieldDrift,
    { isNew }: Applied,
    call: CallOptions,
  ): Promise<WorkFailure | undefined> {
    return notAllTaken(aboutOf(request.main), await this.#probes.notTaken(request, rest, isNew, call));
  }

  /** Applies the status alone. */
  applyStatus(resource: Resource, status: Draft, call: CallOptions): Promise<KubeObject> {
    return applyStatus(this.#kube, resource, status, call);
  }

  /** Applies fields to an object that may be somebody else's: what they wrote by hand is overruled, what they apply is not. */
  async applyPart(
    resource: Resource,
    main: Draft,
    uid: string | undefined,
    call: CallOptions,
  ): Promise<KubeObject> {
    const { forceConflicts } = this.#policy;
    const send = (force: boolean) => this.#send({ resource, main, uid }, force, call);
    return send(forceConflicts).catch((error: unknown) => {
      if (uid === undefined || !mayOverrule(error, this.#policy)) throw error;
      return send(true);
    });
  }

  #fieldDriftOf({ main, context }: WriteRequest, object: KubeObject): FieldDrift {
    return fieldDriftOf(main, object, fieldManager, context);
  }

  #takes({ write }: WriteRequest) {
    return takesOf(write, this.#policy);
  }

  #change({ resource, main }: WriteRequest, object: KubeObject, call: CallOptions): OwnershipChange {
    const { apiVersion = '' } = main;
    return { kube: this.#kube, resource, object, apiVersion, clock: this.#clock, call };
  }

  /** What others wrote into an object becomes ours before it is applied: fields may exclude each other. */
  async #takeOverBefore(request: WriteRequest, call: CallOptions): Promise<boolean> {
    const present = await this.#kube.find(request.resource, request.place, call);
    if (!present || present.metadata.uid !== (request.uid ?? present.metadata.uid)) return false;
    const removable = toBeRemoved(this.#fieldDriftOf(request, present), this.#takes(request));
    if (removable.length > 0) await takeOver(this.#change(request, present, call), removable);
    return removable.length > 0;
  }

  /** The autoscaler that sets the number of pods from now on begins with the number that there is. */
  async #handOver(request: WriteRequest, call: CallOptions): Promise<void> {
    const { main, context, resource, place } = request;
    if (!context.isAutoscaled?.(main) || at(main, 'spec', 'replicas') !== undefined) return;
    const present = await this.#kube.find(resource, place, call);
    if (present) await handOverReplicas(this.#change(request, present, call));
  }

  async #apply(request: WriteRequest, call: CallOptions): Promise<Applied> {
    const { outcome, force } = request.write;
    const isNew = outcome === 'create';
    try {
      return { object: await this.#send(request, force, call), isNew, recreated: false };
    } catch (error) {
      if (isNew) throw error;
      if (isRefused(error)) return this.#afterRefusal(request, error, call);
      if (!mayOverrule(error, this.#policy)) throw error;
      return this.#overrule(request, call);
    }
  }

  /** Fields that others wrote by hand become ours. What else they wrote may then exclude what is applied. */
  async #overrule(request: WriteRequest, call: CallOptions): Promise<Applied> {
    try {
      return { object: await this.#send(request, true, call), isNew: false, recreated: false };
    } catch (error) {
      if (isRefused(error)) return this.#afterRefusal(request, error, call);
      throw error;
    }
  }

  /** The change was refused: for what others have in it, for a field that can't be changed, or altogether. */
  async #afterRefusal(request: WriteRequest, refusal: unknown, call: CallOptions): Promise<Applied> {
    let error = refusal;
    if (await this.#takeOverBefore(request, call))
      try {
        return { object: await this.#send(request, true, call), isNew: false, recreated: false };
      } catch (again) {
        error = again;
      }
    if (!isRefused(error)) throw error;
    const found = await probe(this.#kube, request.resource, request.main, call);
    if (found.is !== 'taken') throw error;
    return this.#recreate(request, immutable(aboutOf(request.main), error), call);
  }

  #send({ resource, main, uid }: Sent, force: boolean, call: CallOptions): Promise<KubeObject> {
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

  async #recreate(request: WriteRequest, cause: WorkFailure, call: CallOptions): Promise<Applied> {
    const { resource, place, uid, main } = request;
    const { onImmutable } = this.#policy;
    if (onImmutable === 'fail') throw cause;
    const present = await this.#kube.find(resource, place, call);
    if (present) {
      if (uid !== undefined && present.metadata.uid !== uid) throw replaced(present);
      // Before the old one goes: would the new one be taken at all, under another name?
      const found = await probe(this.#kube, resource, main, call);
      if (found.is === 'refused') throw found.error;
      await removeForAnew(this.#kube, resource, present, onImmutable, call);
    }
    const object = await this.#send({ ...request, uid: undefined }, false, call);
    return { object, isNew: true, recreated: true };
  }
}

const written = (request: WriteRequest, { object, recreated }: Applied, drift: FieldDrift): Written => ({
  object,
  live: request.digestOf(object),
  recreated,
  drift,
});

/**
 * Whether a conflict over what is ours is one that we decide. Edits by hand are drift, which is put right, and what we
 * wrote by another verb ourselves is ours. Another manager that applies is another owner: that is a conflict, for a
 * person.
 */
export function mayOverrule(error: unknown, { drift }: Pick<WritePolicy, 'drift'>): boolean {
  const causes = conflictCauses(error);
  const isOurs = ({ manager, byApply }: (typeof causes)[number]) =>
    !byApply && (drift === 'fix' || manager === fieldManager || manager === handoverManager);
  return causes.length > 0 && causes.every(isOurs);
}

/** What a write takes over of what others have in an object. */
export const takesOf = ({ outcome }: Write, { drift, exact, forceConflicts }: WritePolicy) => ({
  byHand: outcome !== 'update' || drift === 'fix',
  applied: outcome === 'adopt' || forceConflicts,
  keys: exact,
});

const aboutOf = ({ kind, metadata }: Draft): string => `${kind} ${metadata.name}`;

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
