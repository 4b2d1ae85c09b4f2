/** A task's state as it lies in its cluster: its status for people, and what is saved for the next run. */
import { RefusedError } from '../../../src/errors.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import type { ConfigMap } from '../../../src/kube/api/objects.ts';
import { configMaps } from '../../../src/kube/api/resources.ts';
import { Annotation, Label, managerOf, selectorOf } from '../../../src/tasks/names.ts';
import { RESULT_SHARDS } from '../cache/applied-results.ts';
import { stateNamespace } from '../decide/spec.ts';
import { type JobRecord, jobKey, newestFirst, parseShard, shardNames } from '../jobs/records.ts';
import { type SavedState, savedStateOf } from './saved-state.ts';
import { savedStatusOf, type TaskStatus } from './saved-status.ts';
import { metadataOf, type Role, tool } from './task-objects.ts';

export type { ReplicaStatus, TaskStatus } from './saved-status.ts';

/** 2: other names for what is saved; schema 1 is still read. */
export const SCHEMA = 2;

/** What earlier runs of the task saved; blank where it was never run. */
export async function readSavedState(
  kube: KubeClient,
  task: string,
  call: CallOptions = {},
): Promise<SavedState> {
  const state = known(await find(kube, task, 'state', call));
  return savedStateOf(parse(state?.data?.saved ?? state?.data?.memory));
}

/** A task whose state a newer version of this plugin wrote. */
export interface NewerTask {
  readonly task: string;
  /** Which schema it was written with. */
  readonly schema: string;
}

/** That a newer version wrote a state; undefined where this one understands it. */
export function newerIn({ metadata: { labels = {}, annotations = {} } }: ConfigMap): NewerTask | undefined {
  const schema = annotations[Annotation.schema] ?? String(SCHEMA);
  return Number(schema) <= SCHEMA ? undefined : { task: labels[Label.task] ?? '', schema };
}

export const describeNewer = ({ task, schema }: NewerTask): string =>
  `Task ${task} was run by a newer version of this plugin (schema ${schema}, known is ${SCHEMA}).`;

/**
 * The state, if this version understands how it was written. What is older is read as it was meant; of what is newer
 * nobody here knows what it means, so nothing is done with it, and nothing of it is shown.
 * @throws {RefusedError} a newer version of this plugin wrote it
 */
function known<T extends ConfigMap | undefined>(state: T): T {
  const newer = state && newerIn(state);
  if (!newer) return state;
  throw new RefusedError(describeNewer(newer), {
    hint: 'Update this one, or give the task another --name.',
  });
}

/** What a run begins with of what earlier ones left, beside what people asked for. */
export interface EarlierRuns {
  readonly saved: SavedState;
  /** As `readStatus`. */
  readonly status: TaskStatus | undefined;
  /** As `readResults`. */
  readonly results: readonly string[];
  /** As `readShards`. */
  readonly shards: ReadonlyMap<string, string>;
  /** As `readActive`. */
  readonly active: string;
}

/** All of it in two requests: a process may begin many tasks. */
export async function readEarlierRuns(
  kube: KubeClient,
  task: string,
  call: CallOptions = {},
): Promise<EarlierRuns> {
  const labelSelector = selectorOf({ [Label.managedBy]: managerOf(tool), [Label.task]: task });
  const [found, { items }] = await Promise.all([
    find(kube, task, 'state', call),
    kube.list(configMaps, { namespace: stateNamespace, labelSelector, ...call }),
  ]);
  const state = known(found);
  const byName = new Map(items.map(({ metadata: { name }, data = {} }) => [name, data]));
  const records = (role: Role) => byName.get(metadataOf(task, role).name)?.records ?? '';
  return {
    saved: savedStateOf(parse(state?.data?.saved ?? state?.data?.memory)),
    status: state && statusIn(state),
    results: items.flatMap(({ data }) => data?.results ?? []),
    shards: new Map(shardNames.map((name) => [name, records(`jobs-${name}`)])),
    active: records('jobs-active'),
  };
}

/** Texts of the shards of what replicas made of objects. */
export async function readResults(
  kube: KubeClient,
  task: string,
  call: CallOptions = {},
): Promise<readonly string[]> {
  const shards = Array.from({ length: RESULT_SHARDS }, (_, shard) => `results-${shard}` as const);
  const selector = selectorOf({ [Label.managedBy]: managerOf(tool), [Label.task]: task });
  const labelSelector = `${selector},${Label.role} in (${shards.join(',')})`;
  const { items } = await kube.list(configMaps, { namespace: stateNamespace, labelSelector, ...call });
  return items.flatMap(({ data }) => data?.results ?? []);
}

/** How the task stands, as it was last written; undefined: there is no such task. */
export async function readStatus(
  kube: KubeClient,
  task: string,
  call: CallOptions = {},
): Promise<TaskStatus | undefined> {
  const state = known(await find(kube, task, 'state', call));
  return state && statusIn(state);
}

/** All tasks whose state is in this cluster, and those of which nothing can be told since a newer version wrote it. */
export async function listStatuses(
  kube: KubeClient,
  call: CallOptions = {},
): Promise<{ readonly statuses: TaskStatus[]; readonly newer: NewerTask[] }> {
  const labelSelector = selectorOf({ [Label.managedBy]: managerOf(tool), [Label.role]: 'state' });
  const { items } = await kube.list(configMaps, { namespace: stateNamespace, labelSelector, ...call });
  return {
    statuses: items.filter((state) => !newerIn(state)).flatMap((state) => statusIn(state) ?? []),
    newer: items.flatMap((state) => newerIn(state) ?? []),
  };
}

/** Texts of the shards of records, by shard. */
export async function readShards(
  kube: KubeClient,
  task: string,
  call: CallOptions = {},
): Promise<ReadonlyMap<string, string>> {
  const texts = shardNames.map(async (name) => {
    const shard = await find(kube, task, `jobs-${name}`, call);
    return [name, shard?.data?.records ?? ''] as const;
  });
  return new Map(await Promise.all(texts));
}

/** What was at work or waited, when that was last written. */
export async function readActive(kube: KubeClient, task: string, call: CallOptions = {}): Promise<string> {
  return (await find(kube, task, 'jobs-active', call))?.data?.records ?? '';
}

/**
 * Records of jobs: failed ones first, then those that are at work or wait, then the last ones that did not fail; of the
 * first and the last the newest first. One that failed and is being tried again is at work.
 */
export async function readJobs(kube: KubeClient, task: string, call: CallOptions = {}): Promise<JobRecord[]> {
  const [shards, text] = await Promise.all([readShards(kube, task, call), readActive(kube, task, call)]);
  return jobsOf(shards, text);
}

/** As `readJobs`, of texts that were read: the shards', and of what was at work or waited. */
export function jobsOf(shards: ReadonlyMap<string, string>, text: string): JobRecord[] {
  const [recent = [], ...failed] = [...shards.values()].map(parseShard);
  const active = parseShard(text);
  const running = new Set(active.map(jobKey));
  return [
    ...failed
      .flat()
      .filter((job) => !running.has(jobKey(job)))
      .sort(newestFirst),
    ...active,
    ...recent.filter(({ state }) => state !== 'failed').reverse(),
  ];
}

/** The state's ConfigMap. */
export function stateDocument(status: TaskStatus, saved: SavedState) {
  const behind = status.replicas
    .map(({ name, behind: { pending } }) => `${name}: ${pending} behind`)
    .join(', ');
  return {
    role: 'state' as const,
    annotations: {
      [Annotation.schema]: String(SCHEMA),
      [Annotation.phase]: status.phase,
      [Annotation.startedAt]: status.startedAt,
      [Annotation.progress]: behind,
    },
    data: { status: JSON.stringify(status), saved: JSON.stringify(saved) },
  };
}

/** How a task stands, in its state's ConfigMap. Schema 1 had another name for it. */
export const statusIn = ({ data = {}, metadata: { labels = {} } }: ConfigMap): TaskStatus | undefined =>
  savedStatusOf(parse(data.status ?? data.view), labels[Label.task] ?? '');

function find(kube: KubeClient, task: string, role: Role, call: CallOptions): Promise<ConfigMap | undefined> {
  const { namespace, name } = metadataOf(task, role);
  return kube.find(configMaps, { namespace, name }, call);
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
