/**
 * The way back: the source's workloads are told to start again, where this run still has the cutover and nothing else was
 * started. Where that can't be, or is not known, what stands still is told with how to start it: never silently.
 */
import { retry } from '../../../src/async/retry.ts';
import type { Clock } from '../../../src/clock.ts';
import { messageOf, RefusedError, type X8sError } from '../../../src/errors.ts';
import { isForbidden, mayPass } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { namespaces } from '../../../src/kube/api/resources.ts';
import type { Reporter } from '../../../src/ui/reporter.ts';
import { stopLines } from '../records/cutover-guard.ts';
import {
  type CutoverState,
  describeWorkload,
  isUnderWay,
  namesOf,
  type ScaledWorkload,
  scaleCommand,
} from '../records/cutover-state.ts';
import { startedAtTarget } from '../records/stopped-workloads.ts';
import { withDetails } from '../run/failure-evidence.ts';
import type { CopyContext } from '../run/request.ts';
import type { Claims } from './claims.ts';
import type { Journal } from './journal.ts';
import { generationsOf, isUnstarted, pointBack, restore } from './switch.ts';

/** An API server that is upgraded is away for half a minute. */
const limitMs = 60_000;
const pause = { firstMs: 1000, mostMs: 1000 };

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
    const told = await persistently((signal) => goBack(state, parts, signal), parts.clock);
    const names = namesOf(told);
    reporter.warn(
      names === ''
        ? 'Not cut over: nothing of the source had to be started again.'
        : `Not cut over: ${names} of the source is told to start as before; its pods were not awaited.`,
    );
    return failure;
  } catch (why) {
    const names = namesOf(state.source);
    const line = `${names || 'nothing'} of the source was not started again: ${messageOf(why)}`;
    reporter.warn(line);
    return withDetails(
      failure,
      [line, ...startLines(state, claims)],
      'see first that nothing else runs by now, and what it has written; then run the same command again, or the lines above',
    );
  }
}

/** How to start by hand what a cutover has stopped, a line each. */
export function startLines({ source }: Pick<CutoverState, 'source'>, claims: Claims): string[] {
  const { kube, namespace } = claims.source.ref;
  return source.map((workload) => scaleCommand(workload, kube.cluster.context, namespace));
}

/**
 * Says what is left where what is to run did not come up: the source stands still.
 *
 * @param lost the files are not at the target any more
 */
export async function tellLeft(
  state: CutoverState,
  claims: Claims,
  lost: X8sError | undefined,
  { reporter, signal }: Pick<CopyContext, 'reporter' | 'signal'>,
): Promise<void> {
  const { ref } = claims.target;
  const started = await startedAtTarget(ref, state, signal).catch(() => state.target);
  const stop = stopLines(started, ref.kube.cluster.context, ref.namespace);
  const told = lost
    ? `The source stands still, and the target is lost (${lost.message}). Go back by hand`
    : 'The files are at the target, and the source stands still. Run the same command to go on, or go back by hand';
  const warned = stop.length > 0 ? ' (what the target has written since is not at the source)' : '';
  reporter.warn(`${told}${warned}: ${[...stop, ...startLines(state, claims)].join('; ')}`);
}

/** The same for whoever has ended the process at once, each with what it is about. */
function leftLines(state: CutoverState, claims: Claims): string[] {
  const lines = startLines(state, claims);
  return state.source.map(
    (workload, index) =>
      `${describeWorkload(workload)} of the source stands still for this cutover: run the same command again, or ${lines[index]}`,
  );
}

/** Who ends the process at once hears of the workloads, too, that stand still. */
export function tellingStopped(
  context: CopyContext,
  journal: Pick<Journal, 'state'>,
  claims: Claims,
): CopyContext['onAbandoned'] {
  let ofCopy: () => readonly string[] = () => [];
  context.onAbandoned(() => {
    const { state } = journal;
    return [...ofCopy(), ...(state && isUnderWay(state) ? leftLines(state, claims) : [])];
  });
  return (list) => {
    ofCopy = list;
  };
}

/**
 * @param recordName of the ConfigMap that says what was stopped.
 * @throws RefusedError where the source has changed since its last copy, and the target has started since, too.
 */
export async function requireTargetUnstarted(
  state: CutoverState,
  { source, target }: Claims,
  recordName: string,
  signal: AbortSignal,
): Promise<void> {
  if (await isUnstarted(source.ref, target.ref, state, signal)) return;
  const { kube, namespace } = target.ref;
  const { context } = kube.cluster;
  const stop = stopLines(state.target, context, namespace);
  throw new RefusedError(
    `${namesOf(state.target)} of the target was started, and ${namesOf(state.source)} of the source changed after its last copy: which of the two has what is to stay can't be told`,
    {
      details: [
        `the source's files: ${stop.join('; ')}, and the same command again, which copies anew`,
        `the target's files: kubectl --context ${context} -n ${namespace} delete configmap/${recordName}, which forgets this cutover`,
      ],
      hint: 'see what both sides hold, and take the line of the one that is to stay',
    },
  );
}

/**
 * Asked as long as the target's files may not be whole.
 *
 * @param recordName of the ConfigMap that says what was stopped.
 * @throws RefusedError where somebody has changed a workload of the target since the source's were stopped: it may have been
 *   started, and another copy would take away what it has written.
 */
export async function requireTargetUntouched(
  { target: workloads, targetGenerations: before }: CutoverState,
  { target }: Pick<Claims, 'target'>,
  recordName: string,
  signal: AbortSignal,
): Promise<void> {
  if (!before) return;
  const now = await generationsOf(target.ref, workloads, signal);
  const changed = workloads.filter((_, index) => now[index] !== before[index]);
  if (changed.length === 0) return;
  const { kube, namespace } = target.ref;
  const { context } = kube.cluster;
  const stop = stopLines(changed, context, namespace);
  throw new RefusedError(
    `${changed.map(({ kind, name }) => `${kind} ${name}`).join(', ')} of the target was changed by somebody else while the source stood still: where it was started, another copy would take away what it has written`,
    {
      details: [
        `the source's files: ${stop.join('; ')}, and the same command with --delete --yes, which makes the target what the source is`,
        `the target's files: kubectl --context ${context} -n ${namespace} delete configmap/${recordName}, which forgets this cutover`,
      ],
      hint: 'see what both sides hold, and take the line of the one that is to stay',
    },
  );
}

/** May be done again, to the same end. */
async function goBack(
  state: CutoverState,
  { claims: { source, target }, journal }: UndoParts,
  signal: AbortSignal,
): Promise<ScaledWorkload[]> {
  const isKept = await regained(journal, target.ref, signal);
  if (!(await isUnstarted(source.ref, target.ref, state, signal)))
    throw new RefusedError('what is to run afterwards was started meanwhile');
  // Their templates are only changed once all is copied.
  if (state.afterwards === 'repoint' && state.phase === 'starting')
    await pointBack(source.ref, target.ref.claim, state.source, signal);
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

/** Again where a cluster does not answer, until that may be called lasting. */
function persistently<T>(work: (signal: AbortSignal) => Promise<T>, clock: Clock): Promise<T> {
  const signal = AbortSignal.timeout(limitMs);
  const until = clock.monotonic() + limitMs;
  const failed = (error: unknown): void => {
    const passes = mayPass(error) || mayPass((error as Error).cause);
    if (!passes || clock.monotonic() >= until) throw error;
  };
  return retry(() => work(signal), { pause, clock, signal, failed });
}
