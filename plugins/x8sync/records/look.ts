/** Looks at what a task's mover does, in whichever cluster it is, and keeps an end that no command has written. */
import { someAtOnce } from '../../../src/async/some-at-once.ts';
import { messageOf, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { jobs, pods } from '../../../src/kube/api/resources.ts';
import type { EndPhase, TaskRecord } from '../../../src/tasks/record.ts';
import type { ClaimName } from '../claims/claim.ts';
import { type HolderState, holderState } from '../claims/claim-lock.ts';
import { newcomersOf } from '../claims/newcomers.ts';
import type { SideRecord } from '../objects/side-cleanup.ts';
import { moverSelector, sideOf } from '../objects/sides.ts';
import { keepEnd, keptEndOf } from '../run/kept-end.ts';
import { refusesUsers } from '../run/pods/mover-job.ts';
import { nonceIn } from '../run/pods/workers.ts';
import { storeOf } from '../run/request/task-store.ts';
import { isThrough } from '../run/results/copy-end.ts';
import { unlessBeforeSchedule } from './before-schedule.ts';
import { type Clusters, clustersOf } from './clusters.ts';
import { withCutover } from './cutover-standing.ts';
import { cutoverRole } from './cutover-state.ts';
import { decisiveRecord, specOf, type TaskEntry } from './inventory.ts';
import { wordsOf } from './last-words.ts';
import { lookAtSchedule } from './schedule-look.ts';
import { cleanupCommand, describeFlaw, flawOf, flawsOf, flawText } from './soundness.ts';
import {
  type Claims,
  endIn,
  mayHaveMover,
  type NoSight,
  recordedStanding,
  type Sight,
  type Standing,
  standingOf,
} from './standing.ts';
import { lostTargetOf } from './target-claim.ts';
import { sidesOf, soon, type TaskContext, type TaskSides } from './task-sides.ts';

/** A task, with what was seen of it. */
export interface StandingTask {
  readonly entry: TaskEntry;
  readonly standing: Standing;
  /** Where these are two. */
  readonly clusters?: Clusters | undefined;
}

export interface LookOptions {
  /** Also how far the mover is: its log is read for it. */
  readonly withProgress: boolean;
}

/** How all of these tasks stand, in their order. */
export const lookAtAll = (
  entries: readonly TaskEntry[],
  kube: KubeClient,
  context: TaskContext,
): Promise<StandingTask[]> =>
  someAtOnce(entries.map((entry) => () => lookAt(entry, kube, context, { withProgress: false })));

/** How a task stands. An end that no command has written is kept in the records, where they may be written. */
export async function lookAt(
  entry: TaskEntry,
  kube: KubeClient,
  context: TaskContext,
  options: LookOptions,
): Promise<StandingTask> {
  const [seen, clusters] = await Promise.all([
    standingWithCutover(entry, kube, context, options),
    clustersOf(entry, kube, context),
  ]);
  return { ...seen, clusters };
}

async function standingWithCutover(
  entry: TaskEntry,
  kube: KubeClient,
  context: TaskContext,
  options: LookOptions,
): Promise<StandingTask> {
  const seen = await standingIn(entry, kube, context, options);
  if (flawsOf(entry, kube).length > 0) return seen;
  const sides = () => bothSides(entry, kube, context);
  const look = { ...context, ...options };
  const { standing, record, stopped } = await withCutover(entry, seen.standing, kube, sides, look);
  const records = { ...seen.entry.records, ...(record && { [cutoverRole]: record }) };
  return {
    ...seen,
    entry: { task: seen.entry.task, records },
    standing: { ...standing, ...(stopped && { stopped }) },
  };
}

async function standingIn(
  entry: TaskEntry,
  kube: KubeClient,
  context: TaskContext,
  options: LookOptions,
): Promise<StandingTask> {
  const record = decisiveRecord(entry);
  if (!record) return { entry, standing: { phase: 'Unknown' } };
  const flaws = flawsOf(entry, kube);
  if (flaws.length > 0) return { entry, standing: changedByHand(flawText(entry, kube, flaws)) };
  if (!mayHaveMover(record)) return { entry, standing: recordedStanding(record) };
  const all = await bothSides(entry, kube, context);
  const target = all.sides.find((side) => side.record.role === 'target');
  const flaw = target && flawOf(target.record);
  if (flaw !== undefined) {
    const text = describeFlaw(target?.kube ?? kube, target?.record ?? record, flaw);
    return { entry, standing: changedByHand(flawText(entry, kube, [text])) };
  }
  const schedule = target && (await lookAtSchedule(target, claimsOf(target.record, all), context, options));
  if (target && schedule) return { entry: withTarget(entry, target), standing: schedule };
  const sight = target ? await sightOf(target, context, options) : targetUnseen(entry, kube, all);
  const known = target?.record ?? record;
  const byMover = standingOf(known, sight, claimsOf(known, all));
  const seen = target ? await unlessBeforeSchedule(byMover, target, context) : byMover;
  const standing = target ? await unlessLost(seen, target, context) : seen;
  await writeEnd(all.sides, { ...standing, end: seen.end }, context);
  return { entry: target ? withTarget(entry, target) : entry, standing };
}

/** A mover that ended well has copied for nothing where its target claim is gone: it is told before the end is kept. */
async function unlessLost(
  standing: Standing,
  target: SideRecord,
  { signal }: TaskContext,
): Promise<Standing> {
  if (!standing.end || !isThrough(standing.end)) return standing;
  const lost = await lostTargetOf(target, signal);
  return lost ? { ...standing, end: undefined, phase: 'Failed', message: lost.message } : standing;
}

const changedByHand = (message: string): Standing => ({ phase: 'Unknown', message });

const withTarget = ({ task, records }: TaskEntry, { record }: SideRecord): TaskEntry => ({
  task,
  records: { ...records, target: record },
});

async function bothSides(entry: TaskEntry, kube: KubeClient, context: TaskContext): Promise<TaskSides> {
  if (entry.records.target && entry.records.source) return sidesOf(entry, kube, context);
  const connectTo = (server: string) => soon(context.connectTo(server), context);
  try {
    return await soon(sidesOf(entry, kube, { ...context, connectTo }), context);
  } catch (error) {
    context.signal.throwIfAborted();
    const here = Object.values(entry.records).map((record) => ({ kube, record }));
    return { sides: here, missing: [messageOf(error)], gone: [] };
  }
}

function targetUnseen(entry: TaskEntry, kube: KubeClient, { missing, gone }: TaskSides): NoSight {
  if (missing.length > 0)
    return { obstacle: `the cluster of its mover can't be asked: ${missing.join('; ')}` };
  const why = gone.length > 0 ? gone.join('; ') : 'its record does not say where its target is';
  return { obstacle: `${why}; ${cleanupCommand(entry, kube)} removes what is left of it` };
}

async function sightOf(
  { kube, record }: SideRecord,
  { clock, signal }: TaskContext,
  { withProgress }: LookOptions,
): Promise<Sight | NoSight> {
  const side = sideOf(kube, record);
  const { namespace, meta } = side;
  const labelSelector = moverSelector(side);
  try {
    const [job, { items }] = await Promise.all([
      kube.find(jobs, meta, { signal }),
      kube.list(pods, { namespace, labelSelector, signal }),
    ]);
    const claimUid = specOf(record).targetUid ?? '';
    const isHeld = job === undefined && record.holder !== undefined;
    const holder: HolderState = isHeld
      ? await holderState(kube, { namespace, claimUid }, { clock, signal })
      : 'none';
    const said = await wordsOf(kube, items, withProgress, signal);
    const targetUsers = await targetUsersOf({ kube, record }, { job, pods: items, said }, signal);
    return { job, pods: items, holder, said, targetUsers };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    return { obstacle: `its mover in ${kube.cluster.context} can't be looked at: ${messageOf(error)}` };
  }
}

/** Who wrote to the target beside a mover that has ended, where nobody was to. */
async function targetUsersOf(
  target: SideRecord,
  { job, ...seen }: Pick<Sight, 'job' | 'pods' | 'said'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const hasEnded = job && endIn(seen, nonceIn(job)) !== undefined;
  if (!hasEnded || !refusesUsers(job)) return [];
  const { namespace, claim } = claimsOf(target.record, { sides: [target] }).target;
  return newcomersOf({ kube: target.kube, namespace, claim }, target.record.task, signal);
}

/** Both claims by name; a cluster that no context leads to by its server. */
export function claimsOf(record: TaskRecord, { sides }: Pick<TaskSides, 'sides'>): Claims {
  const claim = (role: 'source' | 'target', text = ''): ClaimName => {
    const [namespace = '', claim = ''] = text.split('/');
    const side = sides.find((one) => one.record.role === role);
    const context = side?.kube.cluster.context ?? record.peer?.server ?? '';
    return { kube: { cluster: { context } }, namespace, claim };
  };
  const { sourceClaim, targetClaim } = specOf(record);
  return { source: claim('source', sourceClaim), target: claim('target', targetClaim) };
}

/** Thrown within a change of a record that another run has taken meanwhile. */
class Overtaken extends X8sError {}

/**
 * Writes an end that was seen into the records, which outlive the pods. The phase stays: what the task made is still
 * there, and whoever attaches, or runs the command again, takes the result and cleans up.
 */
async function writeEnd(
  sides: readonly SideRecord[],
  { phase, message = '', finishedAt, end }: Standing,
  context: TaskContext,
): Promise<void> {
  if (!end) return;
  const at = finishedAt ?? context.clock.now().toISOString();
  const kept = { phase: phase as EndPhase, message, nonce: end.nonce, finishedAt: at };
  const unwritten = sides.filter(({ record }) => record.holder === undefined && !keptEndOf(record));
  const written = unwritten.map(({ kube, record }) =>
    storeOf(kube, context).update(
      record,
      (state) => {
        if (state.holder !== undefined || !mayHaveMover(state))
          throw new Overtaken('another run has the task');
        keepEnd(state, kept);
        state.message = `${message}; kubectl x8sync attach ${record.task} cleans up`;
        state.progress = undefined;
      },
      { signal: context.signal },
    ),
  );
  // A record that may not be written, or that a run has taken by now, is as true as before.
  await Promise.allSettled(written);
}
