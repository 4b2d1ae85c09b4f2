/** Looks at all clusters of a task before its first copy: what they lack, refuse or do not allow. Writes nothing. */
import { messageOf, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { describePermission, missingPermissions } from '../../../src/kube/cluster/access.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { type CopiedKind, chooseKinds } from '../clusters/kinds.ts';
import type { TaskSpec } from '../decide/spec.ts';
import type { Survey } from '../preview/survey.ts';
import { checkReplica } from './check-replica.ts';
import { checkAnswers, checkRights } from './check-rights.ts';
import { checkSkew } from './check-skew.ts';
import type { Finding } from './finding.ts';
import { grantingRights } from './granting-rights.ts';
import { isElsewhere, namespacesThere, rightsOf } from './rights.ts';

export interface DoctorOptions {
  readonly spec: TaskSpec;
  readonly primary: Cluster;
  readonly replicas: readonly Cluster[];
  /** The cluster that keeps the task's state. */
  readonly state: KubeClient;
  /** Lists both sides as the task would. */
  readonly look: () => Promise<Survey>;
  readonly signal: AbortSignal;
}

export async function examine(options: DoctorOptions): Promise<Finding[]> {
  const { primary, replicas, signal } = options;
  const ask = async ({ name, kube }: Cluster) => ({
    cluster: name,
    ...(await checkAnswers(name, kube, { signal })),
  });
  const [first, others] = await Promise.all([ask(primary), Promise.all(replicas.map(ask))]);
  const answers = [first, ...others].map(({ finding }) => finding);
  return [
    ...answers,
    ...checkSkew(first, others),
    ...(await examineRights(options)),
    ...(await examineReplicas(options)),
  ];
}

/** What the task needs, verb by verb, on each cluster. */
export async function examineRights({
  spec,
  primary,
  replicas,
  state,
  signal,
}: Omit<DoctorOptions, 'look'>): Promise<Finding[]> {
  const { kinds } = await chooseKinds(primary, spec.rules, { signal });
  const rights = rightsOf(spec, kinds, { isStateElsewhere: isElsewhere(state, primary) });
  const checks = [
    { cluster: primary.name, as: 'primary', kube: primary.kube, needs: rights.primary },
    ...replicas.map(({ name, kube }) => ({ cluster: name, as: 'replica', kube, needs: rights.replica })),
    { cluster: state.cluster.context, as: 'state', kube: state, needs: rights.state },
  ];
  const granting = replicas.map(({ name, kube }) => checkGranting({ name, kube }, { spec, kinds, signal }));
  return (await Promise.all([...checks.map((check) => checkRights(check, { signal })), ...granting])).flat();
}

/** Roles and bindings are only copied as far as what they grant is held, or may be granted all the same. */
async function checkGranting(
  { name, kube }: Pick<Cluster, 'name' | 'kube'>,
  { spec, kinds, signal }: Pick<DoctorOptions, 'spec' | 'signal'> & { readonly kinds: readonly CopiedKind[] },
): Promise<Finding[]> {
  const needs = grantingRights(kinds, namespacesThere(spec));
  const missing = await missingPermissions(kube, needs, { signal }).catch((error: unknown) => {
    if (!(error instanceof X8sError)) throw error;
    return needs;
  });
  return missing.map((need) => ({
    cluster: name,
    check: 'rights (replica)',
    verdict: 'note',
    message: `${kube.cluster.user} may not ${describePermission(need)}: of ${need.resource.kind}s only what it may do itself can be granted there`,
  }));
}

async function examineReplicas({ spec, primary, look, signal }: DoctorOptions): Promise<Finding[]> {
  const surveyed = await look().catch((error: unknown) => {
    signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    return messageOf(error);
  });
  if (typeof surveyed === 'string')
    return [{ cluster: primary.name, check: 'look', verdict: 'denied', message: surveyed }];
  const needed = surveyed.primaryCache.findings.takeNeeds();
  const unread: Finding[] = surveyed.unread.map(({ kind, why }) => ({
    ...{ cluster: primary.name, check: 'look', verdict: 'denied' as const },
    message: `${kind} can't be read: ${why}`,
  }));
  const notes: Finding[] = surveyed.notes.map((message) => ({
    ...{ cluster: primary.name, check: 'rules', verdict: 'note' as const },
    message,
  }));
  const checks = surveyed.replicas.map((replica) =>
    checkReplica({ surveyed, replica, spec, needed, signal }),
  );
  return [...unread, ...notes, ...(await Promise.all(checks)).flat()];
}
