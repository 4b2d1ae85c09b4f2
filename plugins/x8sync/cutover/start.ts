/** The end of a cutover: the target holds all, and what is to run from now on is started. */
import { refusalIn } from '../../../src/kube/cluster/refusal.ts';
import { lostTarget } from '../claims/claim-stands.ts';
import { type CutoverState, namesOf, type ScaledWorkload } from '../records/cutover-state.ts';
import type { CopyContext } from '../run/request/request.ts';
import type { Claims } from './claims.ts';
import type { Journal } from './journal.ts';
import { afterSignal, tellingLeft, tellLeft } from './left.ts';
import { persistently } from './persistently.ts';
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
  const { context } = parts;
  await requireUnchanged(state, parts);
  if (state.afterwards === 'repoint') await repointed(state, parts);
  const starting = startedBy(state);
  if (starting.length > 0) context.reporter.info(`Starting ${namesOf(starting)}, until it is ready`);
  const readyAt = await started(state, starting, parts);
  if (state.afterwards === 'target' || state.afterwards === 'nothing') await leaveStopped(state, parts);
  return readyAt;
}

/** @throws where the source's files changed after their last copy, or nobody can tell, with all as before. */
async function requireUnchanged(
  state: CutoverState,
  { claims, context: { clock, signal }, undo }: StartParts,
): Promise<void> {
  const look = () => sourceChange(state, claims, signal);
  const change = await persistently(look, { clock, signal }).catch(async (error: unknown) => {
    throw await undo(error);
  });
  if (change) throw await undo(change.error);
}

/** @throws where the source does not stand still any more, or nobody can tell, with how both sides stand. */
async function leaveStopped(state: CutoverState, { claims, journal, context }: StartParts): Promise<void> {
  const { clock, signal } = context;
  const look = () => requireStillStopped(state, claims, journal.recordName, context);
  const { ref } = claims.target;
  const move = { ...journal.id, source: claims.source.ref, target: `${ref.namespace}/${ref.claim}` };
  const leave = async () => {
    await persistently(look, { clock, signal });
    await letGo(move, state.source, context);
  };
  await tellingLeft(leave, state, claims, { id: journal.id, reporter: context.reporter });
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
    const signal = afterSignal();
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
