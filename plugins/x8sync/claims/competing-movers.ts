/** Whether another mover writes to a target claim, or may begin to at any moment. */
import { RefusedError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import { jobEnd } from '../../../src/kube/api/conditions.ts';
import type { CronJob, Job, KubeObject, PodSpec } from '../../../src/kube/api/objects.ts';
import { configMaps, cronJobs, jobs, type Resource } from '../../../src/kube/api/resources.ts';
import { Annotation, Label, managerOf, recordName, selectorOf } from '../../../src/tasks/names.ts';
import { tool, workerLabel } from '../objects/sides.ts';
import { type ClaimState, describeClaim } from './claim.ts';
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
  const mounted = target.mounts.map((mount) => mount.task);
  const movers = [
    ...mounted,
    ...running.filter((job) => jobEnd(job) === undefined).map((job) => otherIn(job, task)),
  ];
  const competitor = movers.find((other) => other !== undefined && other !== task);
  if (competitor) {
    const readsOnly = target.mounts.some(({ task: other, mover }) => other === competitor && !mover);
    throw readsOnly ? sourceThere(target, competitor) : moverThere(target, competitor);
  }
  const own = running.find((job) => jobEnd(job) === undefined && isScheduledOf(job, task));
  if (own) throw scheduledThere(target, task, own);
  const scheduled = schedules?.map(taskOf) ?? (await recordedSchedules(target, signal));
  const schedule = scheduled.find((other) => other !== task);
  if (schedule !== undefined) throw scheduleThere(target, schedule);
}

/** One that its CronJob has made: neither the mover of the task nor its workers. */
const isScheduledOf = ({ metadata: { name, labels } }: Job, task: string): boolean =>
  name !== recordName(tool, task, 'target') && labels?.[workerLabel] === undefined;

const taskOf = ({ metadata }: KubeObject): string | undefined => metadata.labels?.[Label.task];
const otherIn = (job: Job, task: string) => (taskOf(job) === task ? undefined : taskOf(job));

function moverThere({ ref }: ClaimState, competitor: string): RefusedError {
  const { context } = ref.kube.cluster;
  return new RefusedError(`task ${competitor} has a mover on target claim ${describeClaim(ref)}`, {
    hint: `go on with it by --name ${competitor}, or end it: kubectl x8sync cleanup ${competitor} --context ${context}`,
  });
}

/** It would be copied on while it is written to. */
function sourceThere({ ref }: ClaimState, reader: string): RefusedError {
  const { context } = ref.kube.cluster;
  return new RefusedError(`task ${reader} copies from ${describeClaim(ref)}, the target of this one`, {
    hint: `wait until it is over, or end it: kubectl x8sync cleanup ${reader} --context ${context}`,
  });
}

function scheduledThere({ ref }: ClaimState, task: string, { metadata }: Job): RefusedError {
  return new RefusedError(`a copy of task ${task} writes to target claim ${describeClaim(ref)} right now`, {
    details: [`Job ${metadata.namespace}/${metadata.name} in ${ref.kube.cluster.context}`],
    hint: `wait until it is over, or end it: kubectl x8sync cancel ${task} --context ${ref.kube.cluster.context}`,
  });
}

function scheduleThere({ ref }: ClaimState, task: string): RefusedError {
  const { context } = ref.kube.cluster;
  return new RefusedError(
    `task ${task} copies to target claim ${describeClaim(ref)} by itself, at its times`,
    {
      hint: `end it first: kubectl x8sync cancel ${task} --context ${context}`,
    },
  );
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

function specIn({ spec = '{}' }: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(spec) as Record<string, unknown>;
  } catch {
    return {};
  }
}
