/** Follows the mover of a task that another run has begun, and ends the task where no run is there to do so. */
import { messageOf, RefusedError, UnreachableError, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { jobs, pods } from '../../../src/kube/api/resources.ts';
import { type EndPhase, isFinished } from '../../../src/tasks/record.ts';
import type { StepHandle } from '../../../src/ui/reporter.ts';
import { describeClaim } from '../claims/claim.ts';
import { newcomersOf } from '../claims/newcomers.ts';
import { type MoverJob, MoverWatch } from '../monitor/mover-watch.ts';
import type { Mode, Selection } from '../mover/protocol/options.ts';
import type { MoverEnd } from '../mover/protocol/protocol.ts';
import { cleanSides, type SideRecord, uncleanError } from '../objects/side-cleanup.ts';
import { sideOf } from '../objects/sides.ts';
import { forgetEnd, type KeptEnd, keptEndOf } from '../run/kept-end.ts';
import { refusesUsers, takenUp } from '../run/pods/mover-job.ts';
import type { CopyResult } from '../run/request/request.ts';
import { storeOf } from '../run/request/task-store.ts';
import { type CopyEnd, isThrough, withUsers } from '../run/results/copy-end.ts';
import { copyResult } from '../run/results/copy-result.ts';
import { doctorHint, withEvidence } from '../run/results/failure-evidence.ts';
import { asAsked, failureOf, isWhole, titleOf } from '../run/results/result.ts';
import { requireNoCutover, requireNoLiveCutover } from './cutover-guard.ts';
import { withCutover } from './cutover-standing.ts';
import { specOf, type TaskEntry } from './inventory.ts';
import { claimsOf, type StandingTask } from './look.ts';
import { lookAtSchedule } from './schedule-look.ts';
import { goneHint, goneScheduleText } from './schedule-text.ts';
import { requireSound, requireSoundSides } from './soundness.ts';
import { asStanding, recordedStanding, runAgain } from './standing.ts';
import { lostTargetOf } from './target-claim.ts';
import { lockTarget, sidesOf, type TaskContext, type TaskSides, targetGone } from './task-sides.ts';

/** What the mover came to, or how a task stands that had ended before. */
export type Attached =
  | { readonly result: CopyResult; readonly unclean?: X8sError | undefined }
  | { readonly ended: StandingTask; readonly error?: X8sError | undefined };

/**
 * Shows how far a task's mover is, until it ends.
 *
 * @param kube of the cluster that the task was seen in; the other one is found by its API server.
 * @throws UnreachableError where the target's cluster can't be reached, with what the source's knows: the mover runs in
 *   the target's.
 * @throws RefusedError where somebody has changed a record of it.
 * @throws X8sError where no mover is there, where the target's cluster has no record of the task any more, or where it
 *   came to no good end.
 */
export async function attach(entry: TaskEntry, kube: KubeClient, context: TaskContext): Promise<Attached> {
  requireSound(entry, kube);
  const all = await sidesOf(entry, kube, context);
  await requireNoCutover(entry.task, all, context);
  requireSoundSides(entry, kube, all.sides);
  const target = all.sides.find(({ record }) => record.role === 'target');
  if (!target) throw await noTarget(entry, kube, all, context);
  const found: TaskEntry = { ...entry, records: { ...entry.records, target: target.record } };
  if (isFinished(target.record)) {
    await requireNoLiveCutover(entry.task, all, context);
    const recorded = recordedStanding(target.record);
    const { standing } = await withCutover(found, recorded, kube, async () => all, {
      ...context,
      withProgress: true,
    });
    return { ended: { entry: found, standing } };
  }
  for (const text of all.missing)
    context.reporter.warn(
      `Only the target's side is seen, and can be cleaned up. The other one can't be asked: ${text}`,
    );
  const unseen = await requireNoSchedule(entry.task, target, all, context);
  const side = sideOf(target.kube, target.record);
  const job = await target.kube.find(jobs, side.meta, { signal: context.signal });
  const attachment = new Attachment(entry.task, all, target, context);
  if (job) return attachment.follow(takenUp(job, []));
  const kept = keptEndOf(target.record);
  if (!kept && target.record.finishedAt === undefined) throw noMover(entry.task, target, unseen);
  if (!kept) return { ended: { entry: found, standing: recordedStanding(target.record) } };
  return { ended: { entry: found, standing: asStanding(kept) }, error: await attachment.close(kept) };
}

/**
 * Resolves with why that can't be told, where it can't.
 *
 * @throws RefusedError where the task copies at its times: there is no one mover whose end could be taken.
 */
async function requireNoSchedule(
  task: string,
  target: SideRecord,
  all: TaskSides,
  context: TaskContext,
): Promise<string | undefined> {
  const claims = claimsOf(target.record, all);
  const standing = await lookAtSchedule(target, claims, context, { withProgress: false });
  if (!standing?.schedule) return standing?.message;
  const { schedule } = standing;
  if (schedule.gone) {
    const told = goneScheduleText(schedule, context.clock.now());
    throw new RefusedError(`task ${task} copies at its times: ${told}`, { hint: goneHint(task) });
  }
  throw new RefusedError(`task ${task} copies at its times, by itself: ${standing.progress}`, {
    hint: `kubectl x8sync status ${task} shows how it stands, logs what its pods say, cancel ends it`,
  });
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

  /** Shows the mover's progress until it ends, and ends the task then. */
  async follow(job: MoverJob): Promise<Extract<Attached, { result: CopyResult }>> {
    const { reporter, clock, timeoutMs } = this.#context;
    const began = clock.monotonic();
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#context.signal, stop.signal]);
    const { fsGroup, mode = 'merge', checksum, filters = '[]' } = this.#spec;
    const asked = { fsGroup: fsGroup === undefined ? undefined : Number(fsGroup) };
    const debug = (text: string) => reporter.debug(text);
    const watch = new MoverWatch(clock, stop, signal, (end) => asAsked(end, asked), debug);
    const side = sideOf(this.#target.kube, this.#target.record);
    let end: CopyEnd | undefined;
    let failure: X8sError | undefined;
    let unclean: X8sError | undefined;
    const copying = async (handle: StepHandle) => {
      watch.followMover(side, job, timeoutMs, handle);
      const said = await watch.ended(handle);
      end = withUsers(said, await this.#targetUsers(job));
      failure = await this.#failureOf(end, watch);
      if (!failure) handle.title(titleOf(end, mode as Mode));
    };
    const cleaning = async (handle: StepHandle) => {
      if (end) unclean = await this.#settle(end, failure, handle);
    };
    try {
      await reporter.run([
        { title: `Copy the files (task ${this.#task})`, run: copying },
        { title: 'Clean up', run: cleaning },
      ]);
    } catch (error) {
      const failure = stop.signal.aborted ? stop.signal.reason : error;
      const { signal } = this.#context;
      const hint = doctorHint(claimsOf(this.#target.record, this.#all));
      throw signal.aborted ? failure : await withEvidence(failure, watch.evidence, hint, signal);
    } finally {
      stop.abort(new X8sError('nobody watches any more'));
    }
    const selection: Selection = { sourcePath: '', targetPath: '', filters: JSON.parse(filters) };
    const seconds = (clock.monotonic() - began) / 1000;
    const { source, target } = claimsOf(this.#target.record, this.#all);
    const names = { task: this.#task, source: describeClaim(source), target: describeClaim(target) };
    const how = { mode: mode as Mode, checksum: checksum !== undefined, selection, strategy: undefined };
    return {
      result: copyResult(end ?? (await watch.end), watch.messages, { ...names, ...how, seconds }),
      unclean,
    };
  }

  /** Ends a task whose mover is gone, and whose end somebody has seen; resolves with why not all is clean. */
  async close(kept: KeptEnd): Promise<X8sError | undefined> {
    let unclean: X8sError | undefined;
    const run = async (handle: StepHandle) => {
      unclean = await this.#locked(() => this.#end(kept, handle));
    };
    await this.#context.reporter.run([{ title: 'Clean up', run }]);
    return unclean;
  }

  /** Pods that came to write to the target while the mover did; none where that was agreed to. */
  async #targetUsers({ job }: MoverJob): Promise<readonly string[]> {
    const { kube, record } = this.#target;
    const { claim, namespace } = claimsOf(record, this.#all).target;
    return refusesUsers(job)
      ? newcomersOf({ kube, namespace, claim }, record.task, this.#context.signal)
      : [];
  }

  async #failureOf(end: MoverEnd, { messages }: MoverWatch): Promise<X8sError | undefined> {
    if (isThrough(end)) return lostTargetOf(this.#target, this.#context.signal);
    const mode = (this.#spec.mode ?? 'merge') as Mode;
    const copy = { ...claimsOf(this.#target.record, this.#all), mode, name: this.#task };
    return failureOf(end, copy, { diagnostics: messages.diagnostics, begun: messages.hasBegun(end) });
  }

  /** Ends the task, unless a run holds it, which does so itself; resolves with why not all is clean. */
  async #settle(
    end: CopyEnd,
    failure: X8sError | undefined,
    handle: StepHandle,
  ): Promise<X8sError | undefined> {
    const whole: EndPhase = isWhole(end) ? 'Succeeded' : 'Incomplete';
    const message = failure?.message ?? titleOf(end, (this.#spec.mode ?? 'merge') as Mode);
    const ended = { phase: failure ? ('Failed' as const) : whole, message };
    const unclean = await this.#locked(() => this.#end(ended, handle));
    if (failure) throw failure;
    return unclean;
  }

  async #locked(work: () => Promise<X8sError | undefined>): Promise<X8sError | undefined> {
    const lock = await this.#lock();
    try {
      return lock && (await this.#isOpen()) ? await work() : undefined;
    } finally {
      await lock?.release();
    }
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

  async #end(
    { phase, message }: Pick<KeptEnd, 'phase' | 'message'>,
    handle: StepHandle,
  ): Promise<X8sError | undefined> {
    const { clock, signal, timeoutMs } = this.#context;
    const waiting = (text: string) => handle.detail(`waiting for ${text} to go`);
    const left = await cleanSides(this.#all.sides, { limitMs: timeoutMs, clock, signal, waiting });
    signal.throwIfAborted();
    await Promise.all(this.#all.sides.map((side) => this.#write(side, { phase, message })));
    const done = phase === 'Failed' ? 'the copy has failed' : 'the files are at the target';
    if (left.length > 0) return uncleanError(done, left);
    return this.#all.missing.length > 0 ? halfClean(this.#task, done, this.#all.missing) : undefined;
  }

  async #write({ kube, record }: SideRecord, ended: { phase: EndPhase; message: string }): Promise<void> {
    const finishedAt = this.#context.clock.now().toISOString();
    const more = { finishedAt, progress: undefined, holder: undefined };
    await storeOf(kube, this.#context).update(record, (state) => {
      forgetEnd(state);
      Object.assign(state, ended, more);
    });
  }
}

/** The error that says what the source's cluster alone can tell of a task, and what it can't. */
async function noTarget(
  entry: TaskEntry,
  kube: KubeClient,
  { missing, gone }: TaskSides,
  { signal }: TaskContext,
): Promise<X8sError> {
  const { source } = entry.records;
  const known = source ? await seenAtSource({ kube, record: source }, signal) : [];
  if (missing.length === 0) return targetGone(entry, kube, { what: 'followed', gone, details: known });
  return new UnreachableError(
    `task ${entry.task}: how far it is can't be told from here: the cluster of its mover can't be reached`,
    {
      details: [...missing, ...known],
      hint: 'a kubeconfig with a context of that cluster is needed',
    },
  );
}

/** What the source's side shows of a copy: what was last written, and whether its pod still serves the files. */
async function seenAtSource({ kube, record }: SideRecord, signal: AbortSignal): Promise<string[]> {
  const { phase, progress, heartbeat, message } = record;
  const where = `${kube.cluster.context}/${record.namespace}`;
  const said = [phase, progress, message].filter(Boolean).join(', ');
  const { namespace, selectorText: labelSelector } = sideOf(kube, record);
  const recorded = `the record in ${where} says: ${said} (written at ${heartbeat})`;
  try {
    const { items } = await kube.list(pods, { namespace, labelSelector, signal });
    const served = items.map(({ metadata: { name }, status }) => `its pod ${name} is ${status?.phase}`);
    return [recorded, ...(served.length > 0 ? served : [`no pod serves the source in ${where}`])];
  } catch (error) {
    signal.throwIfAborted();
    return [recorded, `pods in ${where} can't be looked at: ${messageOf(error)}`];
  }
}

/** @param unseen what of it could not be looked at. */
function noMover(task: string, { record, kube }: SideRecord, unseen: string | undefined): X8sError {
  return new X8sError(`task ${task} has no mover in ${kube.cluster.context}, and how it ended is not known`, {
    details: [
      `its record says: ${[record.phase, record.progress, record.message].filter(Boolean).join(', ')}`,
      ...(unseen === undefined ? [] : [unseen]),
    ],
    hint: `${runAgain}; kubectl x8sync cleanup ${task} removes what is left`,
  });
}

const halfClean = (task: string, done: string, missing: readonly string[]) =>
  new UnreachableError(`task ${task}: ${done}, and the source could not be cleaned up`, {
    details: missing,
    hint: `kubectl x8sync cleanup ${task}, with a kubeconfig that has that cluster`,
  });
