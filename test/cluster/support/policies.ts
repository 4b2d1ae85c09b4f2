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

/** A pod as a person would make one, for what is to be admitted or declined. */
export const samplePod = (spec: object = {}, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'probe', ...metadata },
  spec: { containers: [{ name: 'probe', image: 'probe' }], ...spec },
});

/** Resolves once the API server declines this object in these words: of what stands against it, it hears a moment later. */
async function isDeclined(context: string, namespace: string, object: object, words: string): Promise<void> {
  await eventually(async () => {
    const args = ['-n', namespace, 'create', '--dry-run=server', '-f', '-'];
    const refusal = await kubectl(context, args, JSON.stringify(object)).then(
      () => '',
      (error: Error) => error.message,
    );
    if (!refusal.includes(words)) throw new Error(`not in force yet: ${words}: ${refusal}`);
  });
}

/** By what of a quota that leaves none it is known to be in force. */
const counted: Readonly<Record<string, object>> = {
  pods: samplePod(),
  services: sampleService('ClusterIP'),
  'services.nodeports': sampleService('NodePort'),
  'count/secrets': { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'probe' } },
  'count/configmaps': { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'probe' } },
};

function sampleService(type: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'probe' },
    spec: { type, selector: { app: 'probe' }, ports: [{ port: 80 }] },
  };
}

/** A quota: what is there has been counted, and what it leaves none of is declined. */
export async function quota(
  context: string,
  namespace: string,
  hard: Readonly<Record<string, string>>,
): Promise<void> {
  const metadata = { name: 'tight' };
  await apply(context, namespace, { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard } });
  await eventually(async () => {
    const path = 'jsonpath={.status.hard}';
    const seen = await kubectl(context, ['-n', namespace, 'get', 'resourcequota/tight', '-o', path]);
    if (seen === '') throw new Error('the quota has no status yet');
  });
  for (const [what, limit] of Object.entries(hard)) {
    const object = limit === '0' ? counted[what] : undefined;
    if (object) await isDeclined(context, namespace, object, `exceeded quota: ${metadata.name}`);
  }
}

/** A LimitRange by which no container may ask for less memory than this, in force. */
export async function leastMemory(
  context: string,
  namespace: string,
  name: string,
  memory: string,
): Promise<void> {
  await apply(context, namespace, {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name },
    spec: { limits: [{ type: 'Container', min: { memory } }] },
  });
  // Without a request of its own it would be given what is the least.
  const resources = { requests: { memory: '1Mi' }, limits: { cpu: '10m', memory: '1Mi' } };
  const small = samplePod({ containers: [{ name: 'probe', image: 'probe', resources }] });
  await isDeclined(context, namespace, small, `minimum memory usage per Container is ${memory}`);
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
  await isDeclined(context, namespace, denied, message);
  return remove;
}
