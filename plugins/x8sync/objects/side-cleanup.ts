/** Removal of what a task made, on each side by itself: a cluster that says no keeps nothing alive in the other one. */
import { allEnded } from '../../../src/async/lazy.ts';
import type { Clock } from '../../../src/clock.ts';
import { ExitCode, exitCodeOf, messageOf, UnreachableError, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { removeChildren } from '../../../src/tasks/children.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { isSpecIntact } from '../../../src/tasks/spec.ts';
import { kindsMadeFor, kindsPossibleFor } from './sides.ts';

/** One side of a task: its record, and a client of its cluster. */
export interface SideRecord {
  readonly kube: KubeClient;
  readonly record: TaskRecord;
}

/** A side on which something is left. */
export interface UncleanSide extends SideRecord {
  /** What is left there, or why that is not known, a line each. */
  readonly reasons: readonly string[];
  /** The cluster can't be reached or does not let this user in. */
  readonly unreachable: boolean;
}

export interface SideCleanup {
  readonly limitMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called with what is awaited. */
  readonly waiting?: (text: string) => void;
}

/**
 * Deletes all that the task made on these sides, but its records, and waits until it is gone. Resolves, once every
 * side has come to an end, with those on which something is left; of a signal that aborts, too.
 */
export async function cleanSides(sides: readonly SideRecord[], how: SideCleanup): Promise<UncleanSide[]> {
  return (await allEnded(sides.map((side) => cleanSide(side, how)))).flat();
}

async function cleanSide(side: SideRecord, how: SideCleanup): Promise<UncleanSide[]> {
  const kinds = isSpecIntact(side.record) ? kindsMadeFor(side.record) : kindsPossibleFor(side.record);
  try {
    const reasons = await removeChildren(side.kube, side.record, { ...how, kinds });
    return reasons.length === 0 ? [] : [{ ...side, reasons, unreachable: false }];
  } catch (error) {
    if (how.signal.aborted) return [uncleanBecause(side, new X8sError('not all was gone in time'))];
    if (error instanceof X8sError) return [uncleanBecause(side, error)];
    throw error;
  }
}

/** A side that could not be cleaned up, or whose record could not be written, for this reason. */
export function uncleanBecause(side: SideRecord, error: unknown): UncleanSide {
  return { ...side, reasons: [messageOf(error)], unreachable: exitCodeOf(error) === ExitCode.unreachable };
}

/** `source: objects with label … in namespace … of …`: what of a side may be left, in one line. */
export function describeLeftover({ kube, record }: SideRecord): string {
  const { role, task, namespace } = record;
  return `${role}: objects with label x8s.dev/task=${task} in namespace ${namespace} of ${kube.cluster.context}`;
}

/** Lines on what is left on these sides and why. */
export function describeUnclean(sides: readonly UncleanSide[]): string[] {
  return sides.flatMap((side) => [
    ...side.reasons.map((reason) => `${side.record.role} not cleaned up: ${reason}`),
    `left there, ${describeLeftover(side)}`,
  ]);
}

/** How to end the task where something of it is left. */
export function cleanupHint([side]: readonly UncleanSide[]): string | undefined {
  if (!side) return undefined;
  const { context } = side.kube.cluster;
  const first = side.unreachable ? `once ${context} lets you in again` : 'to remove it';
  return `${first}: kubectl x8sync cleanup ${side.record.task} -n ${side.record.namespace} --context ${context}`;
}

/** The error of work after which something is left: exit 4 where a cluster can't be reached or says no. */
export function uncleanError(done: string, sides: readonly UncleanSide[]): X8sError {
  const roles = sides.map(({ record }) => `the ${record.role}`);
  const message = `${done}, but ${[...new Set(roles)].join(' and ')} could not be cleaned up`;
  const more = { details: describeUnclean(sides), hint: cleanupHint(sides) };
  return sides.some(({ unreachable }) => unreachable)
    ? new UnreachableError(message, more)
    : new X8sError(message, more);
}
