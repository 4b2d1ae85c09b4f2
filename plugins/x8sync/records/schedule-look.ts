/** Looks at a schedule in the target's cluster. */
import { messageOf, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { CronJob } from '../../../src/kube/api/objects.ts';
import { cronJobs, jobs, pods } from '../../../src/kube/api/resources.ts';
import { eventsOf } from '../../../src/kube/cluster/events.ts';
import { holderState } from '../claims/claim-lock.ts';
import type { SideRecord } from '../objects/side-cleanup.ts';
import { isScheduled, sideOf } from '../objects/sides.ts';
import { firstCopyIn } from '../run/first-copy.ts';
import type { CopyContext } from '../run/request/request.ts';
import { specOf } from './inventory.ts';
import { wordsOf } from './last-words.ts';
import { goneScheduleStanding, scheduleStanding } from './schedule-standing.ts';
import type { Claims, Standing } from './standing.ts';
import { lostTargetOf } from './target-claim.ts';

/** How a task's schedule stands; undefined of a task that has none, or none yet, or none any more. */
export async function lookAtSchedule(
  target: SideRecord,
  claims: Claims,
  { clock, signal }: Pick<CopyContext, 'clock' | 'signal'>,
  { withProgress }: { readonly withProgress: boolean },
): Promise<Standing | undefined> {
  const { kube, record } = target;
  if (!isScheduled(record)) return undefined;
  try {
    const side = sideOf(kube, record);
    const { namespace, selectorText: labelSelector } = side;
    const cronJob = await kube.find(cronJobs, side.meta, { signal });
    if (!cronJob && !(await wasLeftToSchedule(target, { clock, signal }))) return undefined;
    const [made, { items }] = await Promise.all([
      kube.list(jobs, { namespace, labelSelector, signal }),
      kube.list(pods, { namespace, labelSelector, signal }),
    ]);
    const said = await wordsOf(kube, items, withProgress, signal);
    const copies = { jobs: made.items, pods: items, said };
    const sight = cronJob && { ...copies, cronJob };
    const standing = sight
      ? scheduleStanding(record, sight, claims, clock.now())
      : goneScheduleStanding(record, copies, claims, clock.now());
    const { schedule } = standing;
    const lost = await lostTargetOf(target, signal, schedule?.lastGood?.at);
    if (lost) return withoutTarget(standing, lost);
    if (!sight || schedule?.gone || !schedule?.overdue) return standing;
    const warning = await lastWarning(kube, sight.cronJob, signal);
    return scheduleStanding(record, { ...sight, warning }, claims, clock.now());
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    const message = `its schedule in ${kube.cluster.context} can't be looked at: ${messageOf(error)}`;
    return { phase: 'Unknown', message, isUnseen: true };
  }
}

/**
 * Whether a schedule without a CronJob has had one, by its record, and nobody makes it anew: that begins with a first copy,
 * which has a Job of its own and a command that holds the task.
 */
async function wasLeftToSchedule(
  { kube, record }: SideRecord,
  { clock, signal }: Pick<CopyContext, 'clock' | 'signal'>,
): Promise<boolean> {
  if (record.phase !== 'Running' || !firstCopyIn(record)) return false;
  const { namespace, meta } = sideOf(kube, record);
  if (await kube.find(jobs, meta, { signal })) return false;
  const claimUid = specOf(record).targetUid ?? '';
  return (await holderState(kube, { namespace, claimUid }, { clock, signal })) !== 'live';
}

/** Whatever was copied is gone with the claim, however well the copies went. */
const withoutTarget = (standing: Standing, { message }: X8sError): Standing => ({
  ...standing,
  phase: 'Failing',
  progress: [message, standing.progress].filter(Boolean).join('; '),
  message,
  schedule: standing.schedule && { ...standing.schedule, lost: message },
});

const lastEvents = 10;

/** Why no Job was made; undefined where nothing is said, or it may not be read. */
async function lastWarning(
  kube: KubeClient,
  { metadata: { namespace = '', uid = '' } }: CronJob,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const events = await eventsOf(kube, { namespace, uid }, lastEvents, { signal });
    return events.findLast((text) => text.startsWith('Warning '));
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
