/** A task as the service shows it. */

import { approvalDigest } from '../../decide/approval.ts';
import type { ReplicaStatus } from '../../state/state.ts';
import { taskPhases } from '../../state/task-phase.ts';
import type { Caller } from '../http/account.ts';
import { count, flag, list, mapOf, number, object, oneOf, type Schema, text, time } from '../http/schema.ts';
import type { BoardTask } from './board.ts';

const replicaSchema = object(
  {
    name: text(),
    reachable: flag(),
    pending: count('Objects that differ, as far as is known'),
    running: count(),
    retrying: count('Failed before, and tried again by themselves'),
    failed: count('All that fail'),
    parked: count('Of these, what waits for a retry or an approval'),
    uncompared: count('Objects of which it is not known what the replica has'),
    oldestMs: number('How long the oldest of what differs has waited'),
    done: mapOf(count()),
    deletionsStopped: flag(),
    lacks: list(text()),
  },
  {
    problem: text('Why it does not answer'),
    lagP50Ms: number('From seeing a change to its being written, of the last thousand'),
    lagP99Ms: number(),
    stoppedBecause: text('Why deletions wait'),
    waiting: object({ count: count(), objects: list(text('Of these, the first')) }),
  },
);

const groupSchema = object({ replica: text(), kind: text(), reason: text(), count: count() });
const requestSchema = object({ at: time, by: text(), what: text() }, { about: text() });

export const taskSchema: Schema = object(
  {
    name: text(),
    phase: oneOf(taskPhases),
    atWork: flag('An instance is at work on it; else all of this is as it was last written'),
    paused: flag(),
    startedAt: time,
    objects: count('Objects that are kept the same'),
    kinds: list(text()),
    primary: object({ name: text(), reachable: flag() }, { problem: text() }),
    replicas: list(replicaSchema),
    failures: list(groupSchema),
    notes: list(text()),
    askedFor: list(requestSchema),
  },
  { digest: text('Stands for the deletions that wait; an approval names it') },
);

/**
 * What a caller may know of a task. Whoever is let into some namespaces only sees counts of all of them, and nothing
 * that names an object.
 */
export function taskDocument(
  { name, status, control, atWork }: BoardTask,
  caller: Pick<Caller, 'namespaces'>,
) {
  const { phase, startedAt, objects, kinds, primary, replicas, failures, notes } = status;
  const seesAll = caller.namespaces === undefined;
  const digest = approvalDigest(replicas);
  const { problem } = primary;
  return {
    name,
    phase,
    atWork,
    paused: control.paused,
    startedAt,
    objects,
    kinds,
    primary: {
      name: primary.name,
      reachable: problem === undefined,
      ...(problem === undefined ? {} : { problem }),
    },
    replicas: replicas.map((replica) => replicaDocument(replica, seesAll)),
    failures: failures.map(({ replica, kind, reason, count: number }) => ({
      replica,
      kind,
      reason,
      count: number,
    })),
    notes: seesAll ? notes : [],
    askedFor: control.askedFor.map(({ at, by, what, about }) => ({
      at,
      by,
      what,
      ...(about === undefined || !seesAll ? {} : { about }),
    })),
    ...(digest === undefined ? {} : { digest }),
  };
}

function replicaDocument(replica: ReplicaStatus, seesAll: boolean) {
  const {
    name,
    away,
    behind,
    running,
    retrying,
    failed,
    parked,
    uncompared = 0,
    deletionsStopped,
    waiting,
  } = replica;
  return {
    name,
    reachable: away === undefined,
    pending: behind.pending,
    running,
    retrying,
    failed,
    parked,
    uncompared,
    oldestMs: behind.oldestMs,
    // What an earlier version wrote has none.
    done: { ...replica.done },
    deletionsStopped: deletionsStopped !== undefined,
    lacks: seesAll ? replica.lacks : [],
    ...(away === undefined ? {} : { problem: away }),
    ...(typeof behind.p50Ms === 'number'
      ? { lagP50Ms: behind.p50Ms, lagP99Ms: behind.p99Ms ?? behind.p50Ms }
      : {}),
    ...(deletionsStopped === undefined || !seesAll ? {} : { stoppedBecause: deletionsStopped }),
    ...(waiting ? { waiting: { count: waiting.count, objects: seesAll ? waiting.objects : [] } } : {}),
  };
}
