/**
 * Moves a workload from one claim to another with a short pause: copies while it runs, stops it, copies what is left,
 * verifies, and starts it where it is to run. What has to be put right after a crash stands in the task's record before
 * anything is touched, and the same command does it.
 */
import { exitCodeOf, InterruptedError, messageOf } from '../../../src/errors.ts';
import { isNotFound } from '../../../src/kube/api/api-error.ts';
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
  type Then,
} from '../records/cutover-state.ts';
import { copy } from '../run/copy/copy.ts';
import { type CopyContext, type CopyRequest, type CopyResult, pairLabel } from '../run/request/request.ts';
import { ClaimUsers } from './claim-users.ts';
import { type Claims, readNow, stoppedForOf } from './claims.ts';
import { claimsFor } from './earlier.ts';
import { Journal } from './journal.ts';
import { tellingStopped, tellLeft } from './left.ts';
import { leftOutOf, leftOutWarnings, placedIn } from './left-out.ts';
import { copyUntilQuick, type Pass, passOf, requireWhole } from './passes.ts';
import { type PlanOptions, planAgain, planCutover } from './plan.ts';
import { requireUnshared } from './precautions.ts';
import { changedBesides, changedSince, generationsOf } from './standstill.ts';
import { startAfterwards, startedBy } from './start.ts';
import { stopWorkloads } from './switch.ts';
import { takeUp } from './take-up.ts';
import { requireTargetUntouched, writersAfterwards } from './target-writers.ts';
import { undo } from './undo.ts';

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
  /**
   * From the moment at which the source's workloads were told to stop until what is to run was seen to be ready. Undefined
   * where an earlier run had done either, and nobody knows when.
   */
  readonly downtimeSeconds: number | undefined;
  readonly goalSeconds: number;
  readonly stopped: readonly string[];
  readonly started: readonly string[];
  readonly verification: Verification | undefined;
  /** What of the source has not gone over, by the person's own wish. */
  readonly leftOut: readonly string[];
  /** The folder of the target's volume that the files are in; its root where absent. */
  readonly targetPath?: string | undefined;
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

type NamedRequest = CutoverRequest & { readonly copy: { readonly name: string } };

class Cutover {
  readonly #request: NamedRequest;
  readonly #claims: Claims;
  readonly #journal: Journal;
  readonly #context: CopyContext;
  readonly #copyOnce: typeof copy;
  readonly #passes: Pass[] = [];
  #last: CopyResult | undefined;

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
    for (const text of leftOutWarnings(this.#copy)) this.#context.reporter.warn(text);
    try {
      const taken = known && resumed ? await this.#takeUp(known) : undefined;
      const copied = await this.#copied(taken ?? (await this.#begin()));
      const downtimeMs = downtimeOf(copied, await this.#start(copied, taken !== undefined));
      await this.#journal.finish('Succeeded', endText(downtimeMs, leftOutOf(this.#copy)));
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

  /** Undefined where all is to begin anew. @throws as {@link takeUp}. */
  #takeUp(state: CutoverState): Promise<CutoverState | undefined> {
    return takeUp(state, {
      afterwards: this.#request.afterwards,
      deletes: this.#copy.deletes,
      claims: this.#claims,
      recordName: this.#journal.recordName,
      context: this.#context,
    });
  }

  /** @throws RefusedError where another pass would take away what the target's workload has written since this began. */
  #requireTargetUntouched(state: CutoverState): Promise<void> {
    return requireTargetUntouched(state, this.#claims, this.#journal.recordName, this.#context.signal);
  }

  /**
   * What an earlier run has copied may be lost by now.
   *
   * @throws X8sError where it is; with the source's workloads told to start again where that run had started nothing yet.
   */
  async #requireCopyStands(state: CutoverState): Promise<void> {
    const { reporter, signal } = this.#context;
    const lost = await lostTarget(this.#claims.target, signal);
    if (!lost) return;
    const writers = await writersAfterwards(state, this.#claims, signal);
    if (writers.length === 0) throw await this.#undo(state, lost);
    await tellLeft(state, this.#claims, { reporter, signal, lost });
    throw lost;
  }

  /** What is to be stopped and started, and copies until one is quick. */
  async #begin(): Promise<CutoverState> {
    const { afterwards, goalMs } = this.#request;
    requireUnshared(this.#claims.source, this.#copy.allowMounted);
    const planned = await planCutover(this.#claims, afterwards, this.#context, this.#planOptions);
    const targetGenerations = await this.#targetGenerations(planned);
    const state = { ...planned, targetGenerations };
    await this.#journal.write(state);
    const copyOnce: typeof copy = async (...pass) => {
      await this.#requireTargetUntouched(state);
      return this.#copyOnce(...pass);
    };
    const plain = { ...this.#copy, verify: false };
    this.#passes.push(...(await copyUntilQuick(plain, goalMs, this.#context, copyOnce)));
    // As the last one is made: what it takes to read both sides is no matter of a guess.
    const compared = { ...this.#copy, deletes: 'all' } as const;
    if (this.#copy.verify)
      this.#passes.push(...(await copyUntilQuick(compared, goalMs, this.#context, copyOnce)));
    return state;
  }

  #targetGenerations({ target }: CutoverState): Promise<number[]> {
    return generationsOf(this.#claims.target.ref, target, this.#context.signal);
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
    const targetGenerations = planned.targetGenerations ?? (await this.#targetGenerations(planned));
    const stopping = { ...planned, phase: 'stopping', targetGenerations } as const;
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
    await this.#requireTargetUntouched(state);
    const planned = await planAgain(this.#claims, state, this.#context, this.#planOptions);
    const stoppedAt = this.#context.clock.now().toISOString();
    const noted = new Map(state.target.map(({ uid }, index) => [uid, state.targetGenerations?.[index] ?? 0]));
    return {
      ...planned,
      stoppedAt,
      targetGenerations: planned.target.map(({ uid }) => noted.get(uid) ?? 0),
    };
  }

  /** @returns the generations of what is stopped. */
  async #lastPass(state: CutoverState): Promise<readonly number[]> {
    const { source, afterwards } = state;
    const { ref } = this.#claims.source;
    const { timeoutMs } = this.#request.copy;
    using users = new ClaimUsers(ref, this.#context);
    const stoppedFor = await stoppedForOf(this.#claims.target.ref, this.#journal.id, this.#context.signal);
    const options = { timeoutMs, context: this.#context, stoppedFor };
    if (source.length > 0) this.#context.reporter.info(`Stopping ${namesOf(source)} of the source`);
    const generations = await stopWorkloads(ref, source, users, options);
    await this.#requireTargetUntouched(state);
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
    throw changedBesides(ref, changed);
  }

  /**
   * As the clusters are at this moment; a source claim that is gone has no writers.
   *
   * @throws RefusedError where others may write to the source by another claim.
   */
  async #requireUnshared(): Promise<void> {
    const now = await readNow(this.#claims.source.ref, this.#context.signal).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (now) requireUnshared(now, this.#copy.allowMounted);
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

  /** As {@link startAfterwards}. */
  #start(state: CutoverState, isTakenUp: boolean): Promise<number | undefined> {
    const { timeoutMs } = this.#copy;
    return startAfterwards(state, {
      claims: this.#claims,
      journal: this.#journal,
      context: this.#context,
      timeoutMs,
      isTakenUp,
      undo: (failure) => this.#undo(state, failure),
    });
  }

  #result(state: CutoverState, downtimeMs: number | undefined, resumed: boolean): CutoverResult {
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
      downtimeSeconds: downtimeMs === undefined ? undefined : downtimeMs / 1000,
      goalSeconds: goalMs / 1000,
      stopped: source.map(describeWorkload),
      started: startedBy(state).map(describeWorkload),
      verification,
      leftOut: leftOutOf(request),
      targetPath: placedIn(request),
      resumed,
    };
  }
}

/** @param readyAt when what is to run was seen to be ready; undefined where it was so before anybody looked. */
function downtimeOf({ stoppedAt = '' }: CutoverState, readyAt: number | undefined): number | undefined {
  const downtimeMs = (readyAt ?? Number.NaN) - Date.parse(stoppedAt);
  // Another machine's clock may have said when it was stopped.
  return downtimeMs >= 0 ? downtimeMs : undefined;
}

function endText(downtimeMs: number | undefined, leftOut: readonly string[]): string {
  const left = leftOut.length > 0 ? `; left out: ${leftOut.join('; ')}` : '';
  return downtimeMs === undefined
    ? `cut over; its downtime is not known${left}`
    : `cut over in ${formatDuration(downtimeMs)}${left}`;
}
