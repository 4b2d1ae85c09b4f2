/** Follows the mover of a task that another run has begun, and ends the task where no run is there to do so. */
import { RefusedError, UnreachableError, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { jobs } from '../../../src/kube/resources.ts';
import { type EndPhase, isFinished, type TaskRecord } from '../../../src/tasks/record.ts';
import type { StepHandle } from '../../../src/ui/reporter.ts';
import { type ClaimName, describeClaim } from '../claims/claim.ts';
import { type MoverJob, MoverWatch } from '../monitor/mover-watch.ts';
import type { Mode, Selection } from '../mover/options.ts';
import type { MoverEnd } from '../mover/protocol.ts';
import { cleanSides, type SideRecord, uncleanError } from '../objects/side-cleanup.ts';
import { sideOf } from '../objects/sides.ts';
import { copyResult } from '../run/copy-result.ts';
import { storeOf } from '../run/copy-task.ts';
import { takenUp } from '../run/mover-job.ts';
import type { CopyResult } from '../run/request.ts';
import { asAsked, failureOf, isThrough, isWhole, titleOf } from '../run/result.ts';
import { specOf, type TaskEntry } from './inventory.ts';
import { lockTarget, requireNoCutover, sidesOf, type TaskContext, type TaskSides } from './task-sides.ts';

/** What the mover came to, or the record of a task that had ended before. */
export type Attached = { readonly result: CopyResult } | { readonly finished: TaskRecord };

/**
 * Shows how far a task's mover is, until it ends.
 *
 * @param kube of the cluster that the task was seen in; the other one is found by its API server.
 * @throws UnreachableError where the target's cluster can't be reached: the mover runs there.
 * @throws X8sError where no mover is there, or where it came to no good end.
 */
export async function attach(entry: TaskEntry, kube: KubeClient, context: TaskContext): Promise<Attached> {
  requireNoCutover(entry, kube);
  const all = await sidesOf(entry, kube, context);
  const target = all.sides.find(({ record }) => record.role === 'target');
  if (!target) throw targetOutOfReach(entry, all.missing);
  if (isFinished(target.record)) return { finished: target.record };
  const side = sideOf(target.kube, target.record);
  const job = await target.kube.find(jobs, side.meta, { signal: context.signal });
  if (!job) throw noMover(entry.task, target);
  return { result: await new Attachment(entry.task, all, target, context).follow(takenUp(job, [])) };
}

class Attachment {
  readonly #task: string;
  readonly #all: TaskSides;
  readonly #target: SideRecord;
  readonly #context: TaskContext;
  readonly #spec;

  constructor(task: string, all: TaskSides, target: SideRecord, context: TaskContext) {
    this.#task = task;
    this.#all = all;
    this.#target = target;
    this.#context = context;
    this.#spec = specOf(target.record);
  }

  async follow(job: MoverJob): Promise<CopyResult> {
    const { reporter, clock, timeoutMs } = this.#context;
    const began = clock.monotonic();
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#context.signal, stop.signal]);
    const { fsGroup, mode = 'merge', checksum, filters = '[]' } = this.#spec;
    const asked = { fsGroup: fsGroup === undefined ? undefined : Number(fsGroup) };
    const watch = new MoverWatch(clock, stop, signal, (end) => asAsked(end, asked));
    const side = sideOf(this.#target.kube, this.#target.record);
    let end: MoverEnd | undefined;
    const copying = async (handle: StepHandle) => {
      watch.followMover(side, job, timeoutMs, handle);
      end = await watch.ended(handle);
      if (isThrough(end)) handle.title(titleOf(end, mode as Mode));
    };
    const cleaning = async (handle: StepHandle) => {
      if (end) await this.#settle(end, this.#failureOf(end, watch), handle);
    };
    try {
      await reporter.run([
        { title: `Copy the files (task ${this.#task})`, run: copying },
        { title: 'Clean up', run: cleaning },
      ]);
    } catch (error) {
      throw stop.signal.aborted ? stop.signal.reason : error;
    } finally {
      stop.abort(new X8sError('nobody watches any more'));
    }
    const selection: Selection = { sourcePath: '', targetPath: '', filters: JSON.parse(filters) };
    const seconds = (clock.monotonic() - began) / 1000;
    const { source, target } = this.#claims();
    const names = { task: this.#task, source: describeClaim(source), target: describeClaim(target) };
    const how = { mode: mode as Mode, checksum: checksum !== undefined, selection, strategy: undefined };
    return copyResult(await watch.end, watch.messages, { ...names, ...how, seconds });
  }

  /** Both claims by name; a cluster that no context leads to by its server. */
  #claims(): Readonly<Record<'source' | 'target', ClaimName>> {
    const claim = (role: 'source' | 'target', text = ''): ClaimName => {
      const [namespace = '', claim = ''] = text.split('/');
      const side = this.#all.sides.find(({ record }) => record.role === role);
      const context = side?.kube.cluster.context ?? this.#target.record.peer?.server ?? '';
      return { kube: { cluster: { context } }, namespace, claim };
    };
    const { sourceClaim, targetClaim } = this.#spec;
    return { source: claim('source', sourceClaim), target: claim('target', targetClaim) };
  }

  #failureOf(end: MoverEnd, { messages }: MoverWatch): X8sError | undefined {
    if (isThrough(end)) return undefined;
    const mode = (this.#spec.mode ?? 'merge') as Mode;
    const copy = { ...this.#claims(), mode, name: this.#task };
    return failureOf(end, copy, { diagnostics: messages.diagnostics, begun: messages.hasBegun(end) });
  }

  /** Ends the task, unless a run holds it, which does so itself. */
  async #settle(end: MoverEnd, failure: X8sError | undefined, handle: StepHandle): Promise<void> {
    const lock = await this.#lock();
    try {
      if (lock && (await this.#isOpen())) await this.#end(end, failure, handle);
    } finally {
      await lock?.release();
    }
    if (failure) throw failure;
  }

  async #lock() {
    try {
      return await lockTarget(this.#target, `x8sync attach ${this.#task}`, this.#context);
    } catch (error) {
      if (error instanceof RefusedError) return undefined;
      throw error;
    }
  }

  /** The run that held it may have ended it while the lock was waited for. */
  async #isOpen(): Promise<boolean> {
    const { kube, record } = this.#target;
    const { signal } = this.#context;
    const now = await storeOf(kube, this.#context).find(record.namespace, record.task, 'target', { signal });
    return now?.uid === record.uid && !isFinished(now);
  }

  async #end(end: MoverEnd, failure: X8sError | undefined, handle: StepHandle): Promise<void> {
    const { clock, signal, timeoutMs } = this.#context;
    const waiting = (text: string) => handle.detail(`waiting for ${text} to go`);
    const left = await cleanSides(this.#all.sides, { limitMs: timeoutMs, clock, signal, waiting });
    signal.throwIfAborted();
    const whole: EndPhase = isWhole(end) ? 'Succeeded' : 'Incomplete';
    const message = failure?.message ?? titleOf(end, (this.#spec.mode ?? 'merge') as Mode);
    const ended = { phase: failure ? ('Failed' as const) : whole, message };
    await Promise.all(this.#all.sides.map((side) => this.#write(side, ended)));
    if (left.length > 0) throw uncleanError('the files are at the target', left);
    if (this.#all.missing.length > 0) throw halfClean(this.#task, this.#all.missing);
  }

  async #write({ kube, record }: SideRecord, ended: { phase: EndPhase; message: string }): Promise<void> {
    const finishedAt = this.#context.clock.now().toISOString();
    const more = { finishedAt, progress: undefined, holder: undefined };
    await storeOf(kube, this.#context).update(record, (state) => Object.assign(state, ended, more));
  }
}

function targetOutOfReach({ task, records }: TaskEntry, missing: readonly string[]): UnreachableError {
  const progress = records.source?.progress;
  const last = progress === undefined ? [] : [`last heard of: ${progress}`];
  return new UnreachableError(`task ${task}: the cluster of its mover can't be reached`, {
    details: [...missing, ...last],
    hint: 'a kubeconfig with a context of that cluster is needed',
  });
}

function noMover(task: string, { record, kube }: SideRecord): X8sError {
  return new X8sError(`task ${task} has no mover in ${kube.cluster.context}: its phase is ${record.phase}`, {
    details: record.message === undefined ? [] : [record.message],
    hint: 'the command that began it goes on with it',
  });
}

const halfClean = (task: string, missing: readonly string[]) =>
  new UnreachableError(`task ${task}: the files are at the target, and the source could not be cleaned up`, {
    details: missing,
    hint: `kubectl x8sync cleanup ${task}, with a kubeconfig that has that cluster`,
  });
