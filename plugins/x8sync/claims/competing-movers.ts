/** Whether another mover writes to a target claim, or may begin to at any moment. */
import { RefusedError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { jobEnd } from '../../../src/kube/api/conditions.ts';
import type { CronJob, Job, KubeObject, PodSpec } from '../../../src/kube/api/objects.ts';
import { configMaps, cronJobs, jobs, type Resource } from '../../../src/kube/api/resources.ts';
import { Annotation, Label, managerOf, recordName, selectorOf } from '../../../src/tasks/names.ts';
import { tool, workerLabel } from '../objects/sides.ts';
import { type ClaimState, describeClaim } from './claim.ts';
import { type Competitor, type CompetitorSpec, refusedBy, scheduleThere, watching } from './competitor.ts';
import { claimNamesOf } from './volumes-of-pod.ts';

/** A copy that is about to begin. */
export interface Contender {
  readonly task: string;
  /** It changes nothing: a schedule of another task may stand beside it, as long as nothing of it runs. */
  readonly readsOnly?: boolean | undefined;
}

/**
 * Two movers never write to one claim, whatever was allowed for other pods.
 *
 * @throws RefusedError where another mover has it, or a schedule begins one at its times.
 */
export async function checkNoCompetingMover(
  target: ClaimState,
  { task, readsOnly = false }: Contender,
  signal: AbortSignal,
): Promise<void> {
  const [running = [], schedules] = await Promise.all([
    // Who may list no Jobs may make none either, which is said where it is tried.
    objectsOn(jobs, target, templateOfJob, signal),
    readsOnly ? [] : objectsOn(cronJobs, target, templateOfCronJob, signal),
  ]);
  const going = running.filter((job) => jobEnd(job) === undefined);
  const movers = [...target.mounts.map((mount) => mount.task), ...going.map(taskOf)];
  const competitor = movers.find((other) => other !== undefined && other !== task);
  if (competitor !== undefined)
    throw refusedBy(target, await competitorOf(target, competitor, going, signal), { readsOnly });
  const own = going.find((job) => isScheduledOf(job, task));
  if (own) throw scheduledThere(target, task, own);
  const scheduled = schedules?.map(taskOf) ?? (await recordedSchedules(target, signal));
  const schedule = scheduled.find((other) => other !== task);
  if (schedule !== undefined) throw scheduleThere(target, schedule);
}

/** One that its CronJob has made: neither the mover of the task nor its workers. */
const isScheduledOf = ({ metadata: { name, labels } }: Job, task: string): boolean =>
  name !== recordName(tool, task, 'target') && labels?.[workerLabel] === undefined;

const taskOf = ({ metadata }: KubeObject): string | undefined => metadata.labels?.[Label.task];

/** What is known of a task whose pods are there. */
async function competitorOf(
  { ref: { kube, namespace }, mounts }: ClaimState,
  task: string,
  going: readonly Job[],
  signal: AbortSignal,
): Promise<Competitor> {
  const jobsOf = going.filter((job) => taskOf(job) === task);
  const theirs = mounts.filter((mount) => mount.task === task);
  return {
    task,
    spec: await recordedSpec(kube, namespace, task, signal),
    // Between two pods its Job alone tells, as which it has the claim.
    writes: theirs.length === 0 || theirs.some(({ mover }) => mover),
    isOfCommand: jobsOf.some((job) => !isScheduledOf(job, task)),
  };
}

/** Both of its records tell the same; which of them is in the claim's namespace is not known. */
async function recordedSpec(
  kube: KubeClient,
  namespace: string,
  task: string,
  signal: AbortSignal,
): Promise<CompetitorSpec | undefined> {
  try {
    for (const role of ['target', 'source']) {
      const name = recordName(tool, task, role);
      const record = await kube.find(configMaps, { namespace, name }, { signal });
      if (record?.data?.spec !== undefined) return specIn(record.data);
    }
  } catch (error) {
    if (!isForbidden(error)) throw error;
  }
  return undefined;
}

function scheduledThere({ ref }: ClaimState, task: string, { metadata }: Job): RefusedError {
  return new RefusedError(`a copy of task ${task} writes to target claim ${describeClaim(ref)} right now`, {
    details: [`Job ${metadata.namespace}/${metadata.name} in ${ref.kube.cluster.context}`],
    hint: `wait until it has ended, as ${watching(task, ref.kube.cluster.context)} shows; cancel would end the whole schedule`,
  });
}

type Template = { readonly spec?: Pick<PodSpec, 'volumes'> } | undefined;

const templateOfJob = ({ spec }: Job) => spec.template as Template;
const templateOfCronJob = ({ spec }: CronJob) => spec.jobTemplate.spec.template as Template;

/**
 * Those of ours whose pods mount the claim: one between two pods has nothing mounted, and will have in a moment. Undefined
 * where they may not be listed.
 */
async function objectsOn<T extends KubeObject>(
  resource: Resource<T>,
  { ref: { kube, namespace, claim } }: ClaimState,
  templateOf: (object: T) => Template,
  signal: AbortSignal,
): Promise<T[] | undefined> {
  try {
    const { items } = await kube.list(resource, { namespace, labelSelector: ofTargets, signal });
    return items.filter((object) => claimNamesOf(templateOf(object)?.spec).includes(claim));
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

const ofTargets = selectorOf({ [Label.managedBy]: managerOf(tool), [Label.role]: 'target' });

/** Tasks with a schedule by their records, which everybody who copies may list, unlike CronJobs. */
async function recordedSchedules(
  { ref: { kube, namespace }, uid }: ClaimState,
  signal: AbortSignal,
): Promise<(string | undefined)[]> {
  const { items } = await kube.list(configMaps, { namespace, labelSelector: ofTargets, signal });
  const standing = items.filter(({ metadata, data = {} }) => {
    const { schedule, targetUid } = specIn(data);
    return (
      schedule !== undefined && targetUid === uid && metadata.annotations?.[Annotation.phase] === 'Running'
    );
  });
  return standing.map(taskOf);
}

function specIn({ spec = '{}' }: Readonly<Record<string, string>>): CompetitorSpec {
  try {
    return JSON.parse(spec) as CompetitorSpec;
  } catch {
    return {};
  }
}
