/** A task's status as it lies in its cluster: whatever was made of it there, what comes from here is whole. */
import { isJson, type Json } from '../../../src/json.ts';
import {
  count,
  isCount,
  isText,
  map,
  mapOf,
  maps,
  present,
  said,
  text,
  texts,
  time,
} from '../../../src/json-fields.ts';
import type { WaitingDeletions } from '../decide/approval.ts';
import type { ReconcileResult } from '../decide/outcomes.ts';
import type { Done } from '../decide/result-counts.ts';
import type { Behind } from '../jobs/lag.ts';
import type { JobGroup } from '../jobs/records.ts';
import { type TaskPhase, taskPhases } from './task-phase.ts';

/** How a replica stands. */
export interface ReplicaStatus {
  readonly name: string;
  readonly server: string;
  readonly away?: string | undefined;
  readonly behind: Behind;
  /** Objects of which it is not known what the replica has. */
  readonly uncompared?: number | undefined;
  /** Of what is behind, how much is being worked on, and how much failed and is tried again by itself. */
  readonly running: number;
  readonly retrying: number;
  readonly counts: Partial<Record<ReconcileResult, number>>;
  /** What was done by all runs of the task together. */
  readonly done: Done;
  readonly failed: number;
  /** Of these, what is not tried again by itself. */
  readonly parked: number;
  /** Of those that are parked, what waits for an approval and not for a retry. */
  readonly unapproved?: number | undefined;
  /** Left on purpose, by why. */
  readonly left: Readonly<Record<string, number>>;
  /** Objects with keys of others in mirrored maps. */
  readonly foreign: number;
  /** Why deletions stand still. */
  readonly deletionsStopped?: string | undefined;
  /** What is deleted there once somebody approves. */
  readonly waiting?: WaitingDeletions | undefined;
  readonly lacks: readonly string[];
  /** Kinds that can't be read there, and why. */
  readonly unlisted: Readonly<Record<string, string>>;
}

/** How a task stands. */
export interface TaskStatus {
  readonly task: string;
  readonly phase: TaskPhase;
  readonly startedAt: string;
  /** The task by whose Lease this one is guarded, as by its controller's; absent: by its own. */
  readonly guardedBy?: string | undefined;
  readonly primary: {
    readonly name: string;
    readonly server: string;
    /** Why it does not answer. */
    readonly problem?: string | undefined;
    /** Kinds that can't be read there, and why. */
    readonly unlisted?: Readonly<Record<string, string>> | undefined;
  };
  readonly replicas: readonly ReplicaStatus[];
  readonly kinds: readonly string[];
  /** Objects that are kept the same. */
  readonly objects: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly failures: readonly JobGroup[];
  readonly notes: readonly string[];
}

/**
 * The status that a value is; undefined where it is none. What it lacks is blank, and so is what is of another type.
 * @param task by its object's label
 */
export function savedStatusOf(value: unknown, task: string): TaskStatus | undefined {
  if (!isJson(value)) return undefined;
  const { phase, primary, guardedBy } = value;
  return {
    task: text(value.task, task),
    phase: isPhase(phase) ? phase : notSaidToBeOver,
    startedAt: time(value.startedAt),
    ...present({ guardedBy: said(guardedBy) }),
    primary: primaryOf(map(primary)),
    replicas: maps(value.replicas).filter(hasName).map(replicaOf),
    kinds: texts(value.kinds),
    objects: count(value.objects),
    skipped: mapOf(value.skipped, isCount),
    failures: maps(value.failures).map(groupOf),
    notes: texts(value.notes),
  };
}

/** Nothing says that it came to its end: whether an instance is at work then goes by its Lease. */
const notSaidToBeOver: TaskPhase = 'Watching';
const isPhase = (value: unknown): value is TaskPhase => taskPhases.some((phase) => phase === value);
const hasName = ({ name }: Json): boolean => isText(name) && name !== '';

const primaryOf = ({ name, server, problem, unlisted }: Json): TaskStatus['primary'] => ({
  name: text(name),
  server: text(server),
  ...present({
    problem: said(problem),
    unlisted: unlisted === undefined ? undefined : mapOf(unlisted, isText),
  }),
});

const replicaOf = (value: Json): ReplicaStatus => ({
  name: text(value.name),
  server: text(value.server),
  behind: behindOf(map(value.behind)),
  running: count(value.running),
  retrying: count(value.retrying),
  counts: mapOf(value.counts, isCount),
  done: mapOf(value.done, isCount),
  failed: count(value.failed),
  parked: count(value.parked),
  left: mapOf(value.left, isCount),
  foreign: count(value.foreign),
  lacks: texts(value.lacks),
  unlisted: mapOf(value.unlisted, isText),
  ...present({
    away: said(value.away),
    uncompared: countIn(value.uncompared),
    unapproved: countIn(value.unapproved),
    deletionsStopped: said(value.deletionsStopped),
    waiting: isJson(value.waiting) ? waitingOf(value.waiting) : undefined,
  }),
});

const countIn = (value: unknown): number | undefined => (isCount(value) ? value : undefined);

const behindOf = ({ pending, oldestMs, p50Ms, p99Ms }: Json): ReplicaStatus['behind'] => ({
  pending: count(pending),
  oldestMs: count(oldestMs),
  p50Ms: countIn(p50Ms),
  p99Ms: countIn(p99Ms),
});

const waitingOf = (value: Json): WaitingDeletions => ({
  count: count(value.count),
  digest: text(value.digest),
  objects: texts(value.objects),
});

const groupOf = (value: Json): JobGroup => ({
  replica: text(value.replica),
  kind: text(value.kind),
  reason: text(value.reason),
  count: count(value.count),
});
