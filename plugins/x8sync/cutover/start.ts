/** The end of a cutover: the target holds all, and what is to run from now on is started. */
import { refusalIn } from '../../../src/kube/cluster/refusal.ts';
import { lostTarget } from '../claims/claim-stands.ts';
import { type CutoverState, namesOf, type ScaledWorkload } from '../records/cutover-state.ts';
import type { CopyContext } from '../run/request/request.ts';
import type { Claims } from './claims.ts';
import type { Journal } from './journal.ts';
import { tellLeft } from './left.ts';
import { letGo } from './stop.ts';
import { GoneError, repoint, startWorkloads } from './switch.ts';
import { requireStillStopped, sourceChange } from './take-up.ts';
import { forgetLineOf, touchedAtTarget, writersAfterwards } from './target-writers.ts';

export interface StartParts {
  readonly claims: Claims;
  readonly journal: Pick<Journal, 'id' | 'recordName'>;
  readonly context: CopyContext;
  readonly timeoutMs: number;
  /** An earlier run may have started some of what is to run. */
  readonly isTakenUp: boolean;
  /** Goes back, and resolves with the error to show. */
  readonly undo: (failure: unknown) => Promise<unknown>;
}

/** What a cutover starts in its end. */
export const startedBy = ({ afterwards, source, target }: CutoverState): readonly ScaledWorkload[] =>
  ({ target, source, repoint: source, nothing: [] })[afterwards];

/**
 * @returns when all that is to run was seen to be ready, in milliseconds; undefined where it was so before this run looked.
 * @throws with all as before where nothing was started; else with what is left to do told: the files are at the target.
 */
export async function startAfterwards(state: CutoverState, parts: StartParts): Promise<number | undefined> {
  const { claims, journal, context, undo } = parts;
  const { afterwards, source: stopped } = state;
  const change = await sourceChange(state, claims, context.signal);
  if (change) throw await undo(change.error);
  if (afterwards === 'repoint') await repointed(state, parts);
  const starting = startedBy(state);
  if (starting.length > 0) context.reporter.info(`Starting ${namesOf(starting)}, until it is ready`);
  const readyAt = await started(state, starting, parts);
  if (afterwards === 'target' || afterwards === 'nothing') {
    await requireStillStopped(state, claims, journal.recordName, context);
    const { ref } = claims.target;
    const move = { ...journal.id, source: claims.source.ref, target: `${ref.namespace}/${ref.claim}` };
    await letGo(move, stopped, context);
  }
  return readyAt;
}

/** @throws where a template can't be changed, with all of them as they were, and the source's workloads told to start. */
async function repointed({ source }: CutoverState, { claims, context, undo }: StartParts): Promise<void> {
  const { signal } = context;
  try {
    await repoint(claims.source.ref, claims.target.ref.claim, source, { signal });
  } catch (error) {
    throw await undo(error);
  }
}

/** A last look at what is left, in milliseconds. */
const afterMs = 10_000;

async function started(
  state: CutoverState,
  workloads: readonly ScaledWorkload[],
  parts: StartParts,
): Promise<number | undefined> {
  const { claims, journal, context, timeoutMs } = parts;
  const { source, target } = claims;
  try {
    const { ref } = state.afterwards === 'source' ? source : target;
    return await startWorkloads(ref, workloads, { timeoutMs, context });
  } catch (error) {
    if (await isDeclined(state, error, parts)) throw await parts.undo(error);
    // Its own signal: what has ended the run is over with it.
    const signal = AbortSignal.timeout(afterMs);
    const lost = await lostTarget(target, signal).catch(() => undefined);
    const forgetLine = error instanceof GoneError ? forgetLineOf(target.ref, journal.recordName) : undefined;
    await tellLeft(state, claims, { id: journal.id, reporter: context.reporter, signal, lost, forgetLine });
    throw error;
  }
}

/** Whether a server has declined to start the first of what is to run, and none of it can have run before. */
async function isDeclined(
  state: CutoverState,
  error: unknown,
  { claims, context: { signal }, isTakenUp }: StartParts,
): Promise<boolean> {
  if (state.afterwards === 'source') return false;
  if (refusalIn(error) === undefined && !(error instanceof GoneError)) return false;
  try {
    // What ran at the target after an earlier run has written there, though it stands still by now.
    if (isTakenUp && (await mayHaveRun(state, claims, signal))) return false;
    return (await writersAfterwards(state, claims, signal)).length === 0;
  } catch {
    return false;
  }
}

/** Of pods with another claim nothing is noted that would tell. */
async function mayHaveRun(state: CutoverState, claims: Claims, signal: AbortSignal): Promise<boolean> {
  if (state.afterwards === 'repoint') return true;
  return (await touchedAtTarget(state, claims, signal)).length > 0;
}
