/** Pods that mount a claim, from one moment on: whoever comes while it is to stand still is noticed, gone again or not. */
import { limited } from '../../../src/async/until.ts';
import { RefusedError, TimeoutError } from '../../../src/errors.ts';
import type { Pod } from '../../../src/kube/api/objects.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { listWatch } from '../../../src/kube/watch/watch.ts';
import { type ClaimRef, describeClaim } from '../claims/claim.ts';
import type { CopyContext } from '../run/request/request.ts';
import { usersAmong } from './workloads.ts';

export class ClaimUsers implements Disposable {
  readonly #ref: ClaimRef;
  readonly #context: CopyContext;
  readonly #pods = new Map<string, Pod>();
  readonly #over = new AbortController();
  readonly #unused = Promise.withResolvers<void>();
  #isUnused = false;
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

  /** Resolves once no pod but ours mounts the claim. @throws TimeoutError where one still does. */
  async gone(timeoutMs: number): Promise<void> {
    const { clock, signal } = this.#context;
    const late = () =>
      new TimeoutError(
        `${this.#names().join(', ')} still mounts ${describeClaim(this.#ref)} after ${Math.round(timeoutMs / 1000)} s`,
        { hint: `--timeout gives its pods longer to end${this.#graceText()}` },
      );
    await limited(this.#unused.promise, timeoutMs, late, clock, signal);
  }

  /**
   * @throws RefusedError where a pod has mounted the claim since nobody did: what it wrote may be in no copy.
   */
  async requireNoLatecomer(): Promise<void> {
    const { kube, namespace, claim } = this.#ref;
    // What is there now may not have been told yet.
    const { items } = await kube.list(pods, { namespace, signal: this.#context.signal });
    for (const { metadata } of usersAmong(claim, items)) this.#latecomers.add(metadata.name);
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#latecomers.size === 0) return;
    throw new RefusedError(
      `pod ${[...this.#latecomers].join(', ')} mounted ${describeClaim(this.#ref)} while it was to stand still`,
      { hint: 'find out what starts it (a CronJob, another workload, a person), and stop that first' },
    );
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }

  #names(): string[] {
    return usersAmong(this.#ref.claim, [...this.#pods.values()]).map(({ metadata }) => metadata.name);
  }

  /** How long they may take, as far as they say so. */
  #graceText(): string {
    const seconds = usersAmong(this.#ref.claim, [...this.#pods.values()]).map(
      ({ spec }) =>
        (spec as { readonly terminationGracePeriodSeconds?: number }).terminationGracePeriodSeconds ?? 0,
    );
    const most = Math.max(0, ...seconds);
    return most > 0 ? `; they may take ${most} s (terminationGracePeriodSeconds)` : '';
  }

  #look(): void {
    const names = this.#names();
    if (this.#isUnused) for (const name of names) this.#latecomers.add(name);
    if (names.length > 0) return;
    this.#isUnused = true;
    this.#unused.resolve();
  }
}
