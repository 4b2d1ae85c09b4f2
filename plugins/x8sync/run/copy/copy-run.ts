/** One copy as the steps that a person sees; what they are made of is in `copy-parts.ts`, and below that in `side-parts.ts`. */
import { messageOf, X8sError } from '../../../../src/errors.ts';
import type { StepHandle } from '../../../../src/ui/reporter.ts';
import { describeClaim, describeSize } from '../../claims/claim.ts';
import { dialledPod, reachSource } from '../../connect/reach.ts';
import type { StrategyName } from '../../connect/strategy-names.ts';
import { type MoverJob, MoverWatch } from '../../monitor/mover-watch.ts';
import type { MoverEnd } from '../../mover/protocol/protocol.ts';
import { uncleanError } from '../../objects/side-cleanup.ts';
import { timetableOf } from '../../objects/timetable.ts';
import { describeTimetable } from '../../schedule/interval.ts';
import { startWorkers } from '../pods/workers.ts';
import {
  type CopyContext,
  type CopyRequest,
  type CopyResult,
  type DetachedCopy,
  goesOnAlone,
  type ScheduleReport,
} from '../request/request.ts';
import { type CopyEnd, isThrough, withUsers } from '../results/copy-end.ts';
import { copyResult } from '../results/copy-result.ts';
import { doctorHint, withEvidence } from '../results/failure-evidence.ts';
import { snapshotTitle } from '../results/report.ts';
import {
  asAsked,
  emptinessOf,
  failureOf,
  isAskingBack,
  isNotBegun,
  isWhole,
  requireVerification,
  titleOf,
  userHint,
} from '../results/result.ts';
import { scheduleReport } from '../schedule-report.ts';
import { CopyParts } from './copy-parts.ts';
import { CopyTask } from './copy-task.ts';
import type { SideParts } from './side-parts.ts';
import {
  doneText,
  earlierMoverNotice,
  nameTaken,
  relayDeclined,
  sourceWarnings,
  targetWarnings,
} from './step-texts.ts';

export class CopyRun {
  readonly #request: CopyRequest;
  readonly #context: CopyContext;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #began: number;
  readonly #task: CopyTask;
  readonly #parts: CopyParts;
  readonly #sides: SideParts;
  readonly #watch: MoverWatch;
  /** The one that led to the source's files. */
  #strategy: StrategyName | undefined;
  #isDetached = false;
  /** The pods that the mover has asked for, once they are made. */
  #workers: Promise<void> | undefined;
  #schedule: ScheduleReport | undefined;
  /** Pods that came to write to the target meanwhile. */
  #targetUsers: readonly string[] = [];
  /** The mover asks for a word of a person, which needs no explanation. */
  #asksBack = false;

  constructor(request: CopyRequest, context: CopyContext) {
    this.#request = request;
    this.#context = context;
    this.#signal = AbortSignal.any([context.signal, this.#stop.signal]);
    this.#began = context.clock.monotonic();
    this.#task = new CopyTask(request, context, this.#stop);
    this.#parts = new CopyParts(request, this.#task, context.clock, this.#signal);
    this.#sides = this.#parts.sides;
    this.#parts.dialledPod = () => this.#dialledPod();
    const adjustEnd = (end: MoverEnd) => asAsked(end, request);
    const debug = (text: string) => context.reporter.debug(text);
    this.#watch = new MoverWatch(context.clock, this.#stop, this.#signal, adjustEnd, debug);
  }

  /** Runs a step's work; its failure ends every other step, and they all reject with that one failure. */
  async guard(work: () => Promise<void>): Promise<void> {
    try {
      this.#signal.throwIfAborted();
      await work();
    } catch (error) {
      if (!this.#signal.aborted) this.#stop.abort(error);
      throw this.#signal.reason;
    }
  }

  async checkSource(handle: StepHandle): Promise<void> {
    const [source, privileges] = await Promise.all([
      this.#sides.source(),
      this.#sides.sourcePrivileges(),
      this.#sides.snapshotClass(),
    ]);
    handle.title(`Source ${describeClaim(source.ref)} (${describeSize(source)})`);
    for (const text of sourceWarnings(source, privileges, this.#request)) handle.warn(text);
  }

  async checkTarget(handle: StepHandle): Promise<void> {
    const [target, privileges] = await Promise.all([this.#sides.target(), this.#sides.targetPrivileges()]);
    handle.title(`Target ${describeClaim(target.ref)} (${describeSize(target)})`);
    for (const text of targetWarnings(target, privileges, this.#request)) handle.warn(text);
  }

  async openTarget(handle: StepHandle): Promise<void> {
    this.#task.waiting = (text) => handle.detail(text);
    handle.title(nameTaken(await this.#sides.openedTarget()));
  }

  async openSource(handle: StepHandle): Promise<void> {
    handle.title(nameTaken(await this.#sides.openedSource()));
  }

  async freezeSource(handle: StepHandle): Promise<void> {
    const frozen = await this.#sides.frozen();
    if (!frozen) return;
    handle.title(snapshotTitle(frozen));
    if (frozen.otherClass !== undefined)
      handle.warn(
        `The snapshot of an earlier run is used, of class ${frozen.otherClass}: cancel the task for one of another class.`,
      );
    for (const text of frozen.retained) handle.warn(`${text}: it stays there, for you to delete.`);
  }

  async startSource(handle: StepHandle): Promise<void> {
    const mount = await this.#parts.mount();
    if (mount && 'job' in mount) {
      handle.title('Source is mounted by the mover itself');
      return;
    }
    const { side } = (await this.#sides.opened()).source;
    const [endpoint, { workload }] = await Promise.all([this.#parts.endpoint(), this.#parts.sourceServer()]);
    const [{ name }] = endpoint.strategies;
    if (mount) handle.warn(`Not mount: ${mount.obstacle}; ${name} is tried instead.`);
    for (const reason of endpoint.declined) handle.warn(`Not ${reason}; ${name} is tried instead.`);
    const privileges = await this.#sides.sourcePrivileges();
    const hint = privileges === 'user' ? userHint.source : undefined;
    await this.#watch.followSource(side, { workload, hint }, this.#request.timeoutMs, handle);
    handle.title(`Source is served over SSH by pod ${side.name}-0`);
  }

  async startMover(handle: StepHandle): Promise<void> {
    const { source, target } = await this.#sides.opened();
    const { timeoutMs } = this.#request;
    this.#parts.waiting = (text) => handle.detail(text);
    const mover = await this.#parts.moverJob();
    if (mover.endedAt !== undefined) handle.warn(earlierMoverNotice(mover.endedAt, this.#request));
    for (const text of mover.told ?? []) handle.warn(text);
    this.#watch.followMover(target.side, mover, timeoutMs, handle);
    if (mover.isMounted) return this.#whenMounted(mover, handle);
    const [endpoint, server, first] = await Promise.all([
      this.#parts.endpoint(),
      this.#parts.sourceServer(),
      this.#parts.firstAddresses(),
    ]);
    const { push } = this.#request;
    const knows = push ? server.addresses : mover.addresses;
    const known = first.every((address) => knows.includes(address)) ? first : [];
    const sides = { source: source.side, target: target.side, watch: this.#watch, push };
    const notes = [...server.notes, ...mover.notes];
    const context = { ...sides, notes, timeoutMs, clock: this.#context.clock, signal: this.#signal };
    const noRelay = goesOnAlone(this.#request) && !push ? [relayDeclined] : [];
    const declined = [...(await this.#parts.mountDeclined()), ...endpoint.declined, ...noRelay];
    this.#strategy = await reachSource({ ...endpoint, declined }, known, context, handle);
    const { address } = this.#watch.messages;
    this.#task.isRelayed = this.#isRelayed;
    const by = this.#isRelayed ? 'through this workstation' : address;
    handle.title(`Mover ${mover.takenUp ? 'is taken up' : 'is connected'}${by ? ` (${by})` : ''}`);
  }

  async #dialledPod(): Promise<string> {
    const { source } = await this.#sides.opened();
    const { push } = this.#request;
    return dialledPod({ source: source.side, watch: this.#watch, push, signal: this.#signal });
  }

  get #isRelayed(): boolean {
    return this.#strategy === 'relay';
  }

  /** The mover has the source before it, and needs to reach nothing. */
  async #whenMounted({ takenUp }: MoverJob, handle: StepHandle): Promise<void> {
    await this.#watch.connected();
    this.#strategy = 'mount';
    handle.title(`Mover ${takenUp ? 'is taken up' : 'runs'}, with both claims mounted`);
  }

  /** Never rejects: without them the mover copies alone. */
  #callWorkers(handle: StepHandle): void {
    this.#watch.onWorkers((count) => {
      this.#workers = this.#startWorkers(count).catch((error: unknown) => {
        if (!this.#signal.aborted)
          handle.warn(`The mover copies alone, for no pod can be made beside it: ${messageOf(error)}`);
      });
    });
  }

  async #startWorkers(count: number): Promise<void> {
    const [{ target }, { job }] = await Promise.all([this.#sides.opened(), this.#parts.moverJob()]);
    await startWorkers(target.side, job, count, { timeoutMs: this.#request.timeoutMs, signal: this.#signal });
  }

  async watch(handle: StepHandle): Promise<void> {
    this.#task.copying = true;
    this.#callWorkers(handle);
    const end = await this.#watch.ended(handle, (text) => this.#task.progress(text));
    if (!isThrough(end)) {
      const { messages } = this.#watch;
      const begun = messages.hasBegun(end);
      this.#asksBack = isAskingBack(end);
      // Such a name is free for the same copy with what its refusal asks for. --force may have emptied the target by then.
      if (!begun && isNotBegun(end) && this.#request.mode !== 'force') this.#task.copying = false;
      throw failureOf(end, this.#request, { diagnostics: messages.diagnostics, begun });
    }
    requireVerification(end, this.#request);
    const told = [emptinessOf(end, this.#request), await this.#sides.lookOnceMore()];
    for (const text of told) if (text !== undefined) handle.warn(text);
    this.#targetUsers = await this.#sides.newcomers();
    handle.title(titleOf(await this.#ended(), this.#request.mode));
  }

  /** The mover's end, with what was seen beside it. */
  async #ended(): Promise<CopyEnd> {
    return withUsers(await this.#watch.ended(), this.#targetUsers);
  }

  /** Leaves the mover to itself once files move; where it has come to its end before, as {@link watch}. */
  async watchBeginning(handle: StepHandle): Promise<void> {
    this.#task.copying = true;
    this.#callWorkers(handle);
    if (!(await this.#watch.moving())) return this.watch(handle);
    await this.#workers;
    await this.#task.detach();
    this.#isDetached = true;
    handle.title('Files move; the mover goes on by itself');
  }

  async cleanUp(handle: StepHandle): Promise<void> {
    if (this.#isDetached) return handle.title('What was made stays, for whoever attaches to it');
    const end = await this.#ended();
    await this.#workers;
    this.#task.done = { text: doneText(end, this.#request.mode), isWhole: isWhole(end) };
    const left = await this.#task.removeChildren(handle, this.#signal);
    this.#signal.throwIfAborted();
    // Only now nothing of ours keeps a claim that was deleted; where its side is left, that is the end to tell.
    if (!left.some(({ record }) => record.role === 'target')) await this.#sides.requireTargetStands();
    const phase = isWhole(end) ? 'Succeeded' : 'Incomplete';
    left.push(...(await this.#task.finish(phase, titleOf(end, this.#request.mode))));
    await this.#task.forgetOld();
    if (left.length > 0) throw uncleanError(doneText(end, this.#request.mode), left);
  }

  /** Leaves further copies to a CronJob in the place of this one's Job. */
  async leaveSchedule(handle: StepHandle): Promise<void> {
    const { schedule, mode } = this.#request;
    if (!schedule) return;
    const end = await this.#ended();
    await this.#workers;
    await this.#sides.requireTargetStands();
    handle.detail('waiting for the first mover to go');
    const cronJob = await this.#parts.schedule(this.#watch.messages.address, end.lost, schedule);
    this.#schedule = scheduleReport(timetableOf(cronJob), this.#context.clock.now());
    await this.#task.leaveScheduled({
      message: titleOf(end, mode),
      isGood: isWhole(end) || end.lossOnly === true,
    });
    await this.#task.forgetOld();
    const { namespace, name } = cronJob.metadata;
    handle.title(`CronJob ${namespace}/${name} copies ${describeTimetable(schedule)}`);
  }

  /** What was left to itself; undefined where the copy has come to its end. Only after its steps. */
  async detached(): Promise<DetachedCopy | undefined> {
    if (!this.#isDetached) return undefined;
    const { source, target } = this.#request;
    const { record } = (await this.#sides.opened()).target;
    const names = { source: describeClaim(source), target: describeClaim(target) };
    return { task: record.task, detached: true, ...names, strategy: this.#strategy };
  }

  /** What the run came to. Only after its steps. */
  async result(): Promise<CopyResult> {
    const [end, { target }] = await Promise.all([this.#watch.end, this.#sides.opened()]);
    const { mode, source, target: to, checksum, selection } = this.#request;
    const seconds = (this.#context.clock.monotonic() - this.#began) / 1000;
    const names = { task: target.record.task, source: describeClaim(source), target: describeClaim(to) };
    const how = { mode, checksum, selection, strategy: this.#strategy, snapshot: await this.#snapshot() };
    const result = copyResult(withUsers(end, this.#targetUsers), this.#watch.messages, {
      ...names,
      ...how,
      seconds,
    });
    return this.#schedule ? { ...result, schedule: this.#schedule } : result;
  }

  async #snapshot(): Promise<CopyResult['snapshot']> {
    const frozen = await this.#sides.frozen();
    return frozen && { method: frozen.method, takenAt: frozen.takenAt };
  }

  /** Ends a run that failed or was interrupted; resolves with the error to show. */
  async giveUp(error: unknown): Promise<unknown> {
    if (!this.#stop.signal.aborted) this.#stop.abort(error);
    const { signal } = this.#context;
    const needsNone = signal.aborted || this.#asksBack;
    const explaining = needsNone
      ? error
      : withEvidence(error, this.#watch.evidence, doctorHint(this.#request), signal);
    const [told] = await Promise.all([explaining, this.#parts.settled(), this.#workers]);
    return this.#task.giveUp(told);
  }

  /** What would be left in the clusters if the process ended now, a line each. */
  leftovers(): readonly string[] {
    return this.#task.leftovers();
  }

  async close(): Promise<void> {
    if (!this.#stop.signal.aborted) this.#stop.abort(new X8sError('the run is over'));
    await this.#task.release();
  }
}
