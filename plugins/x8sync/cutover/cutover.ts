/**
 * Moves a workload from one claim to another with a short pause: copies while it runs, stops it, copies what is left,
 * verifies, and starts it where it is to run. What has to be put right after a crash stands in the task's record before
 * anything is touched, and the same command does it.
 */
import { exitCodeOf, InterruptedError, messageOf, RefusedError } from '../../../src/errors.ts';
import { refusalIn } from '../../../src/kube/cluster/refusal.ts';
import { formatDuration } from '../../../src/ui/format.ts';
import {
  lostTarget,
  requireSourceStands,
  requireTargetStands,
  sourceDeparture,
} from '../claims/claim-stands.ts';
import type { Verification } from '../mover/protocol/protocol.ts';
import {
  type CutoverState,
  describeWorkload,
  isUnderWay,
  namesOf,
  type ScaledWorkload,
  type Then,
} from '../records/cutover-state.ts';
import { runsAgain } from '../records/stopped-workloads.ts';
import { copy } from '../run/copy/copy.ts';
import { type CopyContext, type CopyRequest, type CopyResult, pairLabel } from '../run/request.ts';
import { ClaimUsers } from './claim-users.ts';
import { type Claims, readClaims } from './claims.ts';
import { claimsFor } from './earlier.ts';
import { Journal } from './journal.ts';
import { copyUntilQuick, type Pass, passOf, requireWhole } from './passes.ts';
import { type PlanOptions, planAgain, planCutover } from './plan.ts';
import { requireUnshared } from './precautions.ts';
import { letGo } from './stop.ts';
import {
  areRepointed,
  changedBesides,
  changedSince,
  generationsOf,
  isUnstarted,
  repoint,
  startWorkloads,
  stopWorkloads,
} from './switch.ts';
import { requireTargetUnstarted, requireTargetUntouched, tellingStopped, tellLeft, undo } from './undo.ts';

export interface CutoverRequest {
  /** Of the copies; without a name they get one that the two claims decide, so that the same command finds it again. */
  readonly copy: CopyRequest;
  readonly afterwards: Then;
  /** The longest pass that may be the one for which the workload stands still. */
  readonly goalMs: number;
}

export interface CutoverResult {
  readonly task: string;
  readonly source: string;
  readonly target: string;
  readonly afterwards: Then;
  /** Each copy; the last one was made while the workload stood still. */
  readonly passes: readonly Pass[];
  /** From the moment at which the source's workloads were told to stop until what is to run was ready. */
  readonly downtimeSeconds: number;
  readonly goalSeconds: number;
  readonly stopped: readonly string[];
  readonly started: readonly string[];
  readonly verification: Verification | undefined;
  /** An earlier run had stopped the workloads, and this one has gone on from there. */
  readonly resumed: boolean;
}

/** @param copyOnce makes one copy. */
export async function cutover(
  request: CutoverRequest,
  context: CopyContext,
  copyOnce: typeof copy = copy,
): Promise<CutoverResult> {
  const nameOf = ({ source, target }: Claims) =>
    request.copy.name ?? `cutover-${pairLabel(source, target).slice(0, 10)}`;
  const claims = await claimsFor(request.copy, nameOf, context);
  const name = nameOf(claims);
  const named = { ...request, copy: { ...request.copy, name, cutover: true } };
  const journal = await Journal.open(named.copy, claims, context);
  try {
    const signal = AbortSignal.any([context.signal, journal.signal]);
    const { reporter, clock } = context;
    const onAbandoned = tellingStopped(context, journal, claims);
    return await new Cutover(
      named,
      claims,
      journal,
      { reporter, clock, signal, onAbandoned },
      copyOnce,
    ).run();
  } finally {
    await journal.close();
  }
}

/** What a cutover starts in its end. */
const startedBy = ({ afterwards, source, target }: CutoverState): readonly ScaledWorkload[] =>
  ({ target, source, repoint: source, nothing: [] })[afterwards];

/** A last look at what is left, in milliseconds. */
const afterMs = 10_000;

type NamedRequest = CutoverRequest & { readonly copy: { readonly name: string } };

class Cutover {
  readonly #request: NamedRequest;
  readonly #claims: Claims;
  readonly #journal: Journal;
  readonly #context: CopyContext;
  readonly #copyOnce: typeof copy;
  readonly #passes: Pass[] = [];
  #last: CopyResult | undefined;
  #stoppedAt = 0;

  constructor(
    request: NamedRequest,
    claims: Claims,
    journal: Journal,
    context: CopyContext,
    copyOnce: typeof copy,
  ) {
    this.#copyOnce = copyOnce;
    this.#request = request;
    this.#claims = claims;
    this.#journal = journal;
    this.#context = context;
  }

  async run(): Promise<CutoverResult> {
    const known = this.#journal.state;
    const resumed = isUnderWay(known);
    try {
      const state = known && resumed ? await this.#takeUp(known) : await this.#begin();
      const copied = await this.#copied(state);
      const downtimeMs = (await this.#start(copied)) - this.#stoppedAt;
      await this.#journal.finish('Succeeded', `cut over in ${formatDuration(downtimeMs)}`);
      return this.#result(copied, downtimeMs, resumed);
    } catch (error) {
      const phase = error instanceof InterruptedError ? 'Interrupted' : 'Failed';
      await this.#journal.finish(phase, messageOf(error), exitCodeOf(error)).catch(() => {});
      throw error;
    }
  }

  /** With all at the target, and the source's workloads stopped. */
  async #copied(state: CutoverState): Promise<CutoverState> {
    if (state.phase !== 'starting') return this.#copyStopped(state);
    await this.#requireCopyStands(state);
    return state;
  }

  /**
   * @throws RefusedError where it was to end in another way, or nobody can tell any more which side has what is to stay.
   */
  async #takeUp(state: CutoverState): Promise<CutoverState> {
    const { afterwards } = this.#request;
    if (afterwards !== state.afterwards)
      throw new RefusedError(`this cutover was begun with --then ${state.afterwards}, and is in its middle`, {
        hint: `give --then ${state.afterwards} to go on with it`,
      });
    const { reporter, signal } = this.#context;
    const names = namesOf(state.source);
    this.#stoppedAt = Date.parse(state.stoppedAt ?? '') || this.#context.clock.now().getTime();
    const isStale = state.phase === 'starting' && (await this.#isStale(state));
    if (isStale) await requireTargetUnstarted(state, this.#claims, this.#journal.recordName, signal);
    else if (state.phase === 'stopping') await this.#requireTargetUntouched(state);
    const mayRun = isStale || state.phase === 'stopping';
    // What has been written since is copied while it runs.
    if (mayRun && (await runsAgain(this.#claims.source.ref, state, signal))) {
      reporter.warn(`An earlier run had stopped ${names}, which was started since: this one begins anew.`);
      return this.#begin();
    }
    reporter.warn(`An earlier run had stopped ${names}: this one goes on from there.`);
    return isStale ? { ...state, phase: 'stopping', targetGenerations: undefined } : state;
  }

  /** @throws RefusedError where what the target's workload has written since would be lost, and nobody has agreed to that. */
  #requireTargetUntouched(state: CutoverState): Promise<void> {
    if (this.#copy.deletes === 'all') return Promise.resolve();
    return requireTargetUntouched(state, this.#claims, this.#journal.recordName, this.#context.signal);
  }

  /** Whether the source may have changed since the last copy: somebody has started its workload again. */
  async #isStale({ afterwards, source, generations = [] }: CutoverState): Promise<boolean> {
    const { ref } = this.#claims.source;
    const { signal } = this.#context;
    if (afterwards === 'source') return false;
    if (afterwards === 'repoint' && (await areRepointed(ref, source, signal))) return false;
    return (await changedSince(ref, source, generations, signal)) !== undefined;
  }

  /**
   * What an earlier run has copied may be lost by now.
   *
   * @throws X8sError where it is; with the source's workloads told to start again where that run had started nothing yet.
   */
  async #requireCopyStands(state: CutoverState): Promise<void> {
    const { source, target } = this.#claims;
    const { signal } = this.#context;
    const lost = await lostTarget(target, signal);
    if (!lost) return;
    if (await isUnstarted(source.ref, target.ref, state, signal)) throw await this.#undo(state, lost);
    await tellLeft(state, this.#claims, lost, this.#context);
    throw lost;
  }

  /** What is to be stopped and started, and copies until one is quick. */
  async #begin(): Promise<CutoverState> {
    const { afterwards, goalMs } = this.#request;
    requireUnshared(this.#claims.source, this.#copy.allowMounted);
    const state = await planCutover(this.#claims, afterwards, this.#context, this.#planOptions);
    await this.#journal.write(state);
    this.#passes.push(
      ...(await copyUntilQuick({ ...this.#copy, verify: false }, goalMs, this.#context, this.#copyOnce)),
    );
    return state;
  }

  get #planOptions(): PlanOptions {
    const { confirmed = false, again = false } = this.#copy;
    return { confirmed, again, id: this.#journal.id };
  }

  get #copy(): CopyRequest {
    return this.#request.copy;
  }

  /** @throws where it can't be done, with the source's workloads told to start again, or named where that can't be. */
  async #copyStopped(state: CutoverState): Promise<CutoverState> {
    const planned = state.phase === 'ready' ? await this.#aboutToStop(state) : state;
    const stoppedAt = new Date(this.#stoppedAt).toISOString();
    const { ref } = this.#claims.target;
    const targetGenerations =
      planned.targetGenerations ?? (await generationsOf(ref, planned.target, this.#context.signal));
    const stopping = { ...planned, phase: 'stopping', stoppedAt, targetGenerations } as const;
    await this.#journal.write(stopping);
    try {
      const generations = await this.#lastPass(stopping);
      const verification = this.#last?.verification;
      const starting = { ...stopping, phase: 'starting', generations, verification } as const;
      await this.#journal.write(starting);
      return starting;
    } catch (error) {
      throw await this.#undo(stopping, error);
    }
  }

  /** What is to be stopped, as it is at this moment. @throws X8sError where it must not be, with all as it was. */
  async #aboutToStop(state: CutoverState): Promise<CutoverState> {
    // A claim that somebody has deleted stays for as long as pods mount it.
    await requireSourceStands(this.#claims.source, this.#context.signal);
    await this.#requireUnshared();
    const planned = await planAgain(this.#claims, state, this.#context, this.#planOptions);
    this.#stoppedAt = this.#context.clock.now().getTime();
    return planned;
  }

  /** @returns the generations of what is stopped. */
  async #lastPass(state: CutoverState): Promise<readonly number[]> {
    const { source, afterwards } = state;
    const { ref } = this.#claims.source;
    const { timeoutMs } = this.#request.copy;
    using users = new ClaimUsers(ref, this.#context);
    const { namespace, claim } = this.#claims.target.ref;
    const stoppedFor = { ...this.#journal.id, target: `${namespace}/${claim}` };
    const options = { timeoutMs, context: this.#context, stoppedFor };
    if (source.length > 0) this.#context.reporter.info(`Stopping ${namesOf(source)} of the source`);
    const generations = await stopWorkloads(ref, source, users, options);
    const result = await this.#copyOnce({ ...this.#copy, deletes: 'all' }, this.#context);
    this.#last = result;
    this.#passes.push(passOf(result));
    const changed = await changedSince(ref, source, generations, this.#context.signal);
    if (!changed) {
      await users.requireNoLatecomer();
      requireWhole(result);
      await this.#requireTargetUntouched(state);
      await this.#requireUnshared();
      await this.#requireClaims(afterwards);
      return generations;
    }
    throw changedBesides(changed);
  }

  /** As the clusters are at this moment. @throws RefusedError where others may write to the source by another claim. */
  async #requireUnshared(): Promise<void> {
    const { source, target } = this.#claims;
    const now = await readClaims(source.ref, target.ref, this.#context.signal);
    requireUnshared(now.source, this.#copy.allowMounted);
  }

  /** What is to run has to find its claim. @throws X8sError where somebody has deleted that meanwhile. */
  async #requireClaims(afterwards: Then): Promise<void> {
    const { source, target } = this.#claims;
    const { reporter, signal } = this.#context;
    await requireTargetStands(target, signal);
    if (afterwards === 'source') return requireSourceStands(source, signal);
    const departed = await sourceDeparture(source, signal);
    if (departed !== undefined) reporter.warn(departed);
  }

  /** As {@link undo}. */
  #undo(state: CutoverState, failure: unknown): Promise<unknown> {
    const { reporter, clock } = this.#context;
    return undo(state, failure, { claims: this.#claims, journal: this.#journal, reporter, clock });
  }

  /**
   * @returns when all that is to run was ready, in milliseconds.
   * @throws with what is left to do: the files are at the target, and the source stands still.
   */
  async #start(state: CutoverState): Promise<number> {
    const { afterwards } = state;
    const { ref } = this.#claims.source;
    const { timeoutMs, target: to } = this.#request.copy;
    const options = { timeoutMs, context: this.#context };
    if (afterwards === 'repoint') await this.#repoint(state);
    const starting = startedBy(state);
    if (starting.length > 0) this.#context.reporter.info(`Starting ${namesOf(starting)}, until it is ready`);
    try {
      const readyAt = await startWorkloads(afterwards === 'source' ? ref : to, starting, options);
      if (afterwards === 'target' || afterwards === 'nothing')
        await letGo(this.#claims.source.ref, state.source, this.#context);
      return readyAt;
    } catch (error) {
      if (await this.#isDeclined(state, error)) throw await this.#undo(state, error);
      // Its own signal: what has ended the run is over with it.
      const signal = AbortSignal.timeout(afterMs);
      const lost = await lostTarget(this.#claims.target, signal).catch(() => undefined);
      await tellLeft(state, this.#claims, lost, { reporter: this.#context.reporter, signal });
      throw error;
    }
  }

  /** @throws where a template can't be changed, with all of them as they were, and the source's workloads told to start. */
  async #repoint(state: CutoverState): Promise<void> {
    const { signal } = this.#context;
    try {
      await repoint(this.#claims.source.ref, this.#request.copy.target.claim, state.source, { signal });
    } catch (error) {
      throw await this.#undo(state, error);
    }
  }

  /** Whether a server has declined to start the first of what is to run. */
  async #isDeclined(state: CutoverState, error: unknown): Promise<boolean> {
    if (state.afterwards === 'source' || refusalIn(error) === undefined) return false;
    const { source, target } = this.#claims;
    return isUnstarted(source.ref, target.ref, state, this.#context.signal).catch(() => false);
  }

  #result(state: CutoverState, downtimeMs: number, resumed: boolean): CutoverResult {
    const { afterwards, source, verification } = state;
    const { copy: request, goalMs } = this.#request;
    const name = ({ kube, namespace, claim }: CopyRequest['source']) =>
      `${kube.cluster.context}/${namespace}/${claim}`;
    return {
      task: request.name,
      source: name(request.source),
      target: name(request.target),
      afterwards,
      passes: this.#passes,
      downtimeSeconds: downtimeMs / 1000,
      goalSeconds: goalMs / 1000,
      stopped: source.map(describeWorkload),
      started: startedBy(state).map(describeWorkload),
      verification,
      resumed,
    };
  }
}
