/** What an installation is made of, and what it grants. */
import { describe, expect, test } from '@jest/globals';
import {
  controllerName,
  installationAnnotation,
  installationObjects,
} from '../../../../../../plugins/nsreplicate/controller/installation/installation.ts';
import type { KubeObject } from '../../../../../../src/kube/api/objects.ts';

const chosen = {
  image: 'i:1',
  namespaces: ['a', 'b'],
  trusted: ['t'],
  innerCidrs: ['10.0.0.0/8'],
  mostObjects: 5000,
};
const objects = installationObjects(chosen);
const find = (kind: string, namespace?: string): KubeObject | undefined =>
  objects.find(
    (one) => one.kind === kind && (namespace === undefined || one.metadata.namespace === namespace),
  );
interface Rule {
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}
const rulesOf = (object: KubeObject | undefined) => (object as unknown as { rules: Rule[] }).rules;

test('everything that is asked for is there, in an order in which it can be made', () => {
  expect([...new Set(objects.map(({ kind }) => kind))]).toEqual([
    'Namespace',
    'CustomResourceDefinition',
    'ServiceAccount',
    'ClusterRole',
    'ClusterRoleBinding',
    'Role',
    'RoleBinding',
    'NetworkPolicy',
    'PodDisruptionBudget',
    'Service',
    'Deployment',
  ]);
});

describe('rights', () => {
  test('in the whole cluster are over no objects of anybody', () => {
    const rules = rulesOf(find('ClusterRole'));
    const everywhere = rules
      .filter(({ resourceNames }) => !resourceNames)
      .flatMap(({ resources }) => resources);
    expect(everywhere).toEqual(['krmsyncers', 'krmsyncers/status', 'events', 'nodes', 'servicecidrs']);
    expect(rules.flatMap(({ verbs }) => verbs)).not.toContain('*');
    expect(rules.flatMap(({ verbs }) => verbs)).not.toContain('impersonate');
  });

  test('to read kubeconfigs and to ask for tokens are a Role for each namespace that is named', () => {
    expect(objects.filter(({ kind }) => kind === 'Role').map(({ metadata }) => metadata.namespace)).toEqual([
      'x8s-nsreplicate',
      'a',
      'b',
    ]);
    expect(rulesOf(find('Role', 'a'))).toEqual([
      { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] },
    ]);
    expect(
      installationObjects({ ...chosen, namespaces: [] }).filter(({ kind }) => kind === 'Role'),
    ).toHaveLength(1);
  });
});

test('the Deployment runs what was chosen, and remembers it', () => {
  const deployment = find('Deployment');
  expect(JSON.parse(deployment?.metadata.annotations?.[installationAnnotation] ?? '')).toEqual(chosen);
  expect(deployment).toMatchObject({
    metadata: { name: controllerName },
    spec: {
      replicas: 2,
      template: {
        spec: {
          containers: [
            {
              image: 'i:1',
              args: [
                'controller',
                '--health=:8081',
                '--pod=$(POD_NAME)',
                '--token-namespaces=a,b',
                '--trusted-namespaces=t',
                '--inner-cidrs=10.0.0.0/8',
                '--most-objects=5000',
              ],
            },
          ],
        },
      },
    },
  });
});

test('with the page, every pod serves it encrypted, the Service leads to the one that leads, and the network lets people in', () => {
  const made = installationObjects({ ...chosen, page: true });
  const spec = (kind: string) => made.find((one) => one.kind === kind) as unknown as { spec: object };
  expect(spec('Service')).toMatchObject({
    spec: {
      selector: { 'app.kubernetes.io/name': controllerName, 'x8s.dev/leads': 'true' },
      ports: [{ port: 8081 }, { name: 'page', port: 8080, targetPort: 'page' }],
    },
  });
  // A drain and an upgrade count all pods.
  for (const kind of ['PodDisruptionBudget', 'Deployment'])
    expect(JSON.stringify(spec(kind))).not.toContain('x8s.dev/leads');
  expect(spec('NetworkPolicy')).toMatchObject({
    spec: { ingress: [{ ports: [{ port: 8081 }, { port: 8080 }] }], egress: [{}] },
  });
  const flags = ['controller', '--health=:8081', '--pod=$(POD_NAME)', '--listen=:8080', '--own-certificate'];
  const container = {
    args: expect.arrayContaining(flags),
    ports: [{ containerPort: 8081 }, { containerPort: 8080 }],
  };
  expect(spec('Deployment')).toMatchObject({ spec: { template: { spec: { containers: [container] } } } });
  // No key is among what is printed, applied by others, or kept in a repository.
  expect(made.map(({ kind }) => kind)).not.toContain('Secret');
});
