/** The record of a cutover in the target's namespace: what was stopped, and how far it is. One run at a time. */
import type { Clock } from '../../../src/clock.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { HeldLock } from '../../../src/tasks/held-lock.ts';
import { acquire } from '../../../src/tasks/lock.ts';
import { Label, managerOf } from '../../../src/tasks/names.ts';
import { peerAt } from '../../../src/tasks/peer.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import type { TaskStore } from '../../../src/tasks/store.ts';
import { type Role, tool } from '../objects/sides.ts';
import { type CutoverState, cutoverRole, cutoverStateOf } from '../records/cutover-state.ts';
import { requireSound } from '../records/soundness.ts';
import { type CopyContext, type CopyRequest, copySpec, pairLabel } from '../run/request.ts';
import { storeOf } from '../run/task-store.ts';
import type { Claims } from './claims.ts';

export class Journal {
  readonly #store: TaskStore;
  readonly #lock: HeldLock;
  #record: TaskRecord;

  readonly #clock: Clock;

  private constructor(store: TaskStore, lock: HeldLock, record: TaskRecord, clock: Clock) {
    this.#clock = clock;
    this.#store = store;
    this.#lock = lock;
    this.#record = record;
  }

  /** Takes up what an earlier run has written, or begins. @throws RefusedError where another run is at it. */
  static async open(
    request: CopyRequest & { name: string },
    claims: Claims,
    context: CopyContext,
  ): Promise<Journal> {
    const { source, target, name } = request;
    const { namespace, kube } = target;
    const { signal } = context;
    const lock = await lockCutover(kube, namespace, claims.target.uid, name, context);
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
      const started = await store.start(record, { holder: lock.holder, signal });
      return new Journal(store, lock, started.record, context.clock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** What an earlier run left in its middle, or this one has written. */
  get state(): CutoverState | undefined {
    return cutoverStateOf(this.#record);
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

  /** Nothing is left to be put right. */
  async finish(phase: 'Succeeded' | 'Failed', message: string): Promise<void> {
    const finishedAt = this.#clock.now().toISOString();
    this.#record = await this.#store.update(this.#record, (record) => {
      Object.assign(record, { phase, message, holder: undefined, finishedAt });
      const state = record.checkpoints[cutoverRole] as CutoverState | undefined;
      if (state) record.checkpoints[cutoverRole] = { ...state, phase: 'ready' };
    });
  }

  async close(): Promise<void> {
    await this.#lock.release();
  }
}

function lockCutover(
  kube: KubeClient,
  namespace: string,
  claimUid: string,
  name: string,
  { clock, signal }: CopyContext,
): Promise<HeldLock> {
  return acquire(kube, {
    namespace,
    name: `${tool}-cutover-${claimUid}`,
    labels: { [Label.managedBy]: managerOf(tool), [Label.role]: 'lock' },
    about: `The cutover to the claim in ${kube.cluster.context}/${namespace}`,
    purpose: `x8sync cutover ${name}`,
    clock,
    signal,
  });
}
