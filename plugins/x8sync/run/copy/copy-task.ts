/** A copy as a task of the clusters: its lock, its records on both sides, and how it ends. */
import {
  type ExitCode,
  exitCodeOf,
  InterruptedError,
  messageOf,
  type X8sError,
} from '../../../../src/errors.ts';
import { configMaps } from '../../../../src/kube/api/resources.ts';
import { unlessRefused } from '../../../../src/kube/cluster/refusal.ts';
import type { HeldLock } from '../../../../src/tasks/held-lock.ts';
import { checkTaskName, isGivenName, newTaskName } from '../../../../src/tasks/names.ts';
import { peerAt } from '../../../../src/tasks/peer.ts';
import type { EndPhase, Peer, TaskState } from '../../../../src/tasks/record.ts';
import type { TaskStore } from '../../../../src/tasks/store.ts';
import { lockClaim } from '../../claims/claim-lock.ts';
import {
  cleanSides,
  cleanupHint,
  describeLeftover,
  describeUnclean,
  type SideRecord,
  type UncleanSide,
} from '../../objects/side-cleanup.ts';
import { type Role, sideOf, tool } from '../../objects/sides.ts';
import { CancelledError, cancelledBy, cancelledError } from '../cancellation.ts';
import type { FirstCopy } from '../first-copy.ts';
import { forgetFinished } from '../forget.ts';
import { noteReach } from '../request/reach-wish.ts';
import type { CopyContext, CopyRequest } from '../request/request.ts';
import { storeOf } from '../request/task-store.ts';
import { withDetails } from '../results/failure-evidence.ts';
import { cleanedUpError, type DoneCopy, nothingMadeError, staysError } from './failed-run.ts';
import { whyNotBegin } from './may-begin.ts';
import { type OpenSide, TaskRecords } from './task-records.ts';

export interface OpenOptions {
  /** What decides the data; see `copySpec`. */
  readonly spec: Readonly<Record<string, string>>;
  /** Label value of the pair of claims. */
  readonly pair: string;
  readonly claimUid: string;
  /** Throws where a task of this name must not begin. */
  readonly check: (task: string) => Promise<void>;
}

/** Progress is written for other workstations to see, seldom enough to cost nothing. */
const progressEveryMs = 10_000;
/** After Ctrl-C the clean-up takes no longer than this; who does not want to wait for it presses it once more. */
const interruptedLimitMs = 30_000;
/** After a failure. Where --timeout is shorter, so is this, but not than after Ctrl-C: it is for pods that come up. */
const failedLimitMs = 60_000;

const isAgain = ({ outcome }: OpenSide): boolean => outcome === 'again';

export class CopyTask {
  readonly #request: CopyRequest;
  readonly #context: CopyContext;
  readonly #stop: AbortController;
  readonly #signal: AbortSignal;
  /** Called with what the lock waits for. */
  waiting: (text: string) => void = () => {};
  #lock: HeldLock | undefined;
  readonly #records: TaskRecords;
  /** As the person named it, now or in an earlier run that this one takes up. */
  #name: string | undefined;
  #progressAt = Number.NEGATIVE_INFINITY;
  #ended = false;
  /** What is copied passes through this workstation. */
  isRelayed = false;
  /** Files were copied, or could have been: a failure from here on is worth a record. */
  copying = false;
  /** What the copy came to; undefined before its mover has ended well. */
  done: DoneCopy | undefined;

  constructor(request: CopyRequest, context: CopyContext, stop: AbortController) {
    if (request.name !== undefined) checkTaskName(tool, request.name, ['source', 'target']);
    this.#request = request;
    this.#name = request.name;
    this.#context = context;
    this.#records = new TaskRecords(context.clock);
    this.#stop = stop;
    this.#signal = AbortSignal.any([context.signal, stop.signal]);
  }

  /**
   * Takes the target claim's lock and opens the task at the target. The lock is one for each target claim,
   * whatever the task's name, and lies where the harm would be.
   */
  async openTarget({ spec, pair, claimUid, check }: OpenOptions): Promise<OpenSide> {
    const { source, target, name } = this.#request;
    const signal = this.#signal;
    await this.#takeLock(claimUid, name ?? 'without a name', signal);
    const store = storeOf(target.kube, this.#context);
    await this.#requireUnfinished(store, spec, signal);
    const [known] =
      name === undefined
        ? await store.unfinished(spec, { namespace: target.namespace, role: 'target', signal })
        : [];
    const task = name ?? known?.task ?? newTaskName();
    this.#name = isGivenName(task) ? task : undefined;
    await check(task);
    this.#context.reporter.info(`Task ${task}`);
    const peer = await peerAt(source, { signal: this.#signal });
    return this.#open('target', task, { spec, pair, peer });
  }

  /** @throws RefusedError where the name has been copied, and is not to be copied again. */
  async #requireUnfinished(store: TaskStore, spec: OpenOptions['spec'], signal: AbortSignal): Promise<void> {
    const { name, target } = this.#request;
    if (name === undefined) return;
    const record = await store.find(target.namespace, name, 'target', { signal });
    const why = whyNotBegin(record, spec, this.#request);
    if (why) throw why;
  }

  /** Opens the task at the source, as that of the target's. */
  async openSource({ spec, pair }: OpenOptions, { record }: OpenSide): Promise<OpenSide> {
    const at = await peerAt(this.#request.target, { signal: this.#signal });
    const peer = { ...at, uid: record.uid };
    return this.#open('source', record.task, { spec, pair, peer });
  }

  async #open(
    role: Role,
    task: string,
    { spec, pair, peer }: Pick<OpenOptions, 'spec' | 'pair'> & { readonly peer: Peer },
  ): Promise<OpenSide> {
    const { kube, namespace } = this.#request[role];
    const store = storeOf(kube, this.#context);
    const labels = { 'x8s.dev/pair': pair };
    const signal = this.#signal;
    const need = { verb: 'create', resource: configMaps, namespace };
    const opening = store.open({ namespace, task, role, spec, labels, peer, signal });
    const found = await unlessRefused(kube, need, opening, { signal });
    const side = sideOf(kube, found.record);
    // Known from here on, so that a run that ends right now takes it away again.
    this.#records.note(role, { record: found.record, side, outcome: 'fresh' });
    const change = (state: TaskState) => noteReach(state, this.#request);
    const started = await store.start(found.record, { holder: this.#lock?.holder ?? '', change, signal });
    const open = { ...started, side };
    this.#records.note(role, open);
    return open;
  }

  async #takeLock(claimUid: string, task: string, signal: AbortSignal): Promise<void> {
    const { kube, namespace, claim } = this.#request.target;
    const { clock } = this.#context;
    const { waiting } = this;
    const purpose = `x8sync task ${task}`;
    const need = { verb: 'create', resource: configMaps, namespace };
    const taking = lockClaim(kube, { namespace, claim, claimUid, purpose, clock, signal, waiting });
    const lock = await unlessRefused(kube, need, taking, { signal });
    this.#lock = lock;
    lock.signal.addEventListener('abort', () => this.#stop.abort(lock.signal.reason), { once: true });
  }

  /** Writes how far it is to both records, now and then; a write that fails is not worth a failed copy. */
  progress(text: string): void {
    const now = this.#context.clock.monotonic();
    if (now - this.#progressAt < progressEveryMs) return;
    this.#progressAt = now;
    this.#records.changeBeside((state, { record }) => {
      const by = cancelledBy(state, this.#lock?.holder);
      if (by !== undefined) this.#stop.abort(cancelledError(record.task, by));
      state.progress = text;
    });
  }

  /** Leaves the task as it is, to nobody: its mover goes on. */
  async detach(): Promise<void> {
    await this.#records.leave('left to itself; kubectl x8sync attach takes its result');
    this.#ended = true;
  }

  /** Leaves the task to its schedule. */
  async leaveScheduled(first: Omit<FirstCopy, 'at'>): Promise<void> {
    await this.#records.leaveScheduled(first);
    this.#ended = true;
  }

  /** Removes records of finished tasks beyond those that are to be kept; one that can't be is no failed copy. */
  async forgetOld(): Promise<void> {
    const { keepRecords } = this.#request;
    if (keepRecords === undefined) return;
    const sides = this.#records.sides.map(({ kube, record }) =>
      forgetFinished(storeOf(kube, this.#context), record.namespace, keepRecords, this.#signal),
    );
    await Promise.allSettled(sides);
    this.#signal.throwIfAborted();
  }

  /** Deletes all that the task made but its records; resolves with the sides on which something is left. */
  async removeChildren(waiting: { detail(text: string): void }, signal: AbortSignal): Promise<UncleanSide[]> {
    const { clock } = this.#context;
    const told = (text: string) => waiting.detail(`waiting for ${text} to go`);
    return cleanSides(this.#records.sides, {
      ...{ limitMs: this.#request.timeoutMs, clock, signal },
      waiting: told,
    });
  }

  /** Writes the end of the run to both records; resolves with the sides whose record could not be written. */
  async finish(phase: EndPhase, message: string, exitCode?: ExitCode): Promise<UncleanSide[]> {
    const left = await this.#records.finish(phase, message, exitCode);
    this.#ended = true;
    return left;
  }

  /**
   * Ends a task whose run failed or was interrupted. A named task that is interrupted stays as it is: its
   * mover goes on, and the same command takes it up. All else is deleted, so that nothing is left behind: of a cutover
   * too, which takes no mover up, and whose workload may find no node for its pods as long as ours mount the claim.
   */
  async giveUp(failure: unknown): Promise<unknown> {
    this.#context.onGivenUp?.(this.copying);
    if (this.#ended) return failure;
    // The signal is aborted by an error that nobody caught, too, which must not pass for a Ctrl-C.
    const interrupted = this.#context.signal.reason instanceof InterruptedError;
    if (this.#records.sides.length === 0) return interrupted ? nothingMadeError(failure) : failure;
    const error = (await this.#cancellation()) ?? failure;
    // Another run may have the task by now; its mover goes on in any case.
    if (this.#lock?.signal.aborted) return withDetails(error, this.leftovers(), undefined);
    const { timeoutMs, cutover = false } = this.#request;
    if (interrupted && this.#name !== undefined && !cutover) return this.#leave(error);
    const askedMs = timeoutMs === 0 ? failedLimitMs : Math.max(timeoutMs, interruptedLimitMs);
    const failedMs = Math.min(askedMs, failedLimitMs);
    const limit = AbortSignal.timeout(interrupted ? interruptedLimitMs : failedMs);
    const left = await this.removeChildren({ detail: () => {} }, limit);
    const names = new Set(left.map(({ record }) => record.name));
    const clean = this.#records.sides.filter(({ record }) => !names.has(record.name));
    left.push(...(await this.#closeRecords(clean, error, limit)));
    this.#ended = true;
    if (left.length > 0) return withDetails(error, describeUnclean(left), cleanupHint(left));
    return interrupted ? cleanedUpError(error, this.#request, this.done) : error;
  }

  /** The error to show where somebody has cancelled this very run: whatever failed was their doing. */
  async #cancellation(): Promise<X8sError | undefined> {
    const open = this.#records.target;
    if (!open) return undefined;
    const { namespace, task } = open.record;
    const limit = AbortSignal.timeout(interruptedLimitMs);
    const store = storeOf(open.side.kube, this.#context);
    const now = await store.find(namespace, task, 'target', { signal: limit }).catch(() => undefined);
    const by = now && cancelledBy(now, this.#lock?.holder);
    return by === undefined ? undefined : cancelledError(task, by);
  }

  async #leave(error: unknown): Promise<unknown> {
    const name = this.#name;
    await this.finish('Interrupted', 'interrupted; what it made goes on by itself').catch(() => {});
    const { context } = this.#request.target.kube.cluster;
    return staysError(error, { name, context, isRelayed: this.isRelayed });
  }

  /**
   * A task that a person named keeps its record of the failure, once it has begun to copy, now or in an
   * earlier run; of any other nothing is left where it is clean. One that had come to its end is as it had ended where
   * this run has copied nothing: the next one is asked for --again, too.
   */
  async #closeRecords(
    clean: readonly (OpenSide & SideRecord)[],
    error: unknown,
    signal: AbortSignal,
  ): Promise<UncleanSide[]> {
    const [again, others] = [clean.filter(isAgain), clean.filter((side) => !isAgain(side))];
    if (!this.copying && again.length > 0 && others.every(({ outcome }) => outcome === 'fresh'))
      return [...(await this.#records.restore(again)), ...(await this.#records.remove(others, signal))];
    const known = this.copying || clean.some(({ outcome }) => outcome !== 'fresh');
    const isWished = error instanceof CancelledError || error instanceof InterruptedError;
    if (this.#name !== undefined && known)
      return this.finish(isWished ? 'Interrupted' : 'Failed', messageOf(error), exitCodeOf(error));
    return this.#records.remove(clean, signal);
  }

  /** What is in the clusters because of this run, a line each; empty once it has ended. */
  leftovers(): string[] {
    return this.#ended ? [] : this.#records.sides.map(describeLeftover);
  }

  /** Rejects where the target claim's lock may be another's by now. */
  async confirmLock(): Promise<void> {
    await this.#lock?.confirm();
  }

  async release(): Promise<void> {
    await this.#lock?.release();
  }
}
