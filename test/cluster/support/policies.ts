/** What stands against pods and Services in a namespace: quotas, limit ranges and admission policies. */

import { eventually } from '../../support/eventually.ts';
import { apply } from './clients.ts';
import { kubectl } from './kubectl.ts';

/** Denies all traffic of the namespace's pods, as many companies do by default. */
export function denyAll(context: string, namespace: string): Promise<void> {
  return apply(context, namespace, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'deny-all' },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  });
}

/** A quota, and the namespace's limit controllers have counted what is there. */
export async function quota(
  context: string,
  namespace: string,
  hard: Readonly<Record<string, string>>,
): Promise<void> {
  const metadata = { name: 'tight' };
  await apply(context, namespace, { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard } });
  await eventually(async () => {
    const path = 'jsonpath={.status.hard}';
    const counted = await kubectl(context, ['-n', namespace, 'get', 'resourcequota/tight', '-o', path]);
    if (counted === '') throw new Error('the quota has no status yet');
  });
}

export interface Denial {
  /** Plural names of the core group. */
  readonly resources: readonly string[];
  /** CEL: what is admitted. */
  readonly expression: string;
  readonly message: string;
  /** Something that it denies: by it is known that it is in force. */
  readonly denied: object;
}

/** A ValidatingAdmissionPolicy for one namespace, in force. Resolves with how to take it away. */
export async function policy(
  context: string,
  namespace: string,
  { resources, expression, message, denied }: Denial,
): Promise<() => Promise<unknown>> {
  const name = `${namespace}-${resources.join('-')}`;
  const group = 'admissionregistration.k8s.io/v1';
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources };
  await apply(
    context,
    namespace,
    {
      apiVersion: group,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression, message }] },
    },
    {
      apiVersion: group,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: {
        policyName: name,
        validationActions: ['Deny'],
        matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } },
      },
    },
  );
  const remove = () =>
    kubectl(context, [
      'delete',
      '--ignore-not-found',
      `validatingadmissionpolicy/${name}`,
      `validatingadmissionpolicybinding/${name}`,
    ]);
  await eventually(async () => {
    const tried = kubectl(
      context,
      ['-n', namespace, 'create', '--dry-run=server', '-f', '-'],
      JSON.stringify(denied),
    );
    const refusal = await tried.then(
      () => '',
      (error: Error) => error.message,
    );
    if (!refusal.includes(message)) throw new Error(`${name} is not in force yet: ${refusal}`);
  });
  return remove;
}
