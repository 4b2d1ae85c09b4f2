/** Brings up the source's side: sshd in a StatefulSet, a Service that leads to it, a policy that lets in. */
import { allEnded } from '../../src/async/lazy.ts';
import type { Service } from '../../src/kube/objects.ts';
import { networkPolicies, services, statefulSets } from '../../src/kube/resources.ts';
import type { ClaimState } from './claim.ts';
import { type EnsureOptions, ensure } from './ensure.ts';
import type { Fingerprints } from './keys.ts';
import { type Fidelity, type PodPlan, podSpec } from './manifests/pods.ts';
import { sourceNetworkPolicy, sourceService, sourceStatefulSet, sshPort } from './manifests/source.ts';
import { optional } from './optional.ts';
import type { OwnedSide } from './sides.ts';
import type { Way } from './ways.ts';

export interface ServePlan {
  readonly side: OwnedSide;
  readonly claim: ClaimState;
  readonly fidelity: Fidelity;
  readonly image: string;
  readonly keys: Fingerprints;
  readonly way: Way;
}

/** Seconds without any client after which sshd stops listening, so that a killed plugin leaves no open door. */
const idleSeconds = 600;

/** The source's pod. The keys' fingerprint is part of it: with new keys comes a new pod. */
export function sourcePodPlan(
  claim: ClaimState,
  fidelity: Fidelity,
  image: string,
  secret: string,
  keyId: string,
): PodPlan {
  return {
    side: 'source',
    command: '/usr/local/bin/x8s-serve',
    image,
    fidelity,
    claim: claim.ref.claim,
    node: claim.node,
    readOnly: true,
    secret,
    env: { X8S_NONCE: keyId, X8S_PORT: String(sshPort), X8S_IDLE_SECONDS: String(idleSeconds) },
  };
}

/** Makes or takes up the source's objects; resolves with the Service, before its pod is up. */
export async function serveSource(plan: ServePlan, options: EnsureOptions): Promise<Service> {
  const { side, claim, fidelity, image, keys, way } = plan;
  const { kube } = side;
  const pod = sourcePodPlan(claim, fidelity, image, side.name, keys.host);
  const [service] = await allEnded([
    ensure(kube, services, sourceService(side, way.serviceType), options),
    ensure(kube, statefulSets, sourceStatefulSet(side, pod), options),
    optional(ensure(kube, networkPolicies, sourceNetworkPolicy(side), options)),
  ]);
  return service;
}

/** What the admission check tries: the same pod, of no task yet. */
export const sampleSourcePod = (claim: ClaimState, image: string) => (fidelity: Fidelity) =>
  podSpec(sourcePodPlan(claim, fidelity, image, 'x8sync', ''), 'Always');
