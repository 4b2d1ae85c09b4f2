/** The record of a cutover in the target's namespace: what was stopped, and how far it is. One run at a time. */
import type { Clock } from '../../../src/clock.ts';
import { type ExitCode, RefusedError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { HeldLock } from '../../../src/tasks/held-lock.ts';
import { acquire } from '../../../src/tasks/lock.ts';
import { Label, managerOf } from '../../../src/tasks/names.ts';
import { peerAt } from '../../../src/tasks/peer.ts';
import type { EndPhase, TaskRecord } from '../../../src/tasks/record.ts';
import type { TaskStore } from '../../../src/tasks/store.ts';
import { staleAfterMs } from '../claims/claim-lock.ts';
import { type Role, tool } from '../objects/sides.ts';
import {
  type CutoverState,
  cutoverLockName,
  cutoverRole,
  cutoverStateOf,
  finishedAtOf,
  finishedKey,
  isFinishedCutover,
} from '../records/cutover-state.ts';
import { requireSound } from '../records/soundness.ts';
import type { CutoverId } from '../records/stop-mark.ts';
import { finishedAlready } from '../run/copy/may-begin.ts';
import { noteExitCode } from '../run/kept-end.ts';
import { type CopyContext, type CopyRequest, copySpec, pairLabel } from '../run/request/request.ts';
import { storeOf } from '../run/request/task-store.ts';
import type { Claims } from './claims.ts';
import { againHint, asFinished } from './finished.ts';

export class Journal {
  readonly #store: TaskStore;
  readonly #place: LockPlace;
  #lock: HeldLock;
  #record: TaskRecord;

  private constructor(store: TaskStore, place: LockPlace, lock: HeldLock, record: TaskRecord) {
    this.#place = place;
    this.#store = store;
    this.#lock = lock;
    this.#record = record;
  }

  /**
   * Takes up what an earlier run has written, or begins.
   *
   * @throws RefusedError where another run is at it, or the cutover has come to its end and is not to be made again.
   */
  static async open(
    request: CopyRequest & { name: string },
    claims: Claims,
    context: CopyContext,
  ): Promise<Journal> {
    const { source, target, name } = request;
    const { namespace, kube } = target;
    const { signal } = context;
    const { clock, reporter } = context;
    const place = {
      kube,
      namespace,
      claimUid: claims.target.uid,
      name,
      clock,
      waiting: (text: string) => reporter.info(text),
    };
    const lock = await lockCutover(place, signal);
    try {
      const store = storeOf(kube, context);
      const peer = await peerAt(source, { signal });
      const labels = { 'x8s.dev/pair': pairLabel(claims.source, claims.target) };
      // The specification of the copies, so that it is seen to be of one task with them.
      const spec = copySpec(request, claims.source, claims.target);
      const { record } = await store.open({
        namespace,
        task: name,
        role: cutoverRole,
        spec,
        labels,
        peer,
        signal,
      });
      // How many pods workloads had: begun anew over what nobody can read, it would be forgotten.
      requireSound({ task: name, records: { [record.role as Role]: record } }, kube);
      if (isFinishedCutover(record) && !request.again) throw finishedAlready(asFinished(record), againHint);
      const before = record.phase === 'Succeeded' ? record.finishedAt : finishedAtOf(record);
      const change = (state: Pick<TaskRecord, 'checkpoints'>) => {
        if (before !== undefined) state.checkpoints[finishedKey] = before;
      };
      const started = await store.start(record, { holder: lock.holder, change, signal });
      return new Journal(store, place, lock, started.record);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** What an earlier run left in its middle, or this one has written. */
  get state(): CutoverState | undefined {
    return cutoverStateOf(this.#record);
  }

  /** The ConfigMap's, in the target's namespace. */
  get recordName(): string {
    return this.#record.name;
  }

  /** Which cutover it is, as the marks say on what it stops. */
  get id(): CutoverId {
    return { task: this.#record.task, targetUid: this.#place.claimUid };
  }

  /** Aborted where another run has taken the cutover over. */
  get signal(): AbortSignal {
    return this.#lock.signal;
  }

  async write(state: CutoverState): Promise<void> {
    await this.#lock.confirm();
    this.#record = await this.#store.update(this.#record, (record) => {
      record.checkpoints = { ...record.checkpoints, [cutoverRole]: state };
    });
  }

  /**
   * Resolves while the cutover is surely this run's. A lock that was lost, since its cluster was away, is taken again
   * where nobody has gone on with the cutover since.
   *
   * @throws RefusedError where somebody has; the error of the cluster where it does not answer.
   */
  async regain(signal: AbortSignal): Promise<void> {
    if (await this.#lock.isHeld()) return;
    const { holder } = this.#lock;
    const lock = await lockCutover(this.#place, signal, holder);
    try {
      const { namespace, task, role, uid } = this.#record;
      const now = await this.#store.find(namespace, task, role, { signal });
      if (now?.uid !== uid || now.phase !== 'Running' || now.holder !== holder)
        throw new RefusedError(`another run has gone on with cutover ${task} meanwhile`, {
          hint: `kubectl x8sync status ${task} -n ${namespace} --context ${this.#place.kube.cluster.context} shows how far it is`,
        });
      this.#record = now;
      this.#lock = lock;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /**
   * Says how the run has ended. What it has stopped stays in the record, unless all has come to its end.
   *
   * @param code that the run ends with, where it fails
   * @throws where another run may have the cutover by now: its record is not ours.
   */
  async finish(phase: EndPhase, message: string, code?: ExitCode): Promise<void> {
    await this.#lock.confirm();
    const finishedAt = this.#place.clock.now().toISOString();
    this.#record = await this.#store.update(this.#record, (record) => {
      Object.assign(record, { phase, message, holder: undefined, finishedAt });
      const state = record.checkpoints[cutoverRole] as CutoverState | undefined;
      noteExitCode(record, code);
      if (phase !== 'Succeeded') return;
      record.checkpoints[finishedKey] = finishedAt;
      if (state) record.checkpoints[cutoverRole] = { ...state, phase: 'ready' };
    });
  }

  async close(): Promise<void> {
    await this.#lock.release();
  }
}

/** What the lock of a cutover is about. */
interface LockPlace {
  readonly kube: KubeClient;
  readonly namespace: string;
  readonly claimUid: string;
  /** The task's. */
  readonly name: string;
  readonly clock: Clock;
  /** Told where a run that may be dead is waited for. */
  readonly waiting: (text: string) => void;
}

/** The target claim is written to under a lock that lasts as long, so that what ends one of them ends both. */
function lockCutover(
  { kube, namespace, claimUid, name, clock, waiting }: LockPlace,
  signal: AbortSignal,
  holder?: string,
): Promise<HeldLock> {
  return acquire(kube, {
    namespace,
    name: cutoverLockName(claimUid),
    labels: { [Label.managedBy]: managerOf(tool), [Label.role]: 'lock' },
    about: `The cutover to the claim in ${kube.cluster.context}/${namespace}`,
    purpose: `x8sync cutover ${name}`,
    staleAfterMs,
    waiting: (claim) =>
      waiting(
        `${claim.holder.split(' ')[0]} is at this cutover, or has died in its middle: which it is will be known in ${Math.round(claim.staleAfterMs / 1000)} s`,
      ),
    clock,
    signal,
    ...(holder !== undefined && { holder }),
  });
}
