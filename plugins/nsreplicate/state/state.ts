/** A task's state as it lies in its cluster: a summary for people, and the memory for the next run. */
import { X8sError } from '../../../src/errors.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/client.ts';
import type { ConfigMap } from '../../../src/kube/objects.ts';
import { configMaps } from '../../../src/kube/resources.ts';
import { Annotation, Label, managerOf, selectorOf } from '../../../src/tasks/names.ts';
import { SETTLED_SHARDS } from '../cache/applied-results.ts';
import type { Did } from '../decide/outcomes.ts';
import { stateNamespace } from '../decide/spec.ts';
import type { Done } from '../decide/tally.ts';
import type { Behind } from '../jobs/lag.ts';
import { type JobGroup, type JobRecord, jobKey, parseShard, shardNames } from '../jobs/records.ts';
import { blankMemory, type Memory } from './memory.ts';
import { metadataOf, type Role, tool } from './places.ts';

export const SCHEMA = 1;

export type TaskPhase = 'Comparing' | 'Watching' | 'Paused' | 'Stopped' | 'Done' | 'Incomplete' | 'Failed';

/** How a replica stands. */
export interface ReplicaView {
  readonly name: string;
  readonly server: string;
  readonly away?: string | undefined;
  readonly behind: Behind;
  /** Objects of which it is not known what the replica has. */
  readonly uncompared?: number | undefined;
  /** Of what is behind, how much is being worked on, and how much failed and is tried again by itself. */
  readonly running: number;
  readonly retrying: number;
  readonly counts: Partial<Record<Did, number>>;
  /** What was done by all runs of the task together. */
  readonly done: Done;
  readonly failed: number;
  readonly parked: number;
  /** Left on purpose, by why. */
  readonly left: Readonly<Record<string, number>>;
  /** Objects with keys of others in mirrored maps. */
  readonly foreign: number;
  /** Why deletions stand still. */
  readonly deletionsStopped?: string | undefined;
  readonly lacks: readonly string[];
  /** Kinds that can't be read there, and why. */
  readonly unlisted: Readonly<Record<string, string>>;
}

/** How a task stands. */
export interface TaskView {
  readonly task: string;
  readonly phase: TaskPhase;
  readonly startedAt: string;
  readonly primary: {
    readonly name: string;
    readonly server: string;
    /** Why it does not answer. */
    readonly problem?: string | undefined;
    /** Kinds that can't be read there, and why. */
    readonly unlisted?: Readonly<Record<string, string>> | undefined;
  };
  readonly replicas: readonly ReplicaView[];
  readonly kinds: readonly string[];
  /** Objects that are kept the same. */
  readonly objects: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly failures: readonly JobGroup[];
  readonly notes: readonly string[];
}

/** The task's memory, or a blank one where it was never run. */
export async function readMemory(kube: KubeClient, task: string, call: CallOptions = {}): Promise<Memory> {
  const state = await find(kube, task, 'state', call);
  const written = Number(state?.metadata.annotations?.[Annotation.schema] ?? SCHEMA);
  if (written > SCHEMA)
    throw new X8sError(
      `Task ${task} was run by a newer version of this plugin (schema ${written}, known is ${SCHEMA}).`,
      {
        hint: 'Update this one, or give the task another --name.',
      },
    );
  return { ...blankMemory(), ...parse<Partial<Memory>>(state?.data?.memory) };
}

/** Texts of the shards of what replicas made of objects. */
export async function readSettled(
  kube: KubeClient,
  task: string,
  call: CallOptions = {},
): Promise<readonly string[]> {
  const shards = Array.from({ length: SETTLED_SHARDS }, (_, shard) => `settled-${shard}` as const);
  const selector = selectorOf({ [Label.managedBy]: managerOf(tool), [Label.task]: task });
  const labelSelector = `${selector},${Label.role} in (${shards.join(',')})`;
  const { items } = await kube.list(configMaps, { namespace: stateNamespace, labelSelector, ...call });
  return items.flatMap(({ data }) => data?.settled ?? []);
}

/** How the task stands, as it was last written; undefined: there is no such task. */
export async function readView(
  kube: KubeClient,
  task: string,
  call: CallOptions = {},
): Promise<TaskView | undefined> {
  const state = await find(kube, task, 'state', call);
  return state && viewIn(state);
}

/** How a task stands, in its state's ConfigMap. */
export const viewIn = (state: ConfigMap): TaskView | undefined => parse<TaskView>(state.data?.view);

/** All tasks whose state is in this cluster. */
export async function listViews(kube: KubeClient, call: CallOptions = {}): Promise<TaskView[]> {
  const labelSelector = selectorOf({ [Label.managedBy]: managerOf(tool), [Label.role]: 'state' });
  const { items } = await kube.list(configMaps, { namespace: stateNamespace, labelSelector, ...call });
  return items.flatMap((state) => viewIn(state) ?? []);
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
 * Records of jobs: failed ones first, then those that are at work or wait, then the last ones that did not fail. One
 * that failed and is being tried again is at work.
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
    ...failed.flat().filter((job) => !running.has(jobKey(job))),
    ...active,
    ...recent.filter(({ state }) => state !== 'failed').reverse(),
  ];
}

/** The state's ConfigMap. */
export function stateDocument(view: TaskView, memory: Memory) {
  const behind = view.replicas
    .map(({ name, behind: { pending } }) => `${name}: ${pending} behind`)
    .join(', ');
  return {
    role: 'state' as const,
    annotations: {
      [Annotation.schema]: String(SCHEMA),
      [Annotation.phase]: view.phase,
      [Annotation.startedAt]: view.startedAt,
      [Annotation.progress]: behind,
    },
    data: { view: JSON.stringify(view), memory: JSON.stringify(memory) },
  };
}

function find(kube: KubeClient, task: string, role: Role, call: CallOptions): Promise<ConfigMap | undefined> {
  const { namespace, name } = metadataOf(task, role);
  return kube.find(configMaps, { namespace, name }, call);
}

function parse<T>(text: string | undefined): T | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}
