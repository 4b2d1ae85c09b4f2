/**
 * What writes to a cutover's target by now, whoever has started it: what it has written is nowhere else. As long as there
 * is any, nothing of the source is started beside it, and no copy takes it away.
 */
import { RefusedError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { type ClaimRef, describeClaim, mountsOf } from '../claims/claim.ts';
import { runningWith } from '../records/claim-workloads.ts';
import { stopLines } from '../records/cutover-guard.ts';
import { type CutoverState, isUnderWay, namesOf, type ScaledWorkload } from '../records/cutover-state.ts';
import { forgetLine as forgetMark } from '../records/stop-mark.ts';
import { withPods } from '../records/stopped-workloads.ts';
import type { Claims } from './claims.ts';
import { generationsOf } from './standstill.ts';
import { areRepointed } from './switch.ts';

type Sides = Pick<Claims, 'source' | 'target'>;

/** Workloads that have pods with the target's files, by their names: one that was made anew writes as well. */
export async function startedAfterwards(
  { afterwards, source: stopped }: Pick<CutoverState, 'afterwards' | 'source'>,
  { source, target }: Sides,
  signal: AbortSignal,
): Promise<ScaledWorkload[]> {
  if (afterwards === 'source') return [];
  if (afterwards === 'repoint') return repointedWithPods(source.ref, stopped, signal);
  return runningWith(target.ref, signal);
}

/** Those of the source's that were given the other claim, and are to have pods. */
async function repointedWithPods(
  ref: ClaimRef,
  workloads: readonly ScaledWorkload[],
  signal: AbortSignal,
): Promise<ScaledWorkload[]> {
  const running = await withPods(ref, workloads, signal);
  const areGiven = await Promise.all(running.map((workload) => areRepointed(ref, [workload], signal)));
  return running.filter((_, index) => areGiven[index]);
}

/** Names of what writes to the target, or would at any moment; empty where nothing of it was started yet. */
export async function writersAfterwards(
  state: CutoverState,
  sides: Sides,
  signal: AbortSignal,
): Promise<string[]> {
  if (state.afterwards !== 'nothing')
    return (await startedAfterwards(state, sides, signal)).map(({ kind, name }) => `${kind} ${name}`);
  // What a person starts may be of any kind, and a plan for nothing has asked for no rights at the target.
  const { kube, namespace, claim } = sides.target.ref;
  const workloads = await startedAfterwards(state, sides, signal).catch((error: unknown) => {
    if (isForbidden(error)) return [];
    throw error;
  });
  const { items } = await kube.list(pods, { namespace, signal });
  // Our own mover may be on its way out.
  const users = mountsOf(claim, items).filter(({ task }) => task === undefined);
  return [...workloads.map(({ kind, name }) => `${kind} ${name}`), ...users.map(({ pod }) => `pod ${pod}`)];
}

/**
 * The target's workloads that somebody has changed since the cutover has noted them; perhaps they have run. Empty where
 * nothing was noted.
 */
export async function touchedAtTarget(
  { target: workloads, targetGenerations: before }: CutoverState,
  { target }: Pick<Claims, 'target'>,
  signal: AbortSignal,
): Promise<ScaledWorkload[]> {
  if (!before) return [];
  const now = await generationsOf(target.ref, workloads, signal);
  return workloads.filter((_, index) => now[index] !== before[index]);
}

/**
 * Asked as long as the target's files may not be whole.
 *
 * @param recordName of the ConfigMap that says what was stopped.
 * @throws RefusedError where somebody has changed a workload of the target since that was noted: it may have been started,
 *   and another copy would take away what it has written.
 */
export async function requireTargetUntouched(
  state: CutoverState,
  sides: Sides,
  recordName: string,
  signal: AbortSignal,
): Promise<void> {
  const changed = await touchedAtTarget(state, sides, signal);
  if (changed.length === 0) return;
  const names = changed.map(({ kind, name }) => `${kind} ${name}`).join(', ');
  const loss = 'where it was started, another copy would take away what it has written';
  if (isUnderWay(state))
    throw new RefusedError(
      `${names} of the target was changed since the source was stopped: ${loss}`,
      eitherSide({ started: changed, stopped: state.source, sides, recordName }),
    );
  throw new RefusedError(`${names} of the target was changed since this began: ${loss}`, {
    hint: `nothing was stopped; kubectl x8sync verify ${describeClaim(sides.source.ref)} ${describeClaim(sides.target.ref)} shows what the target has of its own: once that may go, run the same command again`,
  });
}

/**
 * @param change what has become of the source since its last copy, to be read after `and`.
 * @throws RefusedError where the target has started since, too.
 */
export async function requireTargetUnstarted(
  state: CutoverState,
  sides: Sides,
  { recordName, change }: { readonly recordName: string; readonly change: string },
  signal: AbortSignal,
): Promise<void> {
  const writers = await writersAfterwards(state, sides, signal);
  if (writers.length === 0) return;
  const started = await startedAfterwards(state, sides, signal).catch(() => []);
  const isRepointed = state.afterwards === 'repoint';
  const names = started.length > 0 ? namesOf(started) : writers.join(', ');
  const what = isRepointed ? `${names} was started with the new claim` : `${names} of the target was started`;
  throw new RefusedError(
    `${what}, and ${change}: which of the two has what is to stay can't be told`,
    eitherSide({ started, stopped: state.source, sides, recordName, isRepointed }),
  );
}

interface Either {
  /** What of the target is to be stopped where the source's files are to stay. */
  readonly started: readonly ScaledWorkload[];
  /** What stands still for the cutover, which its marks say as long as nobody takes them away. */
  readonly stopped: readonly ScaledWorkload[];
  /** What of the source runs and is to be stopped where the target's are. */
  readonly sourceRuns?: readonly ScaledWorkload[];
  readonly sides: Sides;
  readonly recordName: string;
  readonly isRepointed?: boolean;
}

/** The two ways out of which a person has to take one, each with its commands. */
export function eitherSide({
  started,
  stopped,
  sourceRuns = [],
  sides,
  recordName,
  isRepointed = false,
}: Either): {
  readonly details: readonly string[];
  readonly hint: string;
} {
  const { source, target } = sides;
  const place = isRepointed ? source.ref : target.ref;
  const stopTarget = stopLines(started, place.kube.cluster.context, place.namespace);
  const stopSource = stopLines(sourceRuns, source.ref.kube.cluster.context, source.ref.namespace);
  const { context } = source.ref.kube.cluster;
  const unmark = stopped.map((workload) => forgetMark(workload, context, source.ref.namespace));
  const again = 'the same command with --delete --yes, which makes the target what the source is';
  const forget = `${forgetLineOf(target.ref, recordName)}, which forgets this cutover`;
  const both = (lines: readonly string[], last: string) =>
    lines.length === 0 ? last : `${lines.join('; ')}, and ${last}`;
  return {
    details: [
      `the source's files: ${both(stopTarget, again)}`,
      `the target's files: ${both([...stopSource, ...unmark], forget)}`,
    ],
    hint: 'see what both sides hold, and take the line of the one that is to stay',
  };
}

/** How a cutover is forgotten whose record is of that name. */
export const forgetLineOf = ({ kube, namespace }: ClaimRef, recordName: string): string =>
  `kubectl --context ${kube.cluster.context} -n ${namespace} delete configmap/${recordName}`;
