/** Ends a task from any workstation: deletes all that it made on both sides, records included. */
import { allEnded } from '../../../src/async/lazy.ts';
import { messageOf, RefusedError, UnreachableError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { HeldLock } from '../../../src/tasks/held-lock.ts';
import { lockClaim } from '../claims/claim-lock.ts';
import { cleanSides, type SideRecord, type UncleanSide, uncleanError } from '../objects/side-cleanup.ts';
import type { Role } from '../objects/sides.ts';
import { storeOf } from '../run/copy-task.ts';
import type { CopyContext } from '../run/request.ts';
import { cutoverStateOf, isUnderWay, scaleCommand } from './cutover-state.ts';
import { isSameTask, specOf, type TaskEntry } from './inventory.ts';

export interface CleanupContext extends CopyContext {
  /** A client of the cluster with this API server, by any context that this workstation has for it. */
  connectTo(server: string): Promise<KubeClient>;
  readonly timeoutMs: number;
}

/**
 * Cleans one task up. A side that can't be reached does not keep the other from being cleaned.
 *
 * @throws RefusedError where a live run holds the task.
 * @throws UnreachableError where a side could not be reached; the other is clean then.
 */
export async function cleanUp(entry: TaskEntry, kube: KubeClient, context: CleanupContext): Promise<void> {
  requireNoCutover(entry, kube);
  const { sides, missing } = await sidesOf(entry, kube, context);
  const target = sides.find(({ record }) => record.role === 'target');
  const lock = target && (await lockOf(target, context));
  try {
    const left = await cleanAll(sides, context);
    if (left.length > 0) throw uncleanError(`task ${entry.task} is ended`, left);
  } finally {
    await lock?.release();
  }
  if (missing.length > 0) {
    throw new UnreachableError(`task ${entry.task}: one side could not be cleaned up`, {
      details: missing,
      hint: 'run the same command again, with a kubeconfig that has that cluster, once it can be reached',
    });
  }
}

/** How many pods the workloads had stands in the record: without it nobody could put them right. */
function requireNoCutover({ task, records }: TaskEntry, { cluster: { context } }: KubeClient): void {
  for (const record of Object.values(records)) {
    const state = cutoverStateOf(record);
    if (!state || !isUnderWay(state)) continue;
    const [namespace = ''] = (specOf(record).sourceClaim ?? '').split('/');
    throw new RefusedError(`task ${task} is in the middle of a cutover: its workloads are stopped`, {
      details: state.source.map((workload) => scaleCommand(workload, context, namespace)),
      hint: 'run the command of the cutover again to go on with it',
    });
  }
}

async function sidesOf(
  entry: TaskEntry,
  kube: KubeClient,
  context: CleanupContext,
): Promise<{ sides: SideRecord[]; missing: string[] }> {
  const sides: SideRecord[] = Object.values(entry.records).map((record) => ({ kube, record }));
  const missing: string[] = [];
  for (const { record } of [...sides]) {
    const role: Role = record.role === 'source' ? 'target' : 'source';
    const { peer } = record;
    if (entry.records[role] || !peer) continue;
    try {
      const kube = await context.connectTo(peer.server);
      const call = { signal: context.signal };
      const other = await storeOf(kube, context).find(peer.namespace, entry.task, role, call);
      if (other && isSameTask(record, other)) sides.push({ kube, record: other });
    } catch (error) {
      context.signal.throwIfAborted();
      missing.push(`${role} in namespace ${peer.namespace} of ${peer.server}: ${messageOf(error)}`);
    }
  }
  return { sides, missing };
}

function lockOf(
  { kube, record }: SideRecord,
  { clock, signal, reporter }: CleanupContext,
): Promise<HeldLock> {
  const { targetUid = '', targetClaim = '' } = specOf(record);
  return lockClaim(kube, {
    namespace: record.namespace,
    claim: targetClaim.split('/').at(-1) ?? '',
    claimUid: targetUid,
    purpose: `x8sync cleanup ${record.task}`,
    clock,
    signal,
    waiting: (text) => reporter.info(text),
  });
}

/** All of the task, its records at last; resolves with the sides on which something is left. */
async function cleanAll(
  sides: readonly SideRecord[],
  { timeoutMs, signal, ...context }: CleanupContext,
): Promise<UncleanSide[]> {
  const left = await cleanSides(sides, { limitMs: timeoutMs, clock: context.clock, signal });
  signal.throwIfAborted();
  const names = new Set(left.map(({ record }) => record.name));
  const clean = sides.filter(({ record }) => !names.has(record.name));
  await allEnded(clean.map(({ kube, record }) => storeOf(kube, context).remove(record, { signal })));
  return left;
}
