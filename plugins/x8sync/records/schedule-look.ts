/** Looks at a schedule in the target's cluster. */
import { messageOf, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { CronJob } from '../../../src/kube/api/objects.ts';
import { cronJobs, jobs, pods } from '../../../src/kube/api/resources.ts';
import { eventsOf } from '../../../src/kube/cluster/events.ts';
import type { SideRecord } from '../objects/side-cleanup.ts';
import { isScheduled, sideOf } from '../objects/sides.ts';
import type { CopyContext } from '../run/request/request.ts';
import { wordsOf } from './last-words.ts';
import { scheduleStanding } from './schedule-standing.ts';
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
    if (!cronJob) return undefined;
    const [made, { items }] = await Promise.all([
      kube.list(jobs, { namespace, labelSelector, signal }),
      kube.list(pods, { namespace, labelSelector, signal }),
    ]);
    const said = await wordsOf(kube, items, withProgress, signal);
    const sight = { cronJob, jobs: made.items, pods: items, said };
    const standing = scheduleStanding(record, sight, claims, clock.now());
    const lost = await lostTargetOf(target, signal, standing.schedule?.lastGood?.at);
    if (lost) return withoutTarget(standing, lost);
    if (!standing.schedule?.overdue) return standing;
    const warning = await lastWarning(kube, cronJob, signal);
    return scheduleStanding(record, { ...sight, warning }, claims, clock.now());
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    const message = `its schedule in ${kube.cluster.context} can't be looked at: ${messageOf(error)}`;
    return { phase: 'Unknown', message, isUnseen: true };
  }
}

/** Whatever was copied is gone with the claim, however well the copies went. */
const withoutTarget = (standing: Standing, { message }: X8sError): Standing => ({
  ...standing,
  phase: 'Failing',
  progress: [message, standing.progress].filter(Boolean).join('; '),
  message,
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
