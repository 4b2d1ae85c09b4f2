/** How much of a file's identity a namespace's Pod Security lets a pod keep. */
import { RefusedError } from '../../src/errors.ts';
import { ApiError, isForbidden } from '../../src/kube/api-error.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { PodSpec } from '../../src/kube/objects.ts';
import { pods } from '../../src/kube/resources.ts';
import type { Fidelity } from './manifests/pods.ts';

/**
 * Asks the API server, by dry run, which of our pods the namespace admits, the first of these.
 *
 * @throws RefusedError where it admits none.
 */
export async function admittedFidelity(
  kube: KubeClient,
  namespace: string,
  choice: readonly Fidelity[],
  spec: (fidelity: Fidelity) => PodSpec,
  signal: AbortSignal,
): Promise<Fidelity> {
  const refusals: string[] = [];
  for (const fidelity of choice) {
    const refusal = await tryPod(kube, namespace, spec(fidelity), signal);
    if (refusal === undefined) return fidelity;
    refusals.push(refusal);
  }
  throw new RefusedError(
    `namespace ${namespace} in ${kube.cluster.context} admits no pod that could do this`,
    {
      details: refusals,
      hint: choice.includes('user')
        ? "the namespace's labels pod-security.kubernetes.io/… show its level; 'restricted' is enough for a copy without owners"
        : "trusted.* attributes take CAP_SYS_ADMIN, so the namespace must admit the Pod Security level 'privileged'; without --trusted-xattrs 'baseline' is enough",
    },
  );
}

async function tryPod(
  kube: KubeClient,
  namespace: string,
  spec: PodSpec,
  signal: AbortSignal,
): Promise<string | undefined> {
  const metadata = { name: 'x8sync-admission-check', namespace };
  try {
    await kube.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec }, { dryRun: true, signal });
    return undefined;
  } catch (error) {
    // Who may not create pods may well create Jobs; then the controllers will tell.
    if (isForbidden(error) && /cannot create resource/.test((error as ApiError).message)) return undefined;
    if (error instanceof ApiError && [400, 403].includes(error.code)) return error.message;
    throw error;
  }
}
