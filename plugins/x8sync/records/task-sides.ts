/** Both sides of a task that was made by another run, from whichever cluster one comes. */
import { messageOf, RefusedError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { HeldLock } from '../../../src/tasks/held-lock.ts';
import { lockClaim } from '../claims/claim-lock.ts';
import type { SideRecord } from '../objects/side-cleanup.ts';
import type { Role } from '../objects/sides.ts';
import { storeOf } from '../run/copy-task.ts';
import type { CopyContext } from '../run/request.ts';
import { cutoverStateOf, isUnderWay, scaleCommand } from './cutover-state.ts';
import { isSameTask, specOf, type TaskEntry } from './inventory.ts';

export interface TaskContext extends CopyContext {
  /** A client of the cluster with this API server, by any context that this workstation has for it. */
  connectTo(server: string): Promise<KubeClient>;
  readonly timeoutMs: number;
}

export interface TaskSides {
  readonly sides: SideRecord[];
  /** Why a side could not be asked, a line each. */
  readonly missing: string[];
}

/** Both sides of a task: what this cluster knows of it, and its peer, found by its API server. */
export async function sidesOf(entry: TaskEntry, kube: KubeClient, context: TaskContext): Promise<TaskSides> {
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

/** Takes the lock of a task's target claim. @throws RefusedError where a live run holds it. */
export function lockTarget(
  { kube, record }: SideRecord,
  purpose: string,
  { clock, signal, reporter }: TaskContext,
): Promise<HeldLock> {
  const { targetUid = '', targetClaim = '' } = specOf(record);
  return lockClaim(kube, {
    namespace: record.namespace,
    claim: targetClaim.split('/').at(-1) ?? '',
    claimUid: targetUid,
    purpose,
    clock,
    signal,
    waiting: (text) => reporter.info(text),
  });
}

/** How many pods the workloads had stands in the record: without it nobody could put them right. */
export function requireNoCutover({ task, records }: TaskEntry, { cluster: { context } }: KubeClient): void {
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
