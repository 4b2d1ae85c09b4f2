/** What an earlier run of a cutover has left in its middle, and whether this one may go on from there. */
import { RefusedError } from '../../../src/errors.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { describeClaim, type NamespaceRef } from '../claims/claim.ts';
import { type CutoverState, namesOf, type Then } from '../records/cutover-state.ts';
import type { CutoverId } from '../records/stop-mark.ts';
import { overtakenText, runsAgain, stoppedNow, withPods } from '../records/stopped-workloads.ts';
import type { CopyContext, CopyRequest } from '../run/request/request.ts';
import type { Claims } from './claims.ts';
import type { Journal } from './journal.ts';
import { startLines } from './left.ts';
import { changedBesides, changedSince } from './standstill.ts';
import { stoppedForAnother } from './stop-refusals.ts';
import { areRepointed } from './switch.ts';
import {
  eitherSide,
  requireTargetUnstarted,
  requireTargetUntouched,
  startedAfterwards,
} from './target-writers.ts';
import { usersAmong } from './workloads.ts';

export interface TakeUpOptions extends Pick<CopyRequest, 'deletes' | 'again'> {
  readonly afterwards: Then;
  readonly claims: Claims;
  readonly journal: Pick<Journal, 'id' | 'recordName'>;
  readonly context: Pick<CopyContext, 'reporter' | 'signal'>;
}

/**
 * @returns where to go on; undefined where all is to begin anew: what was stopped runs again, or runs elsewhere.
 * @throws RefusedError where another cutover has stopped the same since, it was to end in another way, nobody can tell any
 *   more which side has what is to stay, or what the target has written since would be lost, and nobody has agreed to that.
 */
export async function takeUp(state: CutoverState, options: TakeUpOptions): Promise<CutoverState | undefined> {
  const { claims, deletes, journal } = options;
  const { recordName } = journal;
  const { reporter, signal } = options.context;
  if (await isOvertaken(state, options)) return undefined;
  requireSameEnd(state, options.afterwards);
  const change = state.phase === 'starting' ? await sourceChange(state, claims, signal) : undefined;
  if (change) await requireTargetUnstarted(state, claims, { recordName, change: change.text }, signal);
  const copiesAgain = change !== undefined || state.phase === 'stopping';
  // It may have run, and stand still again by now.
  if (copiesAgain && deletes !== 'all') await requireTargetUntouched(state, claims, recordName, signal);
  const names = namesOf(state.source) || 'nothing';
  // What has been written since is copied while it runs.
  if (copiesAgain && (await mustBeginAnew(state, claims, signal))) {
    reporter.warn(
      `An earlier run had stopped ${names}, and the source was started since: this one begins anew.`,
    );
    return undefined;
  }
  reporter.warn(`An earlier run had stopped ${names}: this one goes on from there.`);
  if (!copiesAgain) return state;
  const { targetGenerations } = state;
  // Who has agreed to lose what the target had written has not agreed to what it writes from now on.
  const noted = deletes === 'all' ? undefined : targetGenerations;
  return { ...state, phase: 'stopping', targetGenerations: noted };
}

/**
 * Whether another cutover has moved what this one had stopped, and this one is to begin anew all the same.
 *
 * @throws RefusedError where nobody has said so, or that other one has not ended.
 */
async function isOvertaken(
  state: CutoverState,
  { claims, journal: { id }, again = false, context }: TakeUpOptions,
): Promise<boolean> {
  const places = { source: claims.source.ref, target: claims.target.ref };
  const { others, still } = await stoppedNow(places, state, id, context.signal);
  const unended = others.find(({ mark }) => mark.moved !== true);
  if (unended) throw stoppedForAnother(unended, places[unended.side]);
  const [moved] = others;
  if (!moved) return false;
  const text = overtakenText(moved, id);
  const forget = `${cleanupLine(id, places.target)} removes its record`;
  // Begun anew, it would leave these stopped, and nobody would know for what.
  if (still.length > 0)
    throw new RefusedError(`${text}, and ${namesOf(still)} of the source stands still`, {
      details: startLines({ source: still }, claims),
      hint: `see first what runs with claim ${moved.mark.target}: the lines above start what stands still, and --again begins anew then; ${forget}`,
    });
  if (!again)
    throw new RefusedError(text, {
      hint: `--again begins it anew, and stops nothing of what runs with claim ${moved.mark.target}; ${forget}`,
    });
  context.reporter.warn(`${text}: this one begins anew.`);
  return true;
}

const cleanupLine = ({ task }: CutoverId, { kube, namespace }: NamespaceRef): string =>
  `kubectl x8sync cleanup ${task} -n ${namespace} --context ${kube.cluster.context}`;

function requireSameEnd(state: CutoverState, afterwards: Then): void {
  if (afterwards === state.afterwards) return;
  throw new RefusedError(`this cutover was begun with --then ${state.afterwards}, and is in its middle`, {
    hint: `give --then ${state.afterwards} to go on with it`,
  });
}

/** Whether what is to be stopped is another by now. Where nothing was, it is whatever mounts the source. */
async function mustBeginAnew(
  state: CutoverState,
  { source }: Pick<Claims, 'source'>,
  signal: AbortSignal,
): Promise<boolean> {
  if (state.source.length > 0) return runsAgain(source.ref, state, signal);
  return (await usersNow(source.ref, signal)).length > 0;
}

interface SourceChange {
  readonly error: RefusedError;
  /** To be read after `and`. */
  readonly text: string;
}

/**
 * Why the source's files may be others by now than those that were copied last: what was stopped was started again, or
 * something else has them mounted. Undefined where they are not, or are to be the source's own from now on.
 */
export async function sourceChange(
  { afterwards, source: stopped, generations = [] }: CutoverState,
  { source }: Pick<Claims, 'source'>,
  signal: AbortSignal,
): Promise<SourceChange | undefined> {
  if (afterwards === 'source') return undefined;
  if (afterwards === 'repoint' && (await areRepointed(source.ref, stopped, signal))) return undefined;
  const changed = await changedSince(source.ref, stopped, generations, signal);
  if (changed)
    return {
      error: changedBesides(source.ref, changed),
      text: `${namesOf(stopped)} of the source changed after its last copy`,
    };
  const users = await usersNow(source.ref, signal);
  if (users.length === 0) return undefined;
  const text = `pod ${users.join(', ')} mounts ${describeClaim(source.ref)}, which is to stand still`;
  const hint =
    'find out what starts it (a CronJob, another workload, a person), stop that first, and run the same command again';
  return { error: new RefusedError(text, { hint }), text };
}

async function usersNow(
  { kube, namespace, claim }: Claims['source']['ref'],
  signal: AbortSignal,
): Promise<string[]> {
  const { items } = await kube.list(pods, { namespace, signal });
  return usersAmong(claim, items).map(({ metadata }) => metadata.name);
}

/**
 * Asked once what is to run afterwards runs.
 *
 * @throws RefusedError where what was stopped has pods again: two of it run.
 */
export async function requireStillStopped(
  state: CutoverState,
  sides: Claims,
  recordName: string,
  { reporter, signal }: Pick<CopyContext, 'reporter' | 'signal'>,
): Promise<void> {
  const { ref } = sides.source;
  const changed = await changedSince(ref, state.source, state.generations ?? [], signal);
  if (!changed) return;
  const sourceRuns = await withPods(ref, state.source, signal);
  if (sourceRuns.length === 0)
    return reporter.warn(
      `${changed.kind} ${changed.name} of the source was changed by somebody else since it was copied (kubectl x8sync verify ${describeClaim(ref)} ${describeClaim(sides.target.ref)} shows what differs): where it ran for a while, what it wrote is not at the target.`,
    );
  const started = await startedAfterwards(state, sides, signal).catch(() => state.target);
  const beside = started.length > 0 ? `, and ${namesOf(started)} of the target runs too` : '';
  throw new RefusedError(
    `${namesOf(sourceRuns)} of the source was started by somebody else since it was copied${beside}`,
    eitherSide({ started, stopped: state.source, sourceRuns, sides, recordName }),
  );
}
