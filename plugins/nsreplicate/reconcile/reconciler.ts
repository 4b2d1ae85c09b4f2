/** Makes one object on one replica what it should be: carries out what is decided about it. */
import type { Clock } from '../../../src/clock.ts';
import type { CallOptions } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { ReplicaResults } from '../cache/applied-results.ts';
import type { PrimaryCache } from '../cache/primary-cache.ts';
import type { ReplicaCache } from '../cache/replica-cache.ts';
import {
  conflictCauses,
  isNamespaceMissing,
  isReplaced,
  undefinedIfNotServed,
  WorkFailure,
} from '../clusters/failure.ts';
import type { CopiedKind } from '../clusters/kinds.ts';
import { type Assessment, isWrite, type Write } from '../decide/assess.ts';
import { type FieldDrift, noFieldDrift } from '../decide/field-drift.ts';
import { explain, type LeaveReason, outcomes, type ReconcileResult } from '../decide/outcomes.ts';
import { assessPart, comparePart, differsInStatus } from '../decide/part.ts';
import { type Copy, liveDigest, madeDigest, type Shaping } from '../objects/copy.ts';
import { cloneJson, type Draft } from '../objects/draft.ts';
import { describe, type ObjectKey, type Places, placeOf } from '../objects/keys.ts';
import { readable } from '../objects/managed-fields.ts';
import { bearsProvenanceOf, writeProvenance } from '../objects/provenance.ts';
import type { Assessor } from './assessor.ts';
import { type DeletionOptions, deleteCopy } from './delete-copy.ts';
import { type Fence, fencedClient } from './fenced-client.ts';
import type { PrimaryCheck } from './primary-check.ts';
import { terminating, Writer } from './writer.ts';

/** What came of one piece of work. */
export type Result =
  | { readonly did: Exclude<ReconcileResult, 'left'> }
  /** Left as it is, on purpose. */
  | { readonly did: 'left'; readonly why: string };

const left = (why: LeaveReason): Result => ({ did: 'left', why: explain(why) });

export interface ReconcilerOptions extends DeletionOptions {
  readonly clock: Clock;
  readonly assessor: Assessor;
  readonly primaryCache: PrimaryCache;
  readonly replicaCache: ReplicaCache;
  readonly places: Places;
  readonly shaping: Shaping;
  /** Shared with whoever persists them. */
  readonly results: ReplicaResults;
  readonly resultsChanged: () => void;
  readonly primaryCheck: PrimaryCheck;
  /** The epoch of what is written now. */
  readonly epoch: () => number;
  /** As of `Fence`. */
  readonly fence: Fence['fence'];
  readonly lost?: AbortSignal | undefined;
}

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #writer: Writer;

  constructor(options: ReconcilerOptions) {
    const kube = fencedClient(options.replica.kube, options);
    this.#options = { ...options, replica: { ...options.replica, kube } };
    this.#writer = new Writer(kube, options.spec, options.clock);
  }

  /**
   * Works on one object until it is as it should be.
   * @throws {WorkFailure | ApiError | UnreachableError} it can't be, for now
   */
  async reconcile(key: ObjectKey): Promise<Result> {
    const { assessor, primaryCache } = this.#options;
    for (;;) {
      const assessment = assessor.assess(key);
      const kind = primaryCache.kind(placeOf(key).kind);
      if (!kind) return left('kind-dropped');
      const result = await this.#carryOut(assessment, kind, key);
      if (result) return result;
    }
  }

  /** Whether something would be written, as far as is known without asking. */
  differs(key: ObjectKey): boolean {
    return !['same', 'refuse', 'leave', 'gone'].includes(this.#options.assessor.assess(key).outcome);
  }

  /** Whether an object is as it should be, and neither cluster need be asked for that. */
  isSettled(key: ObjectKey): boolean {
    const { assessor, primaryCache } = this.#options;
    return assessor.assess(key).outcome === 'same' && !primaryCache.original(key)?.statusDigest;
  }

  /** Undefined: something new was found out, so it has to be assessed again. */
  async #carryOut(assessment: Assessment, kind: CopiedKind, key: ObjectKey): Promise<Result | undefined> {
    if (isWrite(assessment)) return this.#writeOrLook(assessment, kind, key);
    switch (assessment.outcome) {
      case 'same':
        return this.#same(kind, key);
      case 'gone':
        // It was told to be deleted, which does not mean that it is gone.
        return this.#options.replicaCache.get(key) ? this.#delete(kind, key) : { did: 'gone' };
      case 'leave':
        if (['keys-of-others', 'others-apply'].includes(assessment.why)) await this.#same(kind, key);
        return left(assessment.why);
      case 'delete':
        return this.#delete(kind, key);
      case 'compare':
        return this.#reconcilePart(kind, key);
      case 'look':
        return this.#look(kind, key);
      case 'wait':
        return assessment.why === 'terminating' ? this.#awaitGone(kind, key) : notListed(kind);
      case 'refuse':
        throw decision(assessment.why, `${describe(key)}: ${explain(assessment.why)}`);
      case 'fail':
        throw new WorkFailure({ class: 'object', reason: 'override', message: assessment.problem });
    }
  }

  get #call(): CallOptions {
    return { signal: this.#options.signal };
  }

  #copy(key: ObjectKey): Promise<Copy | undefined> {
    const { primaryCache, replica, signal } = this.#options;
    return primaryCache.copy(key, { name: replica.name, cluster: replica.id }, signal);
  }

  #find(kind: CopiedKind, key: ObjectKey): Promise<KubeObject | undefined> {
    const { replica, places } = this.#options;
    return replica.kube.find(kind.resource, places.onReplica(key), this.#call);
  }

  /** Reads what the replica has, and its digest. */
  async #look(kind: CopiedKind, key: ObjectKey): Promise<undefined> {
    await this.#read(kind, key);
  }

  async #read(kind: CopiedKind, key: ObjectKey): Promise<KubeObject | undefined> {
    const { primaryCache, replicaCache, shaping } = this.#options;
    const object = await this.#find(kind, key);
    const rule = primaryCache.original(key)?.rule;
    if (!object) replicaCache.delete(key);
    else replicaCache.set(key, object, rule && liveDigest(object, rule, shaping));
    return object;
  }

  /** An apply onto what is being deleted would vanish with it. */
  async #awaitGone(kind: CopiedKind, key: ObjectKey): Promise<undefined> {
    const { replicaCache } = this.#options;
    const object = await this.#find(kind, key);
    if (!object) replicaCache.delete(key);
    else if (object.metadata.deletionTimestamp !== undefined) throw terminating(object);
    else replicaCache.set(key, object, undefined);
  }

  async #writeOrLook(write: Write, kind: CopiedKind, key: ObjectKey): Promise<Result | undefined> {
    try {
      return await this.#write(write, kind, key);
    } catch (error) {
      const isOther = write.outcome === 'create' ? conflictCauses(error).length > 0 : isReplaced(error);
      if (!isOther) throw error;
      // An object of that name appeared meanwhile: its provenance tells whose it is.
      return this.#look(kind, key);
    }
  }

  async #write(write: Write, kind: CopiedKind, key: ObjectKey): Promise<Result | undefined> {
    const { primaryCache, replicaCache, places, shaping, fence } = this.#options;
    const before = replicaCache.get(key);
    const copy = await this.#copy(key);
    const rule = primaryCache.original(key)?.rule;
    if (!copy?.main || !rule) return undefined;
    // A correction keeps the sequence that the copy bears: where the copy needs none after all, the apply changes nothing.
    const sequence =
      (write.why === 'drift' && before?.provenance?.sequence) ||
      (await this.#options.primaryCheck.sequence());
    // What it finds out about the epoch goes into the copy.
    await fence();
    const made = { origin: copy.origin, applied: copy.digest, sequence, epoch: this.#options.epoch() };
    writeProvenance(copy.main, made);
    const { object, live, recreated, drift } = await this.#writer.write(
      {
        resource: kind.resource,
        main: copy.main,
        place: places.onReplica(key),
        write,
        uid: write.outcome === 'create' ? undefined : before?.uid,
        digest: copy.digest,
        digestOf: (present) => madeDigest(present, copy, rule, shaping),
        context: shaping,
      },
      this.#call,
    );
    replicaCache.answered(key, object, live, bearsProvenanceOf(object, copy.main) ? made : undefined);
    this.#remember(key, copy.digest, live, drift);
    if (copy.status) await this.#applyStatus(kind, key, copy, object);
    if (write.why === 'drift' && object.metadata.resourceVersion === before?.resourceVersion)
      return { did: 'unchanged' };
    return { did: outcomes[recreated ? 'recreate' : write.outcome].did };
  }

  /**
   * Remembers what the replica made of it, so that its defaults and webhooks are not taken for drift. What somebody
   * wrote by hand is drift for as long as it is there.
   */
  #remember(
    key: ObjectKey,
    applied: string,
    live: string,
    { byHand, applied: others, keys }: FieldDrift,
  ): void {
    const { results, resultsChanged } = this.#options;
    const foreign = keys.length > 0 ? { foreign: keys.map(readable) } : {};
    const made = { applied, live, ...foreign, ...(others.length > 0 ? { othersApply: true } : {}) };
    const isMade = live !== applied && byHand.length === 0;
    if (isMade ? results.set(key, made) : results.delete(key)) resultsChanged();
  }

  /** The main part is as it should be; the status may not be. */
  async #same(kind: CopiedKind, key: ObjectKey): Promise<Result> {
    const { primaryCache, replicaCache, replica } = this.#options;
    const applied = primaryCache.digest(key, replica.name);
    if (applied !== undefined && replicaCache.get(key)?.live === applied)
      this.#remember(key, applied, applied, noFieldDrift);
    if (!primaryCache.original(key)?.statusDigest) return { did: 'unchanged' };
    const copy = await this.#copy(key);
    const object = copy?.status && (await this.#find(kind, key));
    if (!copy || !object) return { did: 'unchanged' };
    return { did: (await this.#applyStatus(kind, key, copy, object)) ? 'updated' : 'unchanged' };
  }

  /** Applies the status where the object's own differs. True where it was written. */
  async #applyStatus(kind: CopiedKind, key: ObjectKey, copy: Copy, object: KubeObject): Promise<boolean> {
    const { shaping, replicaCache } = this.#options;
    const isServed = kind.resource.subresources.includes('status');
    if (!copy.status || !isServed || !differsInStatus(object, copy, shaping)) return false;
    const written = await this.#writer.applyStatus(kind.resource, copy.status, this.#call);
    replicaCache.set(key, written, replicaCache.get(key)?.live);
    return true;
  }

  /** An object of which a rule carries the status or some fields. */
  async #reconcilePart(kind: CopiedKind, key: ObjectKey): Promise<Result | undefined> {
    const { primaryCache, shaping, spec } = this.#options;
    const object = await this.#read(kind, key).catch(undefinedIfNotServed);
    const copy = await this.#copy(key);
    const rule = primaryCache.original(key)?.rule;
    if (!copy || !rule) return undefined;
    const hasStatus = kind.resource.subresources.includes('status');
    const difference = comparePart(object, copy, rule, shaping, hasStatus);
    const assessment = assessPart(object, difference, rule, spec.forceConflicts);
    if (assessment.outcome === 'leave') return left(assessment.why);
    if (assessment.outcome === 'same') return { did: 'unchanged' };
    if (assessment.outcome === 'wait' && object) throw terminating(object);
    const written = difference.main ? await this.#writePart(kind, key, copy, object) : object;
    if (!written) return left('no-namespace');
    await this.#applyStatus(kind, key, copy, written);
    await this.#read(kind, key);
    return { did: outcomes[object ? 'update' : 'create'].did };
  }

  /** Undefined: its namespace is not there, and is not ours to make. */
  async #writePart(kind: CopiedKind, key: ObjectKey, copy: Copy, object: KubeObject | undefined) {
    const { replicaCache, primaryCheck, epoch } = this.#options;
    const main = cloneJson(copy.main as Draft);
    // What this task made bears its provenance, and keeps it.
    if (!object || replicaCache.isOurs(key))
      writeProvenance(main, {
        origin: copy.origin,
        applied: copy.digest,
        sequence: await primaryCheck.sequence(),
        epoch: epoch(),
      });
    try {
      return await this.#writer.applyPart(kind.resource, main, object?.metadata.uid, this.#call);
    } catch (error) {
      if (!object && isNamespaceMissing(error)) return undefined;
      throw error;
    }
  }

  /** The primary did not list it: both sides are asked for the object itself before it is deleted. */
  async #delete(kind: CopiedKind, key: ObjectKey): Promise<Result | undefined> {
    const { assessor, replicaCache } = this.#options;
    const known = replicaCache.get(key);
    const object = await this.#find(kind, key);
    if (object) replicaCache.set(key, object, known?.live);
    else replicaCache.delete(key);
    const assessment = assessor.assess(key);
    if (assessment.outcome === 'gone' || !object) return { did: 'gone' };
    if (assessment.outcome !== 'delete') return undefined;
    const kept = await deleteCopy(kind, key, object, this.#options);
    if (kept !== undefined) return left(kept);
    if (this.#options.results.delete(key)) this.#options.resultsChanged();
    return { did: 'pruned' };
  }
}

const decision = (reason: string, message: string): WorkFailure =>
  new WorkFailure({ class: 'decision', reason, message });

function notListed({ name }: CopiedKind): never {
  const message = `${name} was not listed completely yet`;
  throw new WorkFailure({ class: 'later', reason: 'not-listed', message });
}
