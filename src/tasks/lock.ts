/**
 * The lock that decides who works on something: one object of the API, taken and kept by optimistic writes,
 * so that of two writers exactly one wins.
 *
 * A holder is dead when its object has not moved for as long as it promised, by the reader's own monotonic
 * clock, as in client-go's leader election; times of two machines are never compared. A dead process of this
 * very machine is known at once.
 */
import { GrowingPauses } from '../async/back-off.ts';
import { type Clock, momentOf } from '../clock.ts';
import { RefusedError, X8sError } from '../errors.ts';
import { isAlreadyExists, isConflict, isDenied, isNotFound, mayPass } from '../kube/api/api-error.ts';
import type { KubeClient } from '../kube/api/client.ts';
import type { ConfigMap, KubeObject } from '../kube/api/objects.ts';
import { HeldLock } from './held-lock.ts';
import {
  describeHolder,
  formatHolder,
  type Liveness,
  livenessOf,
  parseHolder,
  thisProcess,
} from './holder.ts';
import { type Claim, configMapLock, type LockKind, LockObject, type LockPlace } from './lock-object.ts';
import { Label } from './names.ts';

const STALE_AFTER_MS = 15_000;
const HEARTBEAT_MS = 5000;
const POLL_MS = 500;
/** Between looks that are denied. */
const deniedPause = { firstMs: 500, mostMs: 8000 };

export interface LockOptions<T extends KubeObject = ConfigMap> extends LockPlace {
  /** What is locked, in words for messages: `claim prod/data`. */
  readonly about: string;
  /** What it is held for, shown to whoever finds it held: `x8sync task web`. */
  readonly purpose: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** The lock's object; a ConfigMap where absent. */
  readonly kind?: LockKind<T>;
  /**
   * The uid of an object that exists already and is more than a lock, as a task's record: it is never made,
   * and freed instead of deleted.
   */
  readonly existing?: string | undefined;
  /** How long a holder may be silent before another takes over; 15 s where absent. */
  readonly staleAfterMs?: number;
  /** How often the holder renews it; 5 s where absent. */
  readonly heartbeatMs?: number;
  /** Told once for every holder that is waited for: to die, or (`waitForLock`) to let go. */
  readonly waiting?: (claim: Claim) => void;
  /**
   * This process was let do all that it takes before: where it is not now, that is waited out (`waitForLock`). Else so only
   * once it was let look.
   */
  readonly known?: boolean;
  /** Told once that it is not let, and that this is waited out. */
  readonly denied?: (error: X8sError) => void;
  /** As {@link formatHolder} writes it; this process where absent. */
  readonly holder?: string;
  readonly liveness?: typeof livenessOf;
}

/**
 * Takes the lock, or refuses (RefusedError: who holds it, since when, what for) as soon as its holder is seen
 * to be alive. A dead holder's lock is taken over: at once where it was a process of this machine, else after
 * `staleAfterMs` of watching.
 */
export function acquire<T extends KubeObject = ConfigMap>(
  kube: KubeClient,
  options: LockOptions<T>,
): Promise<HeldLock<T>> {
  return new Contest(kube, options, false).run();
}

/** Stands by until the lock is free or its holder is dead, and takes it. Ends without it by its signal only. */
export function waitForLock<T extends KubeObject = ConfigMap>(
  kube: KubeClient,
  options: LockOptions<T>,
): Promise<HeldLock<T>> {
  return new Contest(kube, options, true).run();
}

/** A version of the lock's object, and when this process first saw it, on its own clock. */
interface Sighting {
  readonly resourceVersion: string | undefined;
  readonly at: number;
}

class Contest<T extends KubeObject> {
  readonly #options: LockOptions<T>;
  readonly #kind: LockKind<T>;
  readonly #lock: LockObject<T>;
  readonly #patient: boolean;
  readonly #me: string;
  #sighting: Sighting | undefined;
  #waitingFor: string | undefined;
  #known: boolean;
  #isDenialTold = false;
  readonly #denials: GrowingPauses;

  constructor(kube: KubeClient, options: LockOptions<T>, patient: boolean) {
    this.#options = options;
    // Without a kind T is ConfigMap, the default of the type parameter.
    this.#kind = options.kind ?? (configMapLock as unknown as LockKind<T>);
    this.#lock = new LockObject(kube, this.#kind, options);
    this.#patient = patient;
    this.#known = options.known ?? false;
    this.#denials = new GrowingPauses(deniedPause, options.clock);
    this.#me = options.holder ?? formatHolder(thisProcess());
  }

  async run(): Promise<HeldLock<T>> {
    const { clock, signal } = this.#options;
    for (;;) {
      signal?.throwIfAborted();
      try {
        const held = await this.#attempt();
        if (held) return held;
        this.#known = true;
        this.#denials.reset();
      } catch (error) {
        this.#tolerate(error);
        if (isDenied(error)) {
          await this.#denials.wait(signal);
          continue;
        }
      }
      await clock.sleep(POLL_MS, signal);
    }
  }

  /** Whoever stands by also outlives an API server that is away, busy, or has forgotten its rights, for a while. */
  #tolerate(error: unknown): void {
    if (!this.#patient) throw error;
    if (mayPass(error)) return;
    if (!this.#known || !isDenied(error)) throw error;
    if (!this.#isDenialTold) this.#options.denied?.(error as X8sError);
    this.#isDenialTold = true;
  }

  async #attempt(): Promise<HeldLock<T> | undefined> {
    const object = await this.#lock.read({ signal: this.#options.signal });
    this.#checkOurs(object);
    if (object && !this.#mayTake(object)) return undefined;
    return this.#take(object);
  }

  /** Whether the lock is free, or its holder dead. Throws where it is held and not to be waited for. */
  #mayTake(object: T): boolean {
    const claim = this.#lock.claimOf(object);
    const moved = this.#look(object);
    if (object.metadata.deletionTimestamp !== undefined) return this.#awaitDeletion(object);
    if (claim === undefined || claim.holder === this.#me) return true;
    const liveness = this.#livenessOf(claim);
    if (liveness === 'dead') return true;
    if (!this.#patient && (moved || liveness === 'alive')) throw this.#held(claim);
    if (this.#unmovedMs() >= Math.max(claim.staleAfterMs, this.#staleAfterMs)) return true;
    if (this.#waitingFor !== claim.holder) this.#options.waiting?.(claim);
    this.#waitingFor = claim.holder;
    return false;
  }

  /** Notes the object's version; true where it is another than the one seen before. */
  #look({ metadata: { resourceVersion } }: T): boolean {
    const before = this.#sighting;
    if (before && before.resourceVersion === resourceVersion) return false;
    this.#sighting = { resourceVersion, at: this.#options.clock.monotonic() };
    return before !== undefined;
  }

  #unmovedMs(): number {
    return this.#options.clock.monotonic() - (this.#sighting?.at ?? Number.POSITIVE_INFINITY);
  }

  get #staleAfterMs(): number {
    return this.#options.staleAfterMs ?? STALE_AFTER_MS;
  }

  #livenessOf({ holder }: Claim): Liveness {
    return (this.#options.liveness ?? livenessOf)(parseHolder(holder));
  }

  #awaitDeletion(object: T): false {
    if (this.#patient || this.#unmovedMs() < this.#staleAfterMs) return false;
    const finalizers = object.metadata.finalizers?.join(', ') ?? 'none';
    throw new X8sError(`${this.#lock.describe()} is being deleted and does not go away.`, {
      details: [`finalizers: ${finalizers}`],
    });
  }

  async #take(object: T | undefined): Promise<HeldLock<T> | undefined> {
    const { clock, about, heartbeatMs = HEARTBEAT_MS } = this.#options;
    const keep = this.#kind.keep || this.#options.existing !== undefined;
    const taken = momentOf(clock);
    const claim = this.#newClaim();
    try {
      // Not to be aborted: a write that is cut off may have happened, and nobody would release the lock.
      const written = object ? await this.#lock.write(object, claim, {}) : await this.#lock.create(claim, {});
      const lock = this.#lock;
      const held = new HeldLock({ lock, object: written, claim, taken, clock, heartbeatMs, keep, about });
      // An answer may be so late that the lock can't be relied on any more; then it is taken once more.
      return held.signal.aborted ? undefined : held;
    } catch (error) {
      // Somebody else was quicker; a holder that appears now is seen moving, so it is alive.
      const gone = object !== undefined && isNotFound(error);
      if (!isConflict(error) && !isAlreadyExists(error) && !gone) throw error;
      this.#sighting ??= { resourceVersion: undefined, at: clock.monotonic() };
      return undefined;
    }
  }

  #newClaim(): Claim {
    const time = this.#options.clock.now().toISOString();
    const { purpose } = this.#options;
    return { holder: this.#me, since: time, renewed: time, staleAfterMs: this.#staleAfterMs, purpose };
  }

  /** An object of this name that is no lock of ours is somebody's data. */
  #checkOurs(object: T | undefined): void {
    const { labels, existing, about } = this.#options;
    if (existing !== undefined && object?.metadata.uid !== existing) {
      throw new RefusedError(`${about} was deleted meanwhile: ${this.#lock.describe()} is gone.`);
    }
    const manager = labels[Label.managedBy];
    if (!object || object.metadata.labels?.[Label.managedBy] === manager) return;
    throw new RefusedError(`${this.#lock.describe()} was not made by ${manager}, so it is no lock.`, {
      hint: 'It is left as it is. Rename or delete it if it is not needed.',
    });
  }

  #held(claim: Claim): RefusedError {
    const holder = parseHolder(claim.holder);
    return new RefusedError(`${this.#options.about} is in use by ${describeHolder(holder)}.`, {
      details: [
        ...(claim.purpose === '' ? [] : [`for: ${claim.purpose}`]),
        `since: ${claim.since}`,
        `last heard of: ${claim.renewed} (by its own clock)`,
        `lock: ${this.#lock.describe()}`,
      ],
      hint: `Wait until it has ended, or stop it there. A run that died frees its lock within ${Math.round(claim.staleAfterMs / 1000)} s.`,
    });
  }
}
