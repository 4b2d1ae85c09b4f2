/** Both sides of a task that was made by another run, from whichever cluster one comes. */
import { limited } from '../../../src/async/until.ts';
import { messageOf, RefusedError, UnreachableError, X8sError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import { namespaces } from '../../../src/kube/api/resources.ts';
import type { HeldLock } from '../../../src/tasks/held-lock.ts';
import { type FoundPeer, recognisePeer } from '../../../src/tasks/peer.ts';
import type { Peer, TaskRecord } from '../../../src/tasks/record.ts';
import { isSpecIntact } from '../../../src/tasks/spec.ts';
import { claimLockedFor, lockClaim } from '../claims/claim-lock.ts';
import type { SideRecord } from '../objects/side-cleanup.ts';
import type { Role } from '../objects/sides.ts';
import type { CopyContext } from '../run/request/request.ts';
import { storeOf } from '../run/request/task-store.ts';
import { cutoverRole } from './cutover-state.ts';
import { isSameTask, specOf, type TaskEntry } from './inventory.ts';
import { cleanupCommand } from './soundness.ts';

export interface TaskContext extends CopyContext {
  /** A client of the cluster with this API server, by any context that this workstation has for it. */
  connectTo(server: string): Promise<KubeClient>;
  readonly timeoutMs: number;
}

export interface TaskSides {
  readonly sides: SideRecord[];
  /** Why a side could not be asked, a line each. */
  readonly missing: string[];
  /** Why a side is not there, though its cluster answered, a line each. */
  readonly gone: string[];
}

/**
 * Both sides of a task: what this cluster knows of it, and its peer, found by its API server. With the target comes the
 * record of a cutover, which is beside it. Another cluster that answers there is as one that does not.
 */
export async function sidesOf(entry: TaskEntry, kube: KubeClient, context: TaskContext): Promise<TaskSides> {
  const sides: SideRecord[] = Object.values(entry.records).map((record) => ({ kube, record }));
  const missing: string[] = [];
  const gone: string[] = [];
  const asked = new Set<Role>();
  for (const { record } of [...sides]) {
    const role: Role = record.role === 'source' ? 'target' : 'source';
    const { peer } = record;
    // A target and the cutover beside it have the same source.
    if (entry.records[role] || asked.has(role) || !peer) continue;
    asked.add(role);
    try {
      const { kube, doubt } = await peerOf(peer, context);
      const found = await recordsAt(kube, record, role, context);
      sides.push(...found.map((other) => ({ kube, record: other })));
      if (found.some((other) => other.role === role)) continue;
      if (doubt !== undefined) throw new UnreachableError(`it has no record of the task, and ${doubt}`);
      const call = { signal: context.signal };
      gone.push(await describeAbsence(kube, { role, namespace: peer.namespace }, call));
    } catch (error) {
      context.signal.throwIfAborted();
      // Its cluster has answered: something else has the record's name.
      if (error instanceof RefusedError) gone.push(messageOf(error));
      else missing.push(`${role} in namespace ${peer.namespace} of ${peer.server}: ${messageOf(error)}`);
    }
  }
  return { sides, missing, gone };
}

/** @throws UnreachableError where no cluster, or another one, answers at the peer's API server. */
export const peerOf = async (
  peer: Peer,
  { connectTo, signal }: Pick<TaskContext, 'connectTo' | 'signal'>,
): Promise<FoundPeer> => recognisePeer(await connectTo(peer.server), peer, { signal });

/** A client of the cluster that has what a cutover stops. @param side with the record of the cutover, beside the target's */
export async function sourceClient(
  { kube, record: { peer } }: SideRecord,
  context: Pick<TaskContext, 'connectTo' | 'signal'>,
): Promise<KubeClient> {
  if (!peer) return kube;
  const connectTo = async (at: string) => (at === kube.cluster.server ? kube : context.connectTo(at));
  return (await peerOf(peer, { ...context, connectTo })).kube;
}

/** The other side's cluster may be away; who only looks does not wait for it longer than that. */
const lookLimitMs = 5000;

/** @throws UnreachableError where it takes too long for who only looks. */
export function soon<T>(
  work: Promise<T>,
  { clock, signal }: Pick<TaskContext, 'clock' | 'signal'>,
): Promise<T> {
  const late = () => new UnreachableError(`its cluster did not answer within ${lookLimitMs / 1000} s`);
  return limited(work, lookLimitMs, late, clock, signal);
}

/** What a task's other side has of it, in its role and of its cutover. */
async function recordsAt(
  kube: KubeClient,
  record: TaskRecord,
  role: Role,
  context: TaskContext,
): Promise<TaskRecord[]> {
  const namespace = record.peer?.namespace ?? '';
  const roles = role === 'target' ? [role, cutoverRole] : [role];
  const store = storeOf(kube, context);
  const found = roles.map((one) => store.find(namespace, record.task, one, { signal: context.signal }));
  const there = (await Promise.all(found)).filter((other) => other !== undefined);
  return there.filter((other) => isSameTask(record, other));
}

/** Says that a cluster which answered has no record of a task in one role, and whether the namespace is there. */
async function describeAbsence(
  kube: KubeClient,
  { role, namespace }: { readonly role: Role; readonly namespace: string },
  call: CallOptions,
): Promise<string> {
  const place = `the ${role}'s namespace ${namespace} of ${kube.cluster.context}`;
  const noRecord = `${place} has no record of it any more`;
  try {
    return (await kube.find(namespaces, { name: namespace }, call)) ? noRecord : `${place} is gone`;
  } catch (error) {
    // Namespaces may be read by few; that there is no record is known all the same.
    if (isForbidden(error)) return noRecord;
    throw error;
  }
}

/** The error of a command that needs a task's target, where its cluster answered and does not have it. */
export function targetGone(
  entry: TaskEntry,
  kube: KubeClient,
  { what, gone, details }: { what: string; gone: readonly string[]; details?: readonly string[] },
): X8sError {
  const why = gone.length > 0 ? gone.join('; ') : 'its record does not say where its target is';
  return new X8sError(`task ${entry.task} can't be ${what}: ${why}`, {
    details,
    hint: `to remove what is left of it: ${cleanupCommand(entry, kube)}`,
  });
}

/**
 * Takes the lock of a task's target claim.
 *
 * @param side sound.
 * @throws RefusedError where a live run holds it.
 */
export function lockTarget(side: SideRecord, purpose: string, context: TaskContext): Promise<HeldLock> {
  const { targetUid = '', targetClaim } = specOf(side.record);
  return lockNamed(side, { claimUid: targetUid, targetClaim }, purpose, context);
}

/**
 * Takes the lock of the target claim for a task that is to be deleted, also where its record was edited by hand: the
 * other side's says which claim it is, or a lock that is held for this task. Resolves with undefined where nothing
 * says it, and so no run of this task holds a claim.
 *
 * @throws RefusedError where a live run holds it.
 */
export async function lockTargetToDelete(
  sides: readonly SideRecord[],
  purpose: string,
  context: TaskContext,
): Promise<HeldLock | undefined> {
  const target = sides.find(({ record }) => record.role === 'target');
  if (!target) return undefined;
  const intact = [target, ...sides].find(({ record }) => isSpecIntact(record));
  const { targetUid, targetClaim } = specOf(intact?.record);
  const claimUid = targetUid || (await claimLockedFor(target.kube, target.record, context.signal));
  return claimUid ? lockNamed(target, { claimUid, targetClaim }, purpose, context) : undefined;
}

function lockNamed(
  { kube, record: { namespace } }: SideRecord,
  { claimUid, targetClaim = '' }: { claimUid: string; targetClaim: string | undefined },
  purpose: string,
  { clock, signal, reporter }: TaskContext,
): Promise<HeldLock> {
  const claim = targetClaim.split('/').at(-1) ?? '';
  const waiting = (text: string) => reporter.info(text);
  return lockClaim(kube, { namespace, claim, claimUid, purpose, clock, signal, waiting });
}
