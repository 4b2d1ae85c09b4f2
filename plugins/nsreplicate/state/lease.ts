/** One active instance of a task: a Lease, renewed by who works, watched by who stands by. */
import type { Clock } from '../../../src/clock.ts';
import type { X8sError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import type { Lease } from '../../../src/kube/api/objects.ts';
import { leases } from '../../../src/kube/api/resources.ts';
import type { HeldLock } from '../../../src/tasks/held-lock.ts';
import { type Holder, type Liveness, livenessOf } from '../../../src/tasks/holder.ts';
import { acquire, type LockOptions, waitForLock } from '../../../src/tasks/lock.ts';
import { type Claim, leaseLock } from '../../../src/tasks/lock-object.ts';
import { metadataOf } from './task-objects.ts';

/**
 * A Lease by which a process has the right to write. Short, so that a standby takes over in seconds; a renewal every two is
 * cheap. What its holder asked a server for comes to its end before another may take it (`fencedClient`), but no sooner
 * where the holder was killed: so one that is known to be dead is waited for like any other.
 */
export const rightToWrite = {
  kind: leaseLock,
  staleAfterMs: 8000,
  heartbeatMs: 2000,
  liveness: (holder: Holder): Liveness => (livenessOf(holder) === 'alive' ? 'alive' : 'unknown'),
};

export interface LeaseRequest {
  readonly kube: KubeClient;
  readonly task: string;
  /** `watch`, `once`. */
  readonly purpose: string;
  /** As `formatHolder` writes it: who comes back after a loss takes its own lease without waiting. */
  readonly holder?: string;
  /** As `LockOptions.waiting`. */
  readonly waiting?: (claim: Claim) => void;
  /** As `LockOptions.known`. */
  readonly known?: boolean;
  /** As `LockOptions.denied`. */
  readonly denied?: (error: X8sError) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Takes the task, or refuses (RefusedError, exit 3) where another instance is at work on it. */
export function takeLease(request: LeaseRequest): Promise<HeldLock<Lease>> {
  return acquire(request.kube, optionsOf(request));
}

/** Stands by until nobody else is at work on the task, and takes it. */
export function awaitLease(request: LeaseRequest, waiting: (claim: Claim) => void): Promise<HeldLock<Lease>> {
  return waitForLock(request.kube, { ...optionsOf(request), waiting });
}

/**
 * The instance that holds the task, as it says itself: null where none does, undefined where Leases may not be read.
 * One that was killed still holds it until another takes over: `renewed`, by its own clock, tells a person.
 */
export async function readHolder(
  kube: KubeClient,
  task: string,
  call: CallOptions = {},
): Promise<Claim | null | undefined> {
  return findHolder(kube, task, call).catch((error: unknown) => {
    if (isForbidden(error)) return undefined;
    throw error;
  });
}

/** As `readHolder`, for whoever has to know. @throws {ApiError} Leases may not be read, among others */
export async function findHolder(
  kube: KubeClient,
  task: string,
  call: CallOptions = {},
): Promise<Claim | null> {
  const { name, namespace } = metadataOf(task, 'lease');
  const lease = await kube.find(leases, { name, namespace }, call);
  return (lease && leaseLock.claimOf(lease)) ?? null;
}

function optionsOf({
  task,
  purpose,
  holder,
  waiting,
  known,
  denied,
  clock,
  signal,
}: LeaseRequest): LockOptions<Lease> {
  return {
    ...metadataOf(task, 'lease'),
    ...rightToWrite,
    about: `task ${task}`,
    purpose: `nsreplicate ${purpose}`,
    ...(holder !== undefined && { holder }),
    ...(waiting && { waiting }),
    ...(known !== undefined && { known }),
    ...(denied && { denied }),
    clock,
    signal,
  };
}
