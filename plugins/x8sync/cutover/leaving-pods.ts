/**
 * Pods that have a claim mounted which is to stand still. Those of workloads without pods by wish go by themselves, and
 * what keeps them is told; any other one would keep the source stopped until the time limit.
 */
import { RefusedError } from '../../../src/errors.ts';
import type { Pod } from '../../../src/kube/api/objects.ts';
import { type ClaimRef, describeClaim } from '../claims/claim.ts';
import { PodDiagnosis } from '../monitor/pod-diagnosis.ts';
import type { ScaledWorkload } from '../records/cutover-state.ts';
import type { CopyContext } from '../run/request/request.ts';
import { type Keeper, keeperOf } from './workloads.ts';

const lookMs = 1000;
/** What is over sooner is not worth a word. */
const quietMs = 5000;
/** The kubelet's default. */
const usualGraceS = 30;

interface Context extends Pick<CopyContext, 'clock' | 'signal'> {
  readonly reporter: Pick<CopyContext['reporter'], 'info'>;
}

interface Seen {
  readonly diagnosis: PodDiagnosis;
  /** Since when it is seen to be on its way out, by the own clock. */
  leavingSince: number | undefined;
  /** Nobody has to end it. */
  goes: boolean;
}

export class LeavingPods {
  readonly #ref: ClaimRef;
  readonly #stopped: readonly ScaledWorkload[];
  readonly #context: Context;
  readonly #seen = new Map<string, Seen>();
  #holds: readonly string[] = [];

  /** @param stopped what was told to stop: that somebody starts it again is another matter. */
  constructor(ref: ClaimRef, stopped: readonly ScaledWorkload[], context: Context) {
    this.#ref = ref;
    this.#stopped = stopped;
    this.#context = context;
  }

  /** What keeps those that were there at the last look, as far as anything does. */
  get holds(): readonly string[] {
    return this.#holds;
  }

  /**
   * Tells what is waited for, once that takes a while. Never resolves.
   *
   * @param users that have the claim mounted at this moment.
   * @throws RefusedError once one of them is there that does not go by itself.
   */
  async untilHeld(users: () => readonly Pod[]): Promise<never> {
    const { clock, signal, reporter } = this.#context;
    const began = clock.monotonic();
    let told = '';
    for (;;) {
      const now = users();
      await this.#requireLeaving(now);
      this.#holds = this.#holdsOf(now);
      const text = waitingText(now, this.#holds);
      if (now.length > 0 && text !== told && clock.monotonic() - began >= quietMs) {
        reporter.info(text);
        told = text;
      }
      await clock.sleep(lookMs, signal);
    }
  }

  async #requireLeaving(users: readonly Pod[]): Promise<void> {
    for (const pod of users) {
      const seen = this.#of(pod);
      if (isLeaving(pod) || seen.goes) continue;
      // What can't be asked now is asked at the next look.
      const keeper = await keeperOf(this.#ref, pod, this.#context.signal).catch(() => undefined);
      if (!keeper) continue;
      seen.goes = keeper.isAtZero || this.#stopped.some(({ uid }) => uid === keeper.uid);
      if (!seen.goes) throw stays(pod, keeper, this.#ref);
    }
  }

  #holdsOf(users: readonly Pod[]): string[] {
    const now = this.#context.clock.monotonic();
    return users.flatMap((pod) => {
      const seen = this.#of(pod);
      const trouble = seen.diagnosis.diagnose(pod, true)?.text;
      if (!isLeaving(pod)) return [];
      seen.leavingSince ??= now;
      const hold = trouble ?? overdueText(pod, now - seen.leavingSince);
      return hold === undefined ? [] : [`pod ${pod.metadata.name}: ${hold}`];
    });
  }

  #of({ metadata: { uid, name } }: Pod): Seen {
    const key = uid ?? name;
    const known = this.#seen.get(key);
    const seen = known ?? { diagnosis: new PodDiagnosis(), leavingSince: undefined, goes: false };
    this.#seen.set(key, seen);
    return seen;
  }
}

const isLeaving = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;

/** How long it may take, as it says itself. */
const graceOf = ({ metadata, spec }: Pod): number =>
  metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? usualGraceS;

/** A kubelet is a moment late. */
const lateMs = 5000;

function overdueText(pod: Pod, leavingMs: number): string | undefined {
  const grace = graceOf(pod);
  if (leavingMs < grace * 1000 + lateMs) return undefined;
  const { finalizers = [] } = pod.metadata;
  if (finalizers.length > 0)
    return `kept by its finalizer ${finalizers.join(', ')}, though its ${grace} s are over`;
  return `its ${grace} s are over, and node ${pod.spec.nodeName ?? 'unknown'} has not said that it has ended`;
}

function waitingText(users: readonly Pod[], holds: readonly string[]): string {
  if (holds.length > 0) return `Still in use: ${holds.join('; ')}`;
  const most = Math.max(0, ...users.map(graceOf));
  const names = users.map(({ metadata }) => metadata.name).join(', ');
  return `Waiting for pod ${names} to end, for which ${most} s are granted (terminationGracePeriodSeconds)`;
}

function stays({ metadata: { name } }: Pod, { text }: Keeper, ref: ClaimRef): RefusedError {
  const { kube, namespace } = ref;
  const { context } = kube.cluster;
  return new RefusedError(
    `pod ${name} of ${context}/${namespace} mounts ${describeClaim(ref)}, which is to stand still, and does not go by itself: it ${text}`,
    {
      details: [`kubectl --context ${context} -n ${namespace} delete pod/${name}`],
      hint: 'it came since the workload was told to stop: find out what starts it (a CronJob, another workload, a person), and stop that first; the line above ends the pod, and the same command begins anew then',
    },
  );
}
