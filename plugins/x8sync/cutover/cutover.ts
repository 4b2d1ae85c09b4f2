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
import type { CutoverEnd } from '../records/cutover-end.ts';
import { type CutoverState, isUnderWay, namesOf, type Then } from '../records/cutover-state.ts';
import { unmarkStarted } from '../records/stop-mark.ts';
import { copy } from '../run/copy/copy.ts';
import { type CopyContext, type CopyRequest, type CopyResult, pairLabel } from '../run/request/request.ts';
import { ClaimUsers } from './claim-users.ts';
import { type Claims, readNow, stoppedForOf } from './claims.ts';
import { claimsFor } from './earlier.ts';
import { Journal } from './journal.ts';
import { tellingLeft, tellingStopped, tellLeft } from './left.ts';
import { leftOutOf, leftOutWarnings } from './left-out.ts';
import { leftStopped } from './left-stopped.ts';
import { copyUntilQuick, type Pass, passOf, requireWhole } from './passes.ts';
import { limitMs, persistently } from './persistently.ts';
import { type PlanOptions, planAgain, planCutover } from './plan.ts';
import { requireUnshared } from './precautions.ts';
import { type CutoverRequest, type CutoverResult, cutoverEnd, cutoverResult } from './result.ts';
import { changedBesides, changedSince, generationsFor, generationsOf } from './standstill.ts';
import { startAfterwards } from './start.ts';
import { stopWorkloads } from './switch.ts';
import { takeUp } from './take-up.ts';
import { requireTargetUntouched, touchedAtTarget, writersAfterwards } from './target-writers.ts';
import { undo } from './undo.ts';

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
    const onAbandoned: CopyContext['onAbandoned'] = (list) => context.onAbandoned(list);
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
  /** This run has copied, stopped or started something, or may have. */
  #hasActed = false;
  /**
   * What an earlier run has noted of a target that has written since, which a person has agreed to lose: it stands in the
   * record until a copy has taken that away. A run that comes to nothing before has had no use of the agreement.
   */
  #kept: CutoverState | undefined;
  /** What the record has of an earlier run does not stand still any more: this one copies beside it. */
  #isBeside = false;
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
    this.#context = { ...context, onAbandoned: tellingStopped(context, this, claims) };
  }

  /** What stands still for it, as far as this run knows. */
  get state(): CutoverState | undefined {
    return this.#isBeside ? undefined : this.#journal.state;
  }

  async run(): Promise<CutoverResult> {
    const known = this.#journal.state;
    const resumed = isUnderWay(known);
    for (const text of leftOutWarnings(this.#copy)) this.#context.reporter.warn(text);
    try {
      const taken = known && resumed ? await this.#telling(known, () => this.#takeUp(known)) : undefined;
      const copied = await this.#copied(taken ?? (await this.#begin()));
      const downtimeMs = downtimeOf(copied, await this.#start(copied, taken !== undefined));
      const at = this.#context.clock.now().toISOString();
      const end = cutoverEnd(copied, { at, downtimeMs });
      await this.#telling(copied, () => this.#succeed(end));
      return cutoverResult(copied, this.#request, { passes: this.#passes, downtimeMs, resumed });
    } catch (error) {
      await this.#fail(error).catch(() => {});
      throw error;
    }
  }

  #telling<T>(state: CutoverState, work: () => Promise<T>): Promise<T> {
    const { id } = this.#journal;
    return tellingLeft(work, state, this.#claims, { id, reporter: this.#context.reporter });
  }

  /** May be done again: what runs by now is as it is to be, and only its record would not say so. */
  #succeed(end: CutoverEnd): Promise<void> {
    const { clock } = this.#context;
    const text = endText(end, leftOutOf(this.#copy));
    // Whoever ends the run by now ends nothing else.
    const signal = AbortSignal.timeout(limitMs);
    return persistently(() => this.#journal.succeed(end, text), { clock, signal });
  }

  async #fail(error: unknown): Promise<void> {
    if (!this.#hasActed) return this.#journal.withdraw();
    const phase = error instanceof InterruptedError ? 'Interrupted' : 'Failed';
    await this.#journal.fail(phase, messageOf(error), exitCodeOf(error));
  }

  /** With all at the target, and the source's workloads stopped. */
  async #copied(state: CutoverState): Promise<CutoverState> {
    if (state.phase !== 'starting') return this.#copyStopped(state);
    await this.#requireCopyStands(state);
    return state;
  }

  /** Undefined where all is to begin anew. @throws as {@link takeUp}. */
  async #takeUp(state: CutoverState): Promise<CutoverState | undefined> {
    const taken = await takeUp(state, {
      afterwards: this.#request.afterwards,
      deletes: this.#copy.deletes,
      again: this.#copy.again,
      claims: this.#claims,
      journal: this.#journal,
      context: this.#context,
    });
    const written =
      taken?.phase === 'starting' ? [] : await touchedAtTarget(state, this.#claims, this.#context.signal);
    if (written.length > 0) this.#kept = state;
    if (!taken) return undefined;
    this.#hasActed = true;
    await this.#journal.begin(this.#recorded(taken));
    return taken;
  }

  /** As it stands in the record, with what is kept there. */
  #recorded(state: CutoverState): CutoverState {
    if (!this.#kept) return state;
    // One that is ready is looked at by nobody for what has been written since.
    const phase = state.phase === 'ready' ? 'stopping' : state.phase;
    return { ...state, phase, targetGenerations: generationsFor(state.target, this.#kept) };
  }

  #write(state: CutoverState): Promise<void> {
    return this.#journal.write(this.#recorded(state));
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
    const lost = await this.#orUndo(state, () => lostTarget(this.#claims.target, signal));
    if (!lost) return;
    const writers = await this.#orUndo(state, () => writersAfterwards(state, this.#claims, signal));
    if (writers.length === 0) throw await this.#undo(state, lost);
    await tellLeft(state, this.#claims, { id: this.#journal.id, reporter, signal, lost });
    throw lost;
  }

  /** What is to be stopped and started, and copies until one is quick. */
  async #begin(): Promise<CutoverState> {
    const { afterwards, goalMs } = this.#request;
    requireUnshared(this.#claims.source, this.#copy.allowMounted);
    const planned = await planCutover(this.#claims, afterwards, this.#context, this.#planOptions);
    const targetGenerations = await this.#targetGenerations(planned);
    const state = { ...planned, targetGenerations };
    const kept = this.#kept;
    this.#isBeside = true;
    await this.#journal.begin(kept ?? state);
    const { kube, namespace } = this.#claims.source.ref;
    const isOurs = (uid?: string) => state.source.some((one) => one.uid === uid);
    await unmarkStarted(kube, namespace, (_, { metadata }) => isOurs(metadata.uid), this.#context.signal);
    const copyOnce: typeof copy = async (request) => {
      await this.#requireTargetUntouched(state);
      const result = await this.#pass(request);
      if (kept) await this.#write(state);
      return result;
    };
    const plain = { ...this.#copy, verify: false };
    this.#passes.push(...(await copyUntilQuick(plain, goalMs, this.#context, copyOnce)));
    // As the last one is made: what it takes to read both sides is no matter of a guess.
    const compared = { ...this.#copy, deletes: 'all' } as const;
    if (this.#copy.verify)
      this.#passes.push(...(await copyUntilQuick(compared, goalMs, this.#context, copyOnce)));
    return state;
  }

  /** Makes one copy. */
  async #pass(request: CopyRequest): Promise<CopyResult> {
    const attempts: boolean[] = [];
    const onGivenUp = (mayHaveCopied: boolean) => void attempts.push(mayHaveCopied);
    try {
      const result = await this.#copyOnce(request, { ...this.#context, onGivenUp });
      this.#hasActed = true;
      this.#kept = undefined;
      return result;
    } catch (error) {
      if (attempts.length === 0 || attempts.includes(true)) this.#hasActed = true;
      throw error;
    }
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
    const stopping = await (state.phase === 'ready'
      ? this.#noteStopping(await this.#aboutToStop(state))
      : this.#orUndo(state, () => this.#noteStopping(state)));
    try {
      const generations = await this.#lastPass(stopping);
      const verification = this.#last?.verification;
      const starting = { ...stopping, phase: 'starting', generations, verification } as const;
      await this.#write(starting);
      return starting;
    } catch (error) {
      throw await this.#undo(stopping, error);
    }
  }

  /** Written before anything is stopped. */
  async #noteStopping(planned: CutoverState): Promise<CutoverState> {
    const targetGenerations = planned.targetGenerations ?? (await this.#targetGenerations(planned));
    const stopping = { ...planned, phase: 'stopping', targetGenerations } as const;
    this.#hasActed = true;
    this.#isBeside = false;
    await this.#write(stopping);
    return stopping;
  }

  /** Work while the source stands still. @throws as {@link undo}. */
  async #orUndo<T>(state: CutoverState, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw await this.#undo(state, error);
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
    return { ...planned, stoppedAt, targetGenerations: generationsFor(planned.target, state) };
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
    const result = await this.#pass({ ...this.#copy, deletes: 'all' });
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
    const journal = {
      id: this.#journal.id,
      regain: (signal: AbortSignal) => this.#journal.regain(signal),
      write: (now: CutoverState) => this.#write(now),
    };
    return undo(state, failure, { claims: this.#claims, journal, reporter, clock });
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
}

/** @param readyAt when what is to run was seen to be ready; undefined where it was so before anybody looked. */
function downtimeOf({ stoppedAt = '' }: CutoverState, readyAt: number | undefined): number | undefined {
  const downtimeMs = (readyAt ?? Number.NaN) - Date.parse(stoppedAt);
  // Another machine's clock may have said when it was stopped.
  return downtimeMs >= 0 ? downtimeMs : undefined;
}

function endText(end: CutoverEnd, leftOut: readonly string[]): string {
  const { afterwards, stopped, started, downtimeSeconds } = end;
  const still = leftStopped({ afterwards, source: stopped, target: started });
  const left = [
    ...(still.length > 0 ? [`; ${namesOf(still)} of the source stays stopped`] : []),
    ...(leftOut.length > 0 ? [`; left out: ${leftOut.join('; ')}`] : []),
  ].join('');
  if (downtimeSeconds !== undefined) return `cut over in ${formatDuration(downtimeSeconds * 1000)}${left}`;
  if (stopped.length === 0) return `cut over; nothing was stopped${left}`;
  if (started.length === 0) return `cut over; nothing was started${left}`;
  return `cut over; its downtime is not known${left}`;
}
