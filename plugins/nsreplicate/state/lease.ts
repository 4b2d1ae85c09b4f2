/** One active instance of a task: a Lease, renewed by who works, watched by who stands by. */
import type { Clock } from '../../../src/clock.ts';
import { isForbidden } from '../../../src/kube/api-error.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/client.ts';
import type { Lease } from '../../../src/kube/objects.ts';
import { leases } from '../../../src/kube/resources.ts';
import type { HeldLock } from '../../../src/tasks/held-lock.ts';
import { acquire, type LockOptions, waitForLock } from '../../../src/tasks/lock.ts';
import { type Claim, leaseLock } from '../../../src/tasks/lock-object.ts';
import { metadataOf } from './task-objects.ts';

/** Short, so that a standby takes over in seconds; a renewal every two is cheap. */
const STALE_AFTER_MS = 8000;
const HEARTBEAT_MS = 2000;

export interface LeaseRequest {
  readonly kube: KubeClient;
  readonly task: string;
  /** `watch`, `once`. */
  readonly purpose: string;
  /** As `formatHolder` writes it: who comes back after a loss takes its own lease without waiting. */
  readonly holder?: string;
  /** As `LockOptions.tookOver`. */
  readonly tookOver?: () => void;
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
  const { name, namespace } = metadataOf(task, 'lease');
  try {
    const lease = await kube.find(leases, { name, namespace }, call);
    return (lease && leaseLock.claimOf(lease)) ?? null;
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

function optionsOf({ task, purpose, holder, tookOver, clock, signal }: LeaseRequest): LockOptions<Lease> {
  return {
    ...metadataOf(task, 'lease'),
    kind: leaseLock,
    about: `task ${task}`,
    purpose: `nsreplicate ${purpose}`,
    staleAfterMs: STALE_AFTER_MS,
    heartbeatMs: HEARTBEAT_MS,
    ...(holder !== undefined && { holder }),
    ...(tookOver && { tookOver }),
    clock,
    signal,
  };
}
