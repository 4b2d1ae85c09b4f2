/**
 * Which controller carries out which KRMSyncers of a cluster: never two the same one, since both would write as one task.
 *
 * A controller of all namespaces holds the cluster's Lease for as long as it leads. One of a single namespace holds the
 * Lease of that namespace, and takes it while it holds the cluster's for a moment. So it begins only while no controller
 * of all namespaces leads; and one of all namespaces that begins later finds the Lease of the namespace held, and leaves
 * the namespace to it until it has ended. However many KRMSyncers there are, a controller renews one Lease.
 */
import { retry } from '../../../../src/async/retry.ts';
import { until } from '../../../../src/async/until.ts';
import type { Clock } from '../../../../src/clock.ts';
import { messageOf } from '../../../../src/errors.ts';
import { isDenied, mayPass } from '../../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import type { Lease } from '../../../../src/kube/api/objects.ts';
import type { HeldLock } from '../../../../src/tasks/held-lock.ts';
import { waitForLock } from '../../../../src/tasks/lock.ts';
import type { Claim } from '../../../../src/tasks/lock-object.ts';
import { findHolder, rightToWrite } from '../../state/lease.ts';
import { metadataOf } from '../../state/task-objects.ts';
import { earlierTaskName } from '../resource/task-names.ts';

const pause = { firstMs: 500, mostMs: 8000 };

/** The task under whose name the controller of all namespaces has its Lease. */
const ofCluster = 'krm-controller';
/** The task under whose name the controller of one namespace has its Lease; one of an earlier version has to find it. */
const ofNamespace = (namespace: string): string => earlierTaskName(namespace, 'controller');

export interface LeadershipOptions {
  /** The controller's own cluster, which keeps the Leases. */
  readonly own: KubeClient;
  /** The only namespace whose KRMSyncers it carries out; all where absent. */
  readonly namespace: string | undefined;
  /** It has led before: rights that are missing come back. */
  readonly known?: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly info: (text: string) => void;
}

/** The right to carry out KRMSyncers, for as long as the lock is held. */
export interface Leadership {
  readonly lock: HeldLock<Lease>;
  /** The task by whose Lease others know that its tasks are at work. */
  readonly guardedBy: string;
  /**
   * Resolves once no other controller carries out the KRMSyncers of a namespace, and none begins to while this one leads.
   * Rejects with the signal's reason.
   */
  admit(namespace: string, signal: AbortSignal): Promise<void>;
}

/** Stands by until it may lead, or rejects with the signal's reason. */
export async function takeLeadership(options: LeadershipOptions): Promise<Leadership> {
  const { namespace } = options;
  if (namespace !== undefined) {
    const lock = await takeNamespace(namespace, options);
    return { lock, guardedBy: ofNamespace(namespace), admit: async () => undefined };
  }
  const lock = await take(ofCluster, options, standsBy(options));
  const within = { ...options, known: true, signal: AbortSignal.any([options.signal, lock.signal]) };
  const free = new Map<string, Promise<void>>();
  const admit = (other: string, signal: AbortSignal): Promise<void> => {
    // Nobody takes the namespace any more once it was free: this one has the Lease of the cluster.
    const admitted = free.get(other) ?? awaitFree(ofNamespace(other), within, leftOut(other, options));
    free.set(other, admitted);
    admitted.catch(() => free.delete(other));
    return until(admitted, signal);
  };
  return { lock, guardedBy: ofCluster, admit };
}

async function takeNamespace(namespace: string, options: LeadershipOptions): Promise<HeldLock<Lease>> {
  const name = ofNamespace(namespace);
  for (;;) {
    // Before the Lease of the cluster is asked for: that is held for a moment only.
    await awaitFree(name, options, standsBy(options));
    const cluster = await take(ofCluster, options, standsBy(options));
    const holding = { ...options, known: true };
    try {
      if (await holderOf(name, holding)) continue;
      const lock = await take(name, holding, standsBy(options));
      // Where this process was stopped meanwhile, a controller of all namespaces may have begun, and seen nothing.
      if (await cluster.isHeld()) return lock;
      await lock.release();
    } finally {
      await cluster.release();
    }
  }
}

/** Waits until nobody holds a Lease. Who holds it and has died is found out by taking it over. */
async function awaitFree(
  task: string,
  options: LeadershipOptions,
  waiting: (claim: Claim) => void,
): Promise<void> {
  if (!(await holderOf(task, options))) return;
  const lock = await take(task, options, waiting);
  await lock.release();
}

/** The holder of a Lease, by a cluster that is asked until it answers: who may not look just now knows of no free one. */
async function holderOf(
  task: string,
  { own, known = false, clock, signal, info }: LeadershipOptions,
): Promise<Claim | null> {
  let isTold = false;
  const failed = (error: unknown): void => {
    if (mayPass(error)) return;
    if (!known || !isDenied(error)) throw error;
    if (!isTold) info(triedAgain(error));
    isTold = true;
  };
  return retry(() => findHolder(own, task, { signal }), { pause, clock, signal, failed });
}

const triedAgain = (error: unknown): string => `${messageOf(error)}; tried again by itself`;

function take(
  task: string,
  { own, namespace, known, clock, signal, info }: LeadershipOptions,
  waiting: (claim: Claim) => void,
): Promise<HeldLock<Lease>> {
  return waitForLock(own, {
    ...metadataOf(task, 'lease'),
    ...rightToWrite,
    about: 'the controller',
    purpose: `nsreplicate controller${namespace === undefined ? '' : ` -n ${namespace}`}`,
    clock,
    signal,
    waiting,
    ...(known && { known }),
    denied: (error) => info(triedAgain(error)),
  });
}

const nameOf = (holder: string): string => holder.split(' ')[0] ?? holder;

const leftOut =
  (namespace: string, { info }: LeadershipOptions) =>
  ({ holder }: Claim): void =>
    info(`namespace ${namespace}: left to its own controller (${nameOf(holder)}) until that has ended`);

const standsBy =
  ({ info }: LeadershipOptions) =>
  ({ holder }: Claim): void =>
    info(`${nameOf(holder)} leads: standing by`);
