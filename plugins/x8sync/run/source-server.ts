/** Brings up the source's side: sshd in a StatefulSet, a Service that leads to it, a policy that lets in. */
import { allEnded } from '../../../src/async/lazy.ts';
import type { StatefulSet } from '../../../src/kube/objects.ts';
import { networkPolicies, statefulSets } from '../../../src/kube/resources.ts';
import { type ClaimState, isDevice } from '../claims/claim.ts';
import { type Endpoint, openEndpoint, type Strategies } from '../connect/endpoint.ts';
import { serveEnv } from '../mover/options.ts';
import { type EnsureOptions, ensure, optionally } from '../objects/ensure.ts';
import type { Fingerprints } from '../objects/keys.ts';
import {
  moverCommand,
  type PodPlan,
  type PodPrivileges,
  type PodWishes,
  podSpec,
} from '../objects/manifests/pods.ts';
import { sourceNetworkPolicy, sourceStatefulSet, sshPort } from '../objects/manifests/source.ts';
import type { TaskSide } from '../objects/sides.ts';

export interface SourceServerPlan {
  readonly side: TaskSide;
  readonly claim: ClaimState;
  readonly privileges: PodPrivileges;
  readonly pod: PodWishes;
  readonly keys: Fingerprints;
  /** In the order of trying. */
  readonly strategies: Strategies;
}

/** The source's side, made; its pod may still be on its way. */
export interface SourceServer {
  readonly endpoint: Endpoint;
  readonly workload: StatefulSet;
  /** What could not be made and is done without. */
  readonly notes: readonly string[];
}

/** Seconds without any client after which sshd stops listening, so that a killed plugin leaves no open door. */
const idleSeconds = 600;

/** The source's pod. The keys' fingerprint is part of it: with new keys comes a new pod. */
export function sourcePodPlan(
  claim: ClaimState,
  privileges: PodPrivileges,
  wishes: PodWishes,
  secret: string,
  keyId: string,
): PodPlan {
  return {
    ...wishes,
    side: 'source',
    command: moverCommand('serve'),
    privileges,
    claim: claim.ref.claim,
    isDevice: isDevice(claim),
    node: claim.node,
    readOnly: true,
    secret,
    env: serveEnv({ nonce: keyId, port: sshPort, idleSeconds, isDevice: isDevice(claim) }),
  };
}

/** Makes or takes up the source's objects; resolves before its pod is up. */
export async function startSourceServer(
  plan: SourceServerPlan,
  options: EnsureOptions,
): Promise<SourceServer> {
  const { side, claim, privileges, keys, strategies } = plan;
  const { kube } = side;
  const pod = sourcePodPlan(claim, privileges, plan.pod, side.name, keys.host);
  // Where its pod is to run is no reason to make it anew: the pod of an earlier run is what holds the claim there.
  const same = sourceStatefulSet(side, { ...pod, node: undefined });
  const [endpoint, workload, notes] = await allEnded([
    openEndpoint(side, strategies, options),
    ensure(kube, statefulSets, sourceStatefulSet(side, pod), options, same),
    optionally(ensure(kube, networkPolicies, sourceNetworkPolicy(side), options)),
  ]);
  return { endpoint, workload, notes };
}

/** What the admission check tries: the same pod, of no task yet. */
export const sampleSourcePod =
  (claim: ClaimState, wishes: PodWishes) =>
  (privileges: PodPrivileges, isLimited = false) =>
    podSpec(sourcePodPlan(claim, privileges, { ...wishes, isLimited }, 'x8sync', ''), 'Always');
