/**
 * The record of a cutover in the target's namespace: what was stopped, and how far it is. One run at a time. A run that is
 * refused before it has begun has written nothing: what an earlier one has left to be put right, or kept from being copied
 * over, stays, and no name is taken by what was never made.
 */
import type { Clock } from '../../../src/clock.ts';
import { type ExitCode, RefusedError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { HeldLock } from '../../../src/tasks/held-lock.ts';
import { acquire } from '../../../src/tasks/lock.ts';
import { Label, managerOf, recordName } from '../../../src/tasks/names.ts';
import { peerAt } from '../../../src/tasks/peer.ts';
import { type EndPhase, stateOf, type TaskRecord, type TaskState } from '../../../src/tasks/record.ts';
import type { OpenTask, TaskStore } from '../../../src/tasks/store.ts';
import { staleAfterMs } from '../claims/claim-lock.ts';
import { type Role, tool } from '../objects/sides.ts';
import type { CutoverEnd } from '../records/cutover-end.ts';
import {
  type CutoverState,
  cutoverLockName,
  cutoverRole,
  cutoverStateOf,
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
  readonly #task: OpenTask;
  #lock: HeldLock;
  #record: TaskRecord | undefined;
  /** Of this run, once it has begun: what the record was before. */
  #begun: { readonly before: TaskState | undefined } | undefined;

  private constructor(store: TaskStore, place: LockPlace, lock: HeldLock, task: OpenTask) {
    this.#place = place;
    this.#store = store;
    this.#lock = lock;
    this.#task = task;
  }

  /**
   * Takes the lock, and reads what an earlier run has written. Writes nothing: {@link begin} does.
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
      const task = { namespace, task: name, role: cutoverRole, spec, labels, peer, signal };
      const journal = new Journal(store, place, lock, task);
      await journal.#look(request.again === true);
      return journal;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async #look(again: boolean): Promise<void> {
    const record = await this.#store.look(this.#task);
    if (!record) return;
    // How many pods workloads had: begun anew over what nobody can read, it would be forgotten.
    requireSound({ task: record.task, records: { [record.role as Role]: record } }, this.#place.kube);
    if (isFinishedCutover(record) && !again) throw finishedAlready(asFinished(record), againHint);
    this.#record = record;
  }

  /** What an earlier run left in its middle, or this one has written. */
  get state(): CutoverState | undefined {
    return this.#record && cutoverStateOf(this.#record);
  }

  /** The ConfigMap's, in the target's namespace. */
  get recordName(): string {
    return recordName(tool, this.#place.name, cutoverRole);
  }

  /** Which cutover it is, as the marks say on what it stops. */
  get id(): CutoverId {
    return { task: this.#place.name, targetUid: this.#place.claimUid };
  }

  /**
   * Notes that this run is at it, before it makes anything.
   *
   * @param state what is to be put right where it is cut off from here on
   */
  async begin(state: CutoverState): Promise<void> {
    await this.#lock.confirm();
    const { signal } = this.#task;
    const { record, outcome } = await this.#store.open(this.#task);
    this.#begun = { before: outcome === 'found' ? stateOf(record) : undefined };
    this.#record = record;
    const kept = keptOf(record);
    const change = (now: TaskState): void => {
      now.checkpoints = { ...now.checkpoints, ...kept, [cutoverRole]: state };
    };
    this.#record = (await this.#store.start(record, { holder: this.#lock.holder, change, signal })).record;
  }

  /** Has the record be what it was before this run began, or none: only where that has changed nothing else. */
  async withdraw(): Promise<void> {
    const [record, begun] = [this.#record, this.#begun];
    if (!record || !begun) return;
    await this.#lock.confirm();
    const { before } = begun;
    if (before) await this.#store.update(record, (state) => Object.assign(state, before));
    else await this.#store.remove(record);
  }

  /** Aborted where another run has taken the cutover over. */
  get signal(): AbortSignal {
    return this.#lock.signal;
  }

  /** The record, once this run has begun. */
  get #own(): TaskRecord {
    if (!this.#record || !this.#begun) throw new Error('this run has not begun');
    return this.#record;
  }

  async write(state: CutoverState): Promise<void> {
    await this.#lock.confirm();
    this.#record = await this.#store.update(this.#own, (record) => {
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
      const { namespace, task, role, uid } = this.#own;
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
   * Says that all has come to its end, and how.
   *
   * @throws where another run may have the cutover by now: its record is not ours.
   */
  async succeed(end: CutoverEnd, message: string): Promise<void> {
    await this.#end({ phase: 'Succeeded', message, finishedAt: end.at }, ({ checkpoints }) => {
      const state = checkpoints[cutoverRole] as CutoverState | undefined;
      checkpoints[finishedKey] = end;
      if (state) checkpoints[cutoverRole] = { ...state, phase: 'ready' };
    });
  }

  /**
   * Says why the run has failed, where it had begun. What it has stopped stays in the record.
   *
   * @param code that the run ends with
   * @throws where another run may have the cutover by now: its record is not ours.
   */
  async fail(phase: EndPhase, message: string, code: ExitCode): Promise<void> {
    if (!this.#begun) return;
    const finishedAt = this.#place.clock.now().toISOString();
    await this.#end({ phase, message, finishedAt }, (record) => noteExitCode(record, code));
  }

  async #end(
    end: Pick<TaskState, 'phase' | 'message' | 'finishedAt'>,
    note: (state: TaskState) => void,
  ): Promise<void> {
    await this.#lock.confirm();
    this.#record = await this.#store.update(this.#own, (record) => {
      Object.assign(record, end, { holder: undefined });
      noteExitCode(record, undefined);
      note(record);
    });
  }

  async close(): Promise<void> {
    await this.#lock.release();
  }
}

/** What a record keeps whatever becomes of further runs: how the cutover has come to its end before. */
function keptOf({ checkpoints }: TaskRecord): Record<string, unknown> {
  const end = checkpoints[finishedKey];
  return end === undefined ? {} : { [finishedKey]: end };
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
