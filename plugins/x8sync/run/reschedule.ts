/** Changes the times of a schedule that stands: the same command with another `--every`. */
import { RefusedError } from '../../../src/errors.ts';
import type { CronJob, KubeObject } from '../../../src/kube/api/objects.ts';
import { cronJobs, secrets, statefulSets } from '../../../src/kube/api/resources.ts';
import { unlessRefused } from '../../../src/kube/cluster/refusal.ts';
import { recordName } from '../../../src/tasks/names.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { specHash } from '../../../src/tasks/spec.ts';
import { describeClaim, findClaim } from '../claims/claim.ts';
import { remove } from '../objects/ensure.ts';
import { timetablePatch } from '../objects/manifests/schedule.ts';
import { isScheduled, sideOf, tool } from '../objects/sides.ts';
import { timetableAnnotations, timetableOf } from '../objects/timetable.ts';
import type { Timetable } from '../schedule/interval.ts';
import { isMounted } from './pods/mover-job.ts';
import {
  type CopyContext,
  type CopyRequest,
  copySpec,
  type ScheduleReport,
  specSchema,
} from './request/request.ts';
import { storeOf } from './request/task-store.ts';
import { changedWishes, scheduleWishes, wishesIn } from './request/wishes.ts';
import { scheduleReport } from './schedule-report.ts';

export interface Rescheduled {
  readonly task: string;
  readonly source: string;
  readonly target: string;
  readonly schedule: ScheduleReport;
  readonly before: Timetable;
  readonly wasSuspended: boolean;
}

/**
 * Resolves with undefined where there is no schedule of this very task: then it is to be made. Nothing is copied.
 *
 * @throws RefusedError where it stands with other options: what its copies do is not changed under their hands.
 */
export async function reschedule(
  request: CopyRequest,
  { clock, signal, reporter }: Pick<CopyContext, 'clock' | 'signal' | 'reporter'>,
): Promise<Rescheduled | undefined> {
  const { schedule, source, target, name } = request;
  if (!schedule || name === undefined) return undefined;
  const { kube, namespace } = target;
  const record = await storeOf(kube, { clock }).find(namespace, name, 'target', { signal });
  if (!record || record.deleting || !isScheduled(record)) return undefined;
  const [from, to, cronJob] = await Promise.all([
    findClaim(source, signal),
    findClaim(target, signal),
    kube.find(cronJobs, sideOf(kube, record).meta, { signal }),
  ]);
  if (!from || !to || !cronJob || cronJob.metadata.deletionTimestamp) return undefined;
  // Another task: whoever opens it is told so, with the differences.
  if (record.specHash !== specHash(specSchema, copySpec(request, from, to))) return undefined;
  const changes = changedWishes(wishesIn(cronJob), scheduleWishes(request));
  if (changes.length > 0) throw otherWishes(name, request, changes);
  const gone = await goneOf(request, record, cronJob, signal);
  if (gone !== undefined) {
    reporter.warn(
      `The schedule of task ${name} is made anew: ${gone} is gone, without which it copies nothing.`,
    );
    await remove(kube, cronJobs, cronJob, { timeoutMs: request.timeoutMs, signal });
    return undefined;
  }
  const changed = await patched(request, cronJob, schedule, signal);
  return {
    task: name,
    source: describeClaim(source),
    target: describeClaim(target),
    schedule: scheduleReport(timetableOf(changed), clock.now()),
    before: timetableOf(cronJob),
    wasSuspended: cronJob.spec.suspend === true,
  };
}

/** What of a schedule somebody has deleted that its copies need; undefined where all of it stands. */
async function goneOf(
  { source, target }: CopyRequest,
  { task, name }: TaskRecord,
  cronJob: CronJob,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (isMounted(cronJob)) return undefined;
  const there = { namespace: source.namespace, name: recordName(tool, task, 'source') };
  const parts = [
    [source.kube, statefulSets, there],
    [source.kube, secrets, there],
    [target.kube, secrets, { namespace: target.namespace, name }],
  ] as const;
  const found = await Promise.all(
    parts.map(([kube, resource, ref]) => kube.find<KubeObject>(resource, ref, { signal })),
  );
  const missing = parts.filter((_, index) => !found[index] || found[index].metadata.deletionTimestamp);
  const [first] = missing.map(
    ([kube, { kind }, ref]) => `${kind} ${ref.namespace}/${ref.name} in ${kube.cluster.context}`,
  );
  return first;
}

function patched(
  { target: { kube } }: CopyRequest,
  { metadata: { namespace = '', name } }: CronJob,
  timetable: Timetable,
  signal: AbortSignal,
): Promise<CronJob> {
  const patch = { ...timetablePatch(timetable), metadata: { annotations: timetableAnnotations(timetable) } };
  const need = { verb: 'patch', resource: cronJobs, namespace };
  const patching = kube.patch(cronJobs, { namespace, name }, patch, { type: 'merge', signal });
  return unlessRefused(kube, need, patching, { signal });
}

const otherWishes = (
  name: string,
  { target: { kube, namespace } }: CopyRequest,
  changes: readonly string[],
) =>
  new RefusedError(`task ${name} has a schedule already, with other options than this command`, {
    details: changes,
    hint: `only how often it copies can be changed; for the rest, end it first: kubectl x8sync cancel ${name} -n ${namespace} --context ${kube.cluster.context}`,
  });
