/** Brings up the source's side: sshd in a StatefulSet, a policy that lets in or, where the source dials, out. */
import { allEnded } from '../../../../src/async/lazy.ts';
import type { StatefulSet } from '../../../../src/kube/api/objects.ts';
import { networkPolicies, statefulSets } from '../../../../src/kube/api/resources.ts';
import { type ClaimState, isDevice, seLinuxLevelOf } from '../../claims/claim.ts';
import { serveEnv } from '../../mover/protocol/options.ts';
import { forwardedPort } from '../../mover/protocol/tunnel-options.ts';
import { type EnsureOptions, ensure, optionally } from '../../objects/ensure.ts';
import type { Fingerprints } from '../../objects/keys.ts';
import { imageAccount } from '../../objects/manifests/identity.ts';
import type { PodPrivileges } from '../../objects/manifests/pod-security.ts';
import { moverCommand, type PodPlan, type PodWishes, podSpec } from '../../objects/manifests/pods.ts';
import { sshPort } from '../../objects/manifests/service.ts';
import { sourceNetworkPolicy, sourceStatefulSet } from '../../objects/manifests/source.ts';
import type { TaskSide } from '../../objects/sides.ts';
import { addressesAnnotation, addressesIn } from './mover-job.ts';

export interface SourceServerPlan {
  readonly side: TaskSide;
  readonly claim: ClaimState;
  readonly privileges: PodPrivileges;
  readonly pod: PodWishes;
  readonly keys: Fingerprints;
  /** Addresses of the target that are known by now, where the source is to dial it. */
  readonly dials?: readonly string[] | undefined;
  /** It stands until it is taken away, for copies that nobody watches. */
  readonly isScheduled?: boolean | undefined;
}

/** The source's side, made; its pod may still be on its way. */
export interface SourceServer {
  readonly workload: StatefulSet;
  /** Addresses of the target that its pods know from their start. */
  readonly addresses: readonly string[];
  /** What could not be made and is done without. */
  readonly notes: readonly string[];
}

/** Seconds without any client after which sshd stops listening, so that a killed plugin leaves no open door. */
const idleSeconds = 600;
/** A schedule may be suspended for as long as a person likes: some centuries. */
const neverIdleSeconds = 1e10;

/** The source's pod. The keys' fingerprint is part of it: with new keys comes a new pod. */
export function sourcePodPlan(
  claim: ClaimState,
  privileges: PodPrivileges,
  wishes: PodWishes,
  secret: string,
  keyId: string,
  dials?: readonly string[],
  isScheduled = false,
): PodPlan {
  return {
    ...wishes,
    side: 'source',
    command: moverCommand('serve'),
    privileges,
    claim: claim.ref.claim,
    isDevice: isDevice(claim),
    node: claim.node,
    seLinuxLevel: seLinuxLevelOf(claim),
    readOnly: true,
    secret,
    isScheduled,
    env: serveEnv({
      ...{ nonce: keyId, port: sshPort, isDevice: isDevice(claim) },
      idleSeconds: isScheduled ? neverIdleSeconds : idleSeconds,
      tunnel: dials && { user: imageAccount, forwardedPort, addresses: dials },
    }),
  };
}

/** Makes or takes up the source's objects; resolves before its pod is up. */
export async function startSourceServer(
  plan: SourceServerPlan,
  options: EnsureOptions,
): Promise<SourceServer> {
  const { side, claim, privileges, keys, dials } = plan;
  const { kube } = side;
  const podPlan = (addresses: typeof dials) =>
    sourcePodPlan(
      claim,
      privileges,
      plan.pod,
      side.name,
      keys.tunnel ?? keys.host,
      addresses,
      plan.isScheduled,
    );
  const wanted = sourceStatefulSet(side, podPlan(dials), { [addressesAnnotation]: (dials ?? []).join(' ') });
  // Where its pod is to run, beside whom, or what it dials first, is no reason to make it anew: the pod of an earlier run
  // is what holds the claim there, and further addresses can be delivered to it.
  const anywhere = { node: undefined, seLinuxLevel: undefined };
  const same = sourceStatefulSet(side, { ...podPlan(dials && []), ...anywhere });
  const [workload, notes] = await allEnded([
    ensure(kube, statefulSets, wanted, options, same),
    optionally(ensure(kube, networkPolicies, sourceNetworkPolicy(side, dials !== undefined), options)),
  ]);
  return { workload, addresses: addressesIn(workload), notes };
}

/** What the admission check tries: the same pod, of no task yet. */
export const sampleSourcePod =
  (claim: ClaimState, wishes: PodWishes) =>
  (privileges: PodPrivileges, isLimited = false) =>
    podSpec(sourcePodPlan(claim, privileges, { ...wishes, isLimited }, 'x8sync', ''), 'Always');
