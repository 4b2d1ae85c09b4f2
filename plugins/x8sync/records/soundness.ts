/**
 * Whether a task's records are as its runs have written them. People may edit ConfigMaps; what nobody can rely on any more
 * is named, and nothing is done with it but to clean it up.
 */
import { RefusedError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { Annotation } from '../../../src/tasks/names.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { isSpecIntact } from '../../../src/tasks/spec.ts';
import type { SideRecord } from '../objects/side-cleanup.ts';
import { cancelledCheckpoint, isCancellation } from '../run/cancellation.ts';
import { firstCopyCheckpoint, isFirstCopy } from '../run/first-copy.ts';
import { codeCheckpoint, endCheckpoint, isExitCode, isKeptEnd } from '../run/kept-end.ts';
import { isReachWish, reachCheckpoint } from '../run/request/reach-wish.ts';
import { isCutoverEnd } from './cutover-end.ts';
import { cutoverRole, finishedKey, isCutoverState } from './cutover-state.ts';
import type { TaskEntry } from './inventory.ts';

const checkpoints: readonly (readonly [name: string, is: (value: unknown) => boolean])[] = [
  [endCheckpoint, isKeptEnd],
  [codeCheckpoint, isExitCode],
  [cancelledCheckpoint, isCancellation],
  [firstCopyCheckpoint, isFirstCopy],
  [reachCheckpoint, isReachWish],
  [cutoverRole, isCutoverState],
  [finishedKey, isCutoverEnd],
];

/** What of a record is not as a run has written it; undefined of a sound one, and of a newer version's. Pure. */
export function flawOf(record: TaskRecord): string | undefined {
  if (record.isNewer) return undefined;
  if (record.unreadable !== undefined) return record.unreadable;
  if (record.spec === undefined) return 'it has no data.spec';
  if (!isSpecIntact(record))
    return `its data.spec is not what the task was begun with (annotation ${Annotation.specHash})`;
  const [flawed] = checkpoints.filter(([name, is]) => {
    const value = record.checkpoints[name];
    return value !== undefined && !is(value);
  });
  return flawed && `its data.checkpoints.${flawed[0]} is not as a run writes it`;
}

/** Says that a record was changed, where, and how. */
export const describeFlaw = (
  { cluster: { context } }: KubeClient,
  { namespace, name }: TaskRecord,
  flaw: string,
): string => `ConfigMap ${namespace}/${name} (context ${context}) was changed by hand: ${flaw}`;

/** What is wrong with the records of a task that are in this cluster, a line each. */
export function flawsOf({ records }: TaskEntry, kube: KubeClient): string[] {
  return Object.values(records).flatMap((record) => {
    const flaw = flawOf(record) ?? (leadsNowhere(record, records) ? noPeer : undefined);
    return flaw === undefined ? [] : [describeFlaw(kube, record, flaw)];
  });
}

const noPeer = 'it has no data.peer, which says where the other side is';

/** A cutover's own record is beside the target's. */
const leadsNowhere = ({ peer, role }: TaskRecord, records: TaskEntry['records']): boolean =>
  peer === undefined && !records[role === 'source' ? 'target' : 'source'];

/** The command that deletes what is left of a task on the sides that this cluster knows. */
export function cleanupCommand({ task, records }: TaskEntry, { cluster: { context } }: KubeClient): string {
  const [record] = Object.values(records);
  return `kubectl x8sync cleanup ${task} -n ${record?.namespace} --context ${context}`;
}

const cleanupHint = (entry: TaskEntry, kube: KubeClient): string =>
  `to remove what it made, files left alone: ${cleanupCommand(entry, kube)}`;

/** @throws RefusedError where a record of this task was changed: nothing is done by what it says. */
export function requireSound(entry: TaskEntry, kube: KubeClient): void {
  const flaws = flawsOf(entry, kube);
  if (flaws.length > 0) throw notSound(entry, kube, flaws);
}

/** Likewise for the sides of a task, once both were read. */
export function requireSoundSides(entry: TaskEntry, kube: KubeClient, sides: readonly SideRecord[]): void {
  const flaws = sides.flatMap((side) => {
    const flaw = flawOf(side.record);
    return flaw === undefined ? [] : [describeFlaw(side.kube, side.record, flaw)];
  });
  if (flaws.length > 0) throw notSound(entry, kube, flaws);
}

const notSound = (entry: TaskEntry, kube: KubeClient, details: readonly string[]): RefusedError =>
  new RefusedError(`the record of task ${entry.task} does not say any more what the task is about`, {
    details,
    hint: cleanupHint(entry, kube),
  });

/** The same in one line, for a list. */
export const flawText = (entry: TaskEntry, kube: KubeClient, flaws: readonly string[]): string =>
  `${flaws.join('; ')}; ${cleanupHint(entry, kube)}`;
