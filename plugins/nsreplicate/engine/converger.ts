/** Makes one object on one replica what it should be, from what both sides have now. */
import { ApiError } from '../../../src/kube/api-error.ts';
import type { CallOptions } from '../../../src/kube/client.ts';
import type { KubeObject } from '../../../src/kube/objects.ts';
import { refusesAlong } from '../decide/along.ts';
import { type Decision, decide, explain, type Wanted } from '../decide/decide.ts';
import { mayCopy } from '../decide/may-copy.ts';
import { explainVerdict, pruneVerdict } from '../decide/prune.ts';
import { makesObjects, ownsCopies, statusPart } from '../objects/carry.ts';
import { digestOf } from '../objects/digest.ts';
import { bearsStampOf, stamp } from '../objects/stamps.ts';
import { type Copy, liveDigest, madeDigest, type Shaping } from '../objects/wanted.ts';
import type { Catalogue, Original } from './catalogue.ts';
import type { Copies, CopyEntry } from './copies.ts';
import { alongWith, ownedBy } from './dependents.ts';
import { conflictCauses, fromPrimary, isReplaced, WorkFailure } from './failure.ts';
import { describe, type ObjectKey, type Places, placeOf } from './keys.ts';
import type { CopiedKind } from './kinds.ts';
import type { Settled, SettledOn } from './settlements.ts';
import type { Site } from './site.ts';
import { fieldManager, type TaskSpec } from './spec.ts';
import { terminating, type WriteRequest, Writer } from './writer.ts';

/** What came of one piece of work. */
export type Result =
  | {
      readonly did:
        | 'created'
        | 'updated'
        | 'recreated'
        | 'adopted'
        | 'put-right'
        | 'unchanged'
        | 'pruned'
        | 'gone';
    }
  /** Left as it is, on purpose. */
  | { readonly did: 'left'; readonly why: string };

/** The digest that a replica may have instead of what was applied; keys of others may not stay with `exact`. */
export function acceptedLive(
  settled: SettledOn,
  key: ObjectKey,
  applied: string,
  live: string | undefined,
  { exact }: Pick<TaskSpec, 'exact'>,
): string | undefined {
  const made = settled.find(key, applied, live);
  return made === undefined || (exact && made.foreign) ? undefined : live;
}

export interface ConvergerOptions {
  readonly primary: Site;
  readonly replica: Site;
  readonly spec: TaskSpec;
  readonly catalogue: Catalogue;
  readonly copies: Copies;
  readonly places: Places;
  readonly shaping: Shaping;
  readonly formerPrimaries: readonly string[];
  /** Shared with whoever persists them. */
  readonly settled: SettledOn;
  readonly settledChanged: () => void;
  /** Whether the deletion of an object, and of what goes with it, is allowed; counts them. */
  readonly brake: (key: ObjectKey, count: number) => boolean;
  /** What was allowed was refused by the replica. */
  readonly notDeleted: (key: ObjectKey, count: number) => void;
  /** How far the task's record is. */
  readonly marker: () => Promise<number>;
  /** Stops the brake where the primary is not what it was. */
  readonly confirmPrimary: () => Promise<void>;
  /** Rejects once this process may no longer write. */
  readonly fence: () => Promise<void>;
  readonly signal: AbortSignal;
}

export class Converger {
  readonly #options: ConvergerOptions;
  readonly #writer: Writer;

  constructor(options: ConvergerOptions) {
    this.#options = options;
    this.#writer = new Writer(options.replica.kube, options.spec);
  }

  /**
   * Works on one object until it is as it should be.
   * @throws {WorkFailure | ApiError | UnreachableError} it can't be, for now
   */
  async converge(key: ObjectKey): Promise<Result> {
    const { catalogue } = this.#options;
    const { kind: name } = placeOf(key);
    const kind = catalogue.kind(name);
    if (!kind) return { did: 'left', why: 'no rule covers its kind any more' };
    const original = catalogue.original(key);
    if (!original) return this.#prune(kind, key);
    if (original.problem !== undefined)
      throw new WorkFailure({ class: 'object', reason: 'override', message: original.problem });
    return ownsCopies(original.rule.carry) ? this.#own(kind, key, original) : this.#lend(kind, key, original);
  }

  /** Whether something would be written, as far as is known without asking. */
  differs(key: ObjectKey): boolean {
    const { catalogue } = this.#options;
    const original = catalogue.original(key);
    const wanted = catalogue.wanted(key, this.#destination);
    if (!original || !wanted || !ownsCopies(original.rule.carry)) return true;
    const decision = this.#decide(key, original, wanted);
    return decision !== undefined && !['nothing', 'refuse'].includes(decision.do);
  }

  get #call(): CallOptions {
    return { signal: this.#options.signal };
  }

  get #destination() {
    return { name: this.#options.replica.name, cluster: this.#options.replica.id };
  }

  /** Objects that are copied whole, and are ours on the replica. */
  async #own(kind: CopiedKind, key: ObjectKey, original: Original): Promise<Result> {
    const { catalogue, copies, spec } = this.#options;
    for (;;) {
      const wanted = catalogue.wanted(key, this.#destination);
      if (!wanted) return this.#prune(kind, key);
      const decision = this.#decide(key, original, wanted);
      if (!decision) return { did: 'left', why: cameFromThere };
      if (decision.do === 'nothing') {
        if (copies.get(key)?.live === wanted.digest)
          this.#settle(key, { applied: wanted.digest, live: wanted.digest });
        return this.#statusOnly(kind, key, original);
      }
      if (decision.do === 'look') await this.#look(kind, key, original);
      else if (decision.do === 'wait-gone') await this.#awaitGone(kind, key);
      else if (decision.do === 'refuse') {
        // Namespaces are there before us as a rule: their content may be ours all the same.
        if (kind.name === 'Namespace') return { did: 'left', why: 'it was there before' };
        throw new WorkFailure({
          class: 'decision',
          reason: decision.why,
          message: `${describe(key)}: ${explain(decision.why)}`,
        });
      } else {
        const why = decision.do === 'create' ? 'create' : decision.why;
        if (why === 'drift' && spec.drift === 'report')
          return { did: 'left', why: 'it was edited on the replica' };
        const result = await this.#write(kind, key, why).catch((error: unknown) => {
          const appeared = why === 'create' && conflictCauses(error).length > 0;
          if (!appeared && !isReplaced(error)) throw error;
          return undefined;
        });
        if (result) return result;
        // It appeared since it was looked for, or another one did: whose it is, its stamps tell.
        await this.#look(kind, key, original);
      }
    }
  }

  /** What is to be done, as far as is known without asking; undefined: it may not go to this replica. */
  #decide(key: ObjectKey, { inherited }: Original, wanted: Wanted): Decision | undefined {
    const { copies, spec, primary, replica, formerPrimaries } = this.#options;
    const present = copies.get(key);
    const route = { primary: primary.id, replica: replica.id, failBack: spec.failBack };
    if (!mayCopy(route, inherited, present?.stamp?.origin)) return undefined;
    const policy = { adopt: spec.adopt, formerPrimaries };
    return decide(wanted, present, this.#settledFor(key, wanted), policy);
  }

  #settledFor(key: ObjectKey, { digest }: Wanted): string | undefined {
    const { settled, copies, spec } = this.#options;
    return acceptedLive(settled, key, digest, copies.get(key)?.live, spec);
  }

  /** Reads what the replica has, and its digest. */
  async #look(kind: CopiedKind, key: ObjectKey, { rule }: Original): Promise<KubeObject | undefined> {
    const { copies, replica, places, shaping } = this.#options;
    const object = await replica.kube.find(kind.resource, places.onReplica(key), this.#call);
    if (object) copies.set(key, object, liveDigest(object, rule, shaping));
    else copies.delete(key);
    return object;
  }

  /** An apply onto what is being deleted would vanish with it. */
  async #awaitGone(kind: CopiedKind, key: ObjectKey): Promise<void> {
    const { copies, replica, places } = this.#options;
    const object = await replica.kube.find(kind.resource, places.onReplica(key), this.#call);
    if (!object) copies.delete(key);
    else if (object.metadata.deletionTimestamp !== undefined) throw terminating(object);
    else copies.set(key, object, undefined);
  }

  async #write(kind: CopiedKind, key: ObjectKey, why: WriteRequest['why']): Promise<Result> {
    const { catalogue, copies, places, shaping, fence } = this.#options;
    const before = copies.get(key);
    const copy = await catalogue.copy(key, this.#destination, this.#options.signal);
    const rule = catalogue.original(key)?.rule;
    if (!copy?.main || !rule) return this.#prune(kind, key);
    // What is put right stays what it was a copy of: where nothing is wrong with it after all, nothing is written.
    const marker = (why === 'drift' && before?.stamp?.marker) || (await this.#options.marker());
    await fence();
    const made = { origin: copy.origin, applied: copy.digest, marker };
    stamp(copy.main, made);
    const { object, live, recreated, foreign } = await this.#writer.write(
      {
        resource: kind.resource,
        main: copy.main,
        place: places.onReplica(key),
        why,
        uid: why === 'create' ? undefined : before?.uid,
        digest: copy.digest,
        digestOf: (present) => madeDigest(present, copy, rule, shaping),
      },
      this.#call,
    );
    copies.answered(key, object, live, bearsStampOf(object, copy.main) ? made : undefined);
    this.#settle(key, { applied: copy.digest, live, ...(foreign.length > 0 ? { foreign } : {}) });
    if (copy.status) await this.#applyStatus(kind, key, copy, object);
    if (why === 'drift' && object.metadata.resourceVersion === before?.resourceVersion)
      return { did: 'unchanged' };
    return { did: recreated ? 'recreated' : outcomes[why] };
  }

  /** Remembers what the replica made of it, so that its defaults and webhooks are not taken for drift. */
  #settle(key: ObjectKey, made: Settled): void {
    const { settled, settledChanged } = this.#options;
    if (made.live !== made.applied ? settled.set(key, made) : settled.delete(key)) settledChanged();
  }

  /** The main part is as it should be; the status may not be. */
  async #statusOnly(kind: CopiedKind, key: ObjectKey, { statusDigest }: Original): Promise<Result> {
    if (statusDigest === '') return { did: 'unchanged' };
    const copy = await this.#options.catalogue.copy(key, this.#destination, this.#options.signal);
    if (!copy?.status) return { did: 'unchanged' };
    const object = await this.#options.replica.kube.find(
      kind.resource,
      this.#options.places.onReplica(key),
      this.#call,
    );
    if (!object) return { did: 'unchanged' };
    return { did: (await this.#applyStatus(kind, key, copy, object)) ? 'updated' : 'unchanged' };
  }

  /** Applies the status where the object's own differs. True where it was written. */
  async #applyStatus(kind: CopiedKind, key: ObjectKey, copy: Copy, object: KubeObject): Promise<boolean> {
    const { shaping, copies, fence } = this.#options;
    const present = copy.status && statusPart(object, copy.status as KubeObject, { what: 'status' });
    const same = present && digestOf(present, shaping.key) === copy.statusDigest;
    if (!copy.status || same || !kind.resource.subresources.includes('status')) return false;
    await fence();
    const written = await this.#writer.applyStatus(kind.resource, copy.status, this.#call);
    copies.set(key, written, copies.get(key)?.live);
    return true;
  }

  /** Objects of others, of which a rule carries the status or some fields. */
  async #lend(kind: CopiedKind, key: ObjectKey, original: Original): Promise<Result> {
    const { catalogue, places, replica, spec, fence } = this.#options;
    const object = await this.#look(kind, key, original);
    const copy = await catalogue.copy(key, this.#destination, this.#options.signal);
    if (!copy) return { did: 'gone' };
    if (!object && !makesObjects(original.rule.carry))
      return { did: 'left', why: 'the replica does not have it' };
    let wrote = false;
    if (copy.main && this.#options.copies.get(key)?.live !== copy.digest) {
      await fence();
      const force = spec.forceConflicts;
      await replica.kube.apply(kind.resource, copy.main as KubeObject, {
        ...this.#call,
        fieldManager,
        force,
      });
      wrote = true;
    }
    const now = wrote ? await replica.kube.find(kind.resource, places.onReplica(key), this.#call) : object;
    if (now && (await this.#applyStatus(kind, key, copy, now))) wrote = true;
    if (now) await this.#look(kind, key, original);
    if (!wrote) return { did: 'unchanged' };
    return { did: object ? 'updated' : 'created' };
  }

  /** The primary does not have it, as far as was listed: it may have to go from the replica too. */
  async #prune(kind: CopiedKind, key: ObjectKey): Promise<Result> {
    const { catalogue, copies, replica, places, signal, fence, brake } = this.#options;
    const known = copies.get(key);
    if (!known) return { did: 'gone' };
    if (!catalogue.isComplete(key))
      throw new WorkFailure({
        class: 'later',
        reason: 'not-listed',
        message: `${kind.name} was not listed completely yet`,
      });
    const left = this.#leftBecause(kind, key, known);
    if (left !== undefined) return { did: 'left', why: left };
    // What is known may be old: the object itself decides, and its version is what may be deleted.
    const object = await replica.kube.find(kind.resource, places.onReplica(key), { signal });
    if (!object) {
      copies.delete(key);
      return { did: 'gone' };
    }
    const entry = copies.set(key, object, known.live);
    const stillLeft = this.#leftBecause(kind, key, entry);
    if (stillLeft !== undefined) return { did: 'left', why: stillLeft };
    // It was counted when it was told to go; each further word of it is none of a new deletion.
    if (entry.deleting) return { did: 'gone' };
    return this.#deleteIfGone(kind, key, object, { fence, brake });
  }

  /** Why a copy without an original stays; undefined where it may go. */
  #leftBecause(kind: CopiedKind, key: ObjectKey, present: CopyEntry): string | undefined {
    const { spec, primary, copies } = this.#options;
    const verdict = pruneVerdict({
      ...present,
      kind: kind.name,
      task: spec.name,
      primary: primary.id,
      inScope: copies.isInScope(key),
      onPrimary: false,
      flags: spec.prune,
    });
    return explainVerdict(verdict, kind.name);
  }

  async #deleteIfGone(
    kind: CopiedKind,
    key: ObjectKey,
    object: KubeObject,
    { fence, brake }: Pick<ConvergerOptions, 'fence' | 'brake'>,
  ): Promise<Result> {
    const { primary, replica, places, signal } = this.#options;
    const { namespace, name } = placeOf(key);
    const where = { namespace: namespace || undefined, name };
    const original = await fromPrimary(primary.kube.find(kind.resource, where, { signal }));
    if (original?.metadata.deletionTimestamp !== undefined)
      throw new WorkFailure({
        class: 'later',
        reason: 'leaving',
        message: `${describe(key)} is being deleted on the primary`,
      });
    if (original) return { did: 'left', why: 'it is still on the primary, but no rule covers it any more' };
    const count = 1 + (await this.#goesAlong(key, object)).length;
    await fromPrimary(this.#options.confirmPrimary());
    if (!brake(key, count))
      throw new WorkFailure({
        class: 'decision',
        reason: 'brake',
        message: `${describe(key)}: deletions are stopped; \`approve\` lets them go on`,
      });
    this.#options.copies.leaving(key);
    await fence();
    const { uid, resourceVersion } = object.metadata;
    const preconditions = { uid, resourceVersion, propagationPolicy: 'Background', signal } as const;
    try {
      await replica.kube.delete(kind.resource, places.onReplica(key), preconditions);
    } catch (error) {
      if (error instanceof ApiError) this.#options.notDeleted(key, count);
      throw error;
    }
    if (this.#options.settled.delete(key)) this.#options.settledChanged();
    return { did: 'pruned' };
  }

  /**
   * Names of what a deletion takes along.
   * @throws {WorkFailure} something that is not ours, or that stands for data
   */
  async #goesAlong(key: ObjectKey, object: KubeObject): Promise<readonly string[]> {
    const { replica, spec, signal } = this.#options;
    const isOurs = ownedBy(this.#options);
    const along = await alongWith(object, { kube: replica.kube, isOurs, signal });
    const message = refusesAlong(describe(key), along, spec.prune);
    if (message === undefined) return along.taken;
    throw new WorkFailure({ class: along.mayPass ? 'later' : 'decision', reason: 'guarded', message });
  }
}

/** Why nothing is sent back to where it came from. */
export const cameFromThere = 'it came from this replica';

const outcomes = {
  create: 'created',
  changed: 'updated',
  recreated: 'updated',
  drift: 'put-right',
  adopted: 'adopted',
} as const;
