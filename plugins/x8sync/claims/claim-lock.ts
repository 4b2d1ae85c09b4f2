/** The one lock that decides who writes to a target claim, whatever the task's name. */
import type { Clock } from '../../../src/clock.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { ConfigMap } from '../../../src/kube/api/objects.ts';
import { configMaps } from '../../../src/kube/api/resources.ts';
import type { HeldLock } from '../../../src/tasks/held-lock.ts';
import { describeHolder, livenessOf, parseHolder } from '../../../src/tasks/holder.ts';
import { acquire } from '../../../src/tasks/lock.ts';
import { type Claim, configMapLock } from '../../../src/tasks/lock-object.ts';
import { Label, managerOf, selectorOf } from '../../../src/tasks/names.ts';
import { tool } from '../objects/sides.ts';

/**
 * How long a holder may be silent. A copy takes hours, and an API server that is upgraded is away for half a
 * minute: a run that gave up for that would be a nuisance, and one that died on this machine is known at once.
 */
export const staleAfterMs = 60_000;

const lockPrefix = `${tool}-claim-`;
const lockName = (claimUid: string) => `${lockPrefix}${claimUid}`;
const lockLabels = { [Label.managedBy]: managerOf(tool), [Label.role]: 'lock' };

/** How often a holder may have missed to say that it lives before it is called silent. */
const silentFactor = 3;

/** Whether a command says that it works on a target claim; `silent` where it has not said so for minutes. */
export type HolderState = 'none' | 'silent' | 'live';

/** Who holds a claim's lock, as {@link lockState}. */
export const holderState = (
  kube: KubeClient,
  { namespace, claimUid }: Pick<ClaimLockOptions, 'namespace' | 'claimUid'>,
  context: Pick<ClaimLockOptions, 'clock' | 'signal'>,
): Promise<HolderState> => lockState(kube, { namespace, name: lockName(claimUid) }, context);

/**
 * Who holds a lock, for people to read: clocks of two machines are compared here, so it must never decide whether the lock
 * may be taken.
 */
export async function lockState(
  kube: KubeClient,
  lock: { readonly namespace: string; readonly name: string },
  context: Pick<ClaimLockOptions, 'clock' | 'signal'>,
): Promise<HolderState> {
  const claim = await lockClaimOf(kube, lock, context);
  if (!claim) return 'none';
  return isLive(claim, context) ? 'live' : 'silent';
}

/** Who holds a lock and lives, in words: `root@vm (process 7)`; undefined where nobody does. For people to read, as above. */
export async function liveHolder(
  kube: KubeClient,
  lock: { readonly namespace: string; readonly name: string },
  context: Pick<ClaimLockOptions, 'clock' | 'signal'>,
): Promise<string | undefined> {
  const claim = await lockClaimOf(kube, lock, context);
  return claim && isLive(claim, context) ? describeHolder(parseHolder(claim.holder)) : undefined;
}

async function lockClaimOf(
  kube: KubeClient,
  lock: { readonly namespace: string; readonly name: string },
  { signal }: Pick<ClaimLockOptions, 'signal'>,
): Promise<Claim | undefined> {
  const found = await kube.find(configMaps, lock, { signal });
  return found && configMapLock.claimOf(found);
}

function isLive(claim: Claim, { clock }: Pick<ClaimLockOptions, 'clock'>): boolean {
  if (livenessOf(parseHolder(claim.holder)) === 'dead') return false;
  return clock.now().getTime() - Date.parse(claim.renewed) <= silentFactor * claim.staleAfterMs;
}

export interface ClaimLockOptions {
  readonly namespace: string;
  readonly claim: string;
  readonly claimUid: string;
  /** What it is held for: shown to a run that finds it held. */
  readonly purpose: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called where a holder that may be dead is waited for. */
  readonly waiting: (text: string) => void;
}

/**
 * Takes the lock of a target claim; it lies beside the claim, where the harm would be.
 *
 * @throws RefusedError where a live run holds it, with who and since when.
 */
export function lockClaim(kube: KubeClient, options: ClaimLockOptions): Promise<HeldLock> {
  const { namespace, claim, claimUid, waiting, ...rest } = options;
  return acquire(kube, {
    ...rest,
    staleAfterMs,
    namespace,
    name: lockName(claimUid),
    labels: lockLabels,
    about: `Target claim ${kube.cluster.context}/${namespace}/${claim}`,
    waiting: ({ holder, staleAfterMs }) =>
      waiting(
        `${holder.split(' ')[0]} holds the claim and may have died; known in ${Math.round(staleAfterMs / 1000)} s`,
      ),
  });
}

/** The uid of the claim that a command holds, or has held, for this task: every purpose ends with the task's name. */
export async function claimLockedFor(
  kube: KubeClient,
  { namespace, task }: { readonly namespace: string; readonly task: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const labelSelector = selectorOf(lockLabels);
  const { items } = await kube.list(configMaps, { namespace, labelSelector, signal });
  const isFor = (lock: ConfigMap) => configMapLock.claimOf(lock)?.purpose.split(' ').at(-1) === task;
  return items.find(isFor)?.metadata.name.slice(lockPrefix.length);
}
