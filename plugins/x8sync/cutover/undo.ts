/**
 * The way back: the source's workloads are told to start again, where this run still has the cutover and nothing else was
 * started. Where that can't be, or is not known, what stands still is told with how to start it: never silently.
 */
import type { Clock } from '../../../src/clock.ts';
import { messageOf, RefusedError } from '../../../src/errors.ts';
import { isForbidden, mayPass } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { namespaces } from '../../../src/kube/api/resources.ts';
import type { Reporter } from '../../../src/ui/reporter.ts';
import { type CutoverState, namesOf, type ScaledWorkload } from '../records/cutover-state.ts';
import { withDetails } from '../run/results/failure-evidence.ts';
import type { Claims } from './claims.ts';
import type { Journal } from './journal.ts';
import { startLines } from './left.ts';
import { limitMs, persistently } from './persistently.ts';
import { pointBack, restore } from './switch.ts';
import { writersAfterwards } from './target-writers.ts';
import { lookLine } from './workloads.ts';

export interface UndoParts {
  readonly claims: Claims;
  readonly journal: Pick<Journal, 'regain' | 'write' | 'id'>;
  readonly reporter: Pick<Reporter, 'warn'>;
  readonly clock: Clock;
}

/**
 * Goes back after a failure, whatever has ended the run.
 *
 * @returns the error to show: the failure, with what stands still where that could not be started.
 */
export async function undo(state: CutoverState, failure: unknown, parts: UndoParts): Promise<unknown> {
  const { reporter, claims } = parts;
  try {
    const signal = AbortSignal.timeout(limitMs);
    const told = await persistently(() => goBack(state, parts, signal), {
      ...{ clock: parts.clock, signal },
      wasAllowed: true,
    });
    const names = namesOf(told);
    reporter.warn(
      names === ''
        ? 'Not cut over: nothing of the source had to be started again.'
        : `Not cut over: ${names} of the source is told to start as before; its pods were not awaited: ${told.map((one) => lookLine(claims.source.ref, one)).join('; ')}`,
    );
    return failure;
  } catch (why) {
    const names = namesOf(state.source);
    const line = names
      ? `${names} of the source was not started again: ${messageOf(why)}`
      : `This cutover had stopped nothing, and how the two sides stand is not known: ${messageOf(why)}`;
    reporter.warn(line);
    return withDetails(
      failure,
      [line, ...startLines(state, claims)],
      'see first that nothing else runs by now, and what it has written; then run the same command again, or the lines above',
    );
  }
}

/** May be done again, to the same end. */
async function goBack(
  state: CutoverState,
  { claims, journal }: UndoParts,
  signal: AbortSignal,
): Promise<ScaledWorkload[]> {
  const { source, target } = claims;
  const isKept = await regained(journal, target.ref, signal);
  const writers = await writersAfterwards(state, claims, signal);
  if (writers.length > 0)
    throw new RefusedError(`what is to run afterwards was started meanwhile (${writers.join(', ')})`);
  // An earlier run may have changed some of the templates, whatever this one had come to.
  if (state.afterwards === 'repoint') await pointBack(source.ref, target.ref.claim, state.source, signal);
  const told = await restore(source.ref, state.source, journal.id);
  // Where nobody can note it, the marks tell: they are gone from what runs again.
  if (isKept) await journal.write({ ...state, phase: 'ready' }).catch(unlessLasting);
  return told;
}

/** What may pass is tried again. */
function unlessLasting(error: unknown): void {
  if (mayPass(error)) throw error;
}

/**
 * Whether the record of the cutover is this run's. False where it is gone with the namespace of the target: then nobody else
 * can have gone on with it.
 */
async function regained(
  journal: Pick<Journal, 'regain'>,
  { kube, namespace }: Claims['target']['ref'],
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await journal.regain(signal);
    return true;
  } catch (error) {
    if (mayPass(error) || !(await isGone(kube, namespace, signal))) throw error;
    return false;
  }
}

/** Whether a namespace is gone, or on its way. False where that may not be asked. */
async function isGone(kube: KubeClient, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    const found = await kube.find(namespaces, { name }, { signal });
    return found === undefined || found.metadata.deletionTimestamp !== undefined;
  } catch (error) {
    if (isForbidden(error)) return false;
    throw error;
  }
}
