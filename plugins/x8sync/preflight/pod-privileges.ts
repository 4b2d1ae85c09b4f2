/** How much of a file's identity the pods of a namespace may keep: asked of its API server. */
import { RefusedError, type X8sError } from '../../../src/errors.ts';
import type { ApiError } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { PodSpec } from '../../../src/kube/api/objects.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { explainRefusal, refusalIn } from '../../../src/kube/cluster/refusal.ts';
import { type Identity, imageUser } from '../objects/manifests/identity.ts';
import type { PodPrivileges } from '../objects/manifests/pod-security.ts';
import type { Role } from '../objects/sides.ts';

/** What decides who the pods of a copy run as. */
export interface UserWish {
  readonly runAs?: Identity | undefined;
  readonly trustedXattrs: boolean;
}

/** What the pod of a side may be, the best first. */
export function privilegeChoice(role: Role, { runAs, trustedXattrs }: UserWish): readonly PodPrivileges[] {
  // What the source's pod can't see nobody would miss, so there is no lesser choice than the one asked for.
  const asked: readonly PodPrivileges[] = role === 'source' ? ['admin'] : ['admin', 'root', 'user'];
  const kinds: readonly PodPrivileges[] = trustedXattrs ? asked : ['root', 'user'];
  return runAs ? kinds.filter((kind) => (kind === 'user') === (runAs.uid !== 0)) : kinds;
}

/** Who pods run as that are no root. */
export const podIdentity = ({ runAs }: Pick<UserWish, 'runAs'>): Identity =>
  runAs && runAs.uid !== 0 ? runAs : imageUser;

type PodOf = (privileges: PodPrivileges) => PodSpec;

/**
 * Asks the API server, by dry run, which of our pods the namespace admits, the first of these. Whatever it has against
 * one (Pod Security, a policy, a constraint of OpenShift's), the next may do.
 *
 * @throws RefusedError where it admits none, with the server's own words for each.
 */
export async function admittedPrivileges(
  kube: KubeClient,
  namespace: string,
  choice: readonly PodPrivileges[],
  spec: PodOf,
  signal: AbortSignal,
): Promise<PodPrivileges> {
  const refusals: ApiError[] = [];
  for (const privileges of choice) {
    const refusal = await tryPod(kube, namespace, spec(privileges), signal);
    if (refusal === undefined) return privileges;
    refusals.push(refusal);
  }
  throw await noneAdmitted(kube, namespace, refusals, { choice, spec }, signal);
}

/** A pod that a namespace admits. */
export interface Admission {
  readonly privileges: PodPrivileges;
  /** Only with limits of CPU and memory, which a quota may ask for. */
  readonly isLimited: boolean;
}

/** As {@link admittedPrivileges}; where none is admitted as it is, the same are tried with limits of CPU and memory. */
export async function admittedPod(
  kube: KubeClient,
  namespace: string,
  choice: readonly PodPrivileges[],
  spec: (privileges: PodPrivileges, isLimited: boolean) => PodSpec,
  signal: AbortSignal,
): Promise<Admission> {
  const admitted = async (isLimited: boolean): Promise<Admission> => {
    const pod = (privileges: PodPrivileges) => spec(privileges, isLimited);
    return { privileges: await admittedPrivileges(kube, namespace, choice, pod, signal), isLimited };
  };
  try {
    return await admitted(false);
  } catch (first) {
    if (!(first instanceof RefusedError)) throw first;
    return admitted(true).catch((second: unknown) => {
      throw second instanceof RefusedError ? first : second;
    });
  }
}

/**
 * Why none is admitted. A pod without any privilege tells it apart: where that one is admitted, it was the privileges;
 * else it is something that holds for every pod (a quota, a limit range, a policy).
 */
async function noneAdmitted(
  kube: KubeClient,
  namespace: string,
  refusals: readonly ApiError[],
  { choice, spec }: { choice: readonly PodPrivileges[]; spec: PodOf },
  signal: AbortSignal,
): Promise<X8sError> {
  const need = { verb: 'create', resource: pods, namespace };
  const last = refusals.at(-1);
  const why = last && (await explainRefusal(kube, need, last, { signal }));
  if (why && !(why instanceof RefusedError)) return why;
  const privileges =
    !choice.includes('user') && (await tryPod(kube, namespace, spec('user'), signal)) === undefined;
  const hint = privileges
    ? privilegesHint(choice)
    : `${why?.hint}; --cpu and --memory set what the pods ask for, --pod-patch all else`;
  const details = [...new Set(refusals.flatMap(({ message, details }) => [message, ...details]))];
  return new RefusedError(
    `namespace ${namespace} in ${kube.cluster.context} admits no pod that could do this`,
    { details, hint, cause: last },
  );
}

/** What helps where only the pod's privileges are refused: by --trusted-xattrs, or by --run-as 0. */
function privilegesHint(choice: readonly PodPrivileges[]): string {
  return choice.includes('admin')
    ? "trusted.* attributes take CAP_SYS_ADMIN, so the namespace must admit the Pod Security level 'privileged'; without --trusted-xattrs 'baseline' is enough"
    : "root takes a namespace that admits the Pod Security level 'baseline'; without --run-as 0 an ordinary user copies, and keeps less";
}

/** The server's refusal, or undefined where it admits the pod. */
async function tryPod(
  kube: KubeClient,
  namespace: string,
  spec: PodSpec,
  signal: AbortSignal,
): Promise<ApiError | undefined> {
  const metadata = { name: 'x8sync-admission-check', namespace };
  try {
    await kube.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec }, { dryRun: true, signal });
    return undefined;
  } catch (error) {
    const refusal = refusalIn(error);
    if (refusal) return refusal;
    throw error;
  }
}
