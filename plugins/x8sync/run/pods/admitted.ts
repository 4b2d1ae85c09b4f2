/** Which of our pods a namespace admits, beside those that an earlier run has there. */
import { refusalIn } from '../../../../src/kube/cluster/refusal.ts';
import type { ClaimState } from '../../claims/claim.ts';
import type { PodPrivileges } from '../../objects/manifests/pod-security.ts';
import { type Admission, admittedPod } from '../../preflight/pod-privileges.ts';

/** As `admittedPod`, in the namespace of a claim. @throws RefusedError where none is admitted. */
export async function admittedBeside(
  { ref: { kube, namespace }, mounts }: ClaimState,
  choice: readonly PodPrivileges[],
  pod: Parameters<typeof admittedPod>[3],
  signal: AbortSignal,
): Promise<Admission> {
  try {
    return await admittedPod(kube, namespace, choice, pod, signal);
  } catch (error) {
    // A quota may have no room for a second pod: the one of the run that this one takes up fills it.
    const present = mounts.find(({ privileges }) => privileges && choice.includes(privileges))?.privileges;
    if (refusalIn(error) && present) return { privileges: present, isLimited: false };
    throw error;
  }
}
