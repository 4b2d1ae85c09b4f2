/** Pods that mount a claim, from one moment on: whoever comes while it is to stand still is noticed, gone again or not. */
import { limited } from '../../../src/async/until.ts';
import { RefusedError, TimeoutError } from '../../../src/errors.ts';
import type { Pod } from '../../../src/kube/api/objects.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { listWatch } from '../../../src/kube/watch/watch.ts';
import { type ClaimRef, describeClaim } from '../claims/claim.ts';
import type { ScaledWorkload } from '../records/cutover-state.ts';
import type { CopyContext } from '../run/request/request.ts';
import { LeavingPods } from './leaving-pods.ts';
import { usersAmong } from './workloads.ts';

export class ClaimUsers implements Disposable {
  readonly #ref: ClaimRef;
  readonly #context: CopyContext;
  readonly #pods = new Map<string, Pod>();
  readonly #over = new AbortController();
  readonly #unused = Promise.withResolvers<void>();
  /** All pods have been listed. */
  #isListed = false;
  /** What mounts the claim is told to stop by now: until then its pods come and go as they like. */
  #isStopped = false;
  #isUnused = false;
  /** Pods that were there when nobody mounted the claim any more, ended ones too. */
  #before: ReadonlySet<string | undefined> = new Set();
  /** Names of pods that came once nobody mounted the claim any more. */
  readonly #latecomers = new Set<string>();
  /** Why the pods are watched no longer. */
  #failure: unknown;

  /** Watches until it is disposed of. */
  constructor(ref: ClaimRef, context: CopyContext) {
    this.#ref = ref;
    this.#context = context;
    const { kube, namespace } = ref;
    const handler = {
      replaced: (items: readonly Pod[]) => {
        this.#pods.clear();
        for (const pod of items) this.#pods.set(pod.metadata.name, pod);
        this.#isListed = true;
        this.#look();
      },
      event: (type: string, pod: Pod) => {
        if (type === 'DELETED') this.#pods.delete(pod.metadata.name);
        else this.#pods.set(pod.metadata.name, pod);
        this.#look();
      },
    };
    // It may fail long before anybody asks.
    this.#unused.promise.catch(() => {});
    listWatch(kube, pods, { namespace }, handler, this.#over.signal).catch((error: unknown) => {
      this.#failure = error;
      this.#unused.reject(error);
    });
  }

  /**
   * Resolves once no pod but ours mounts the claim, from now on.
   *
   * @param stopped whose pods are awaited
   * @throws TimeoutError where one still does; RefusedError at once where one does that would not go by itself.
   */
  async gone(stopped: readonly ScaledWorkload[], timeoutMs: number): Promise<void> {
    const { clock, reporter } = this.#context;
    this.#isStopped = true;
    this.#look();
    const over = new AbortController();
    const signal = AbortSignal.any([this.#context.signal, over.signal]);
    const leaving = new LeavingPods(this.#ref, stopped, { clock, reporter, signal });
    const late = () => stillThere(this.#ref, this.#users(), leaving.holds, timeoutMs);
    const held = leaving.untilHeld(() => this.#users());
    held.catch(() => {});
    try {
      await limited(Promise.race([this.#unused.promise, held]), timeoutMs, late, clock, signal);
    } finally {
      over.abort();
    }
  }

  /**
   * @throws RefusedError where a pod has mounted the claim since nobody did: what it wrote may be in no copy.
   */
  async requireNoLatecomer(): Promise<void> {
    const { kube, namespace } = this.#ref;
    // What is there now may not have been told yet.
    const { items } = await kube.list(pods, { namespace, signal: this.#context.signal });
    this.#note(items);
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#latecomers.size === 0) return;
    throw new RefusedError(
      `pod ${[...this.#latecomers].join(', ')} mounted ${describeClaim(this.#ref)} while it was to stand still`,
      {
        hint: 'what it wrote may be in no copy: find out what starts it (a CronJob, another workload, a person), stop that first, and run the same command again',
      },
    );
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }

  #users(): Pod[] {
    return usersAmong(this.#ref.claim, [...this.#pods.values()]);
  }

  #look(): void {
    if (!this.#isListed || !this.#isStopped) return;
    const all = [...this.#pods.values()];
    if (this.#isUnused) {
      this.#note(all);
      return;
    }
    if (this.#users().length > 0) return;
    this.#isUnused = true;
    this.#before = new Set(all.map(({ metadata }) => metadata.uid));
    this.#unused.resolve();
  }

  /** Those of these that have come since nobody mounted the claim any more, and mount it or did until they ended. */
  #note(all: readonly Pod[]): void {
    const come = all.filter(({ metadata }) => !this.#before.has(metadata.uid));
    const asRunning = come.map((pod): Pod => ({ ...pod, status: { phase: 'Running' } }));
    for (const name of namesOf(usersAmong(this.#ref.claim, asRunning))) this.#latecomers.add(name);
  }
}

const namesOf = (users: readonly Pod[]): string[] => users.map(({ metadata }) => metadata.name);

function stillThere(
  ref: ClaimRef,
  users: readonly Pod[],
  holds: readonly string[],
  timeoutMs: number,
): TimeoutError {
  const { kube, namespace } = ref;
  const seconds = users.map(({ spec }) => spec.terminationGracePeriodSeconds ?? 0);
  const most = Math.max(0, ...seconds);
  const grace = most > 0 ? `; they may take ${most} s (terminationGracePeriodSeconds)` : '';
  const names = namesOf(users);
  const force = `kubectl --context ${kube.cluster.context} -n ${namespace} delete pod/${names.join(' pod/')} --force --grace-period=0`;
  return new TimeoutError(
    `pod ${names.join(', ')} still mounts ${describeClaim(ref)}, ${Math.round(timeoutMs / 1000)} s after its workload was stopped`,
    {
      details: holds,
      hint:
        holds.length > 0
          ? `see to what keeps it; where its node is really off, ${force} takes it away: one that runs on there goes on to write`
          : `--timeout gives its pods longer to end${grace}`,
    },
  );
}
