/** Namespaces under other names: what names them follows, as real API servers define it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { referencesOf } from '../../plugins/nsreplicate/objects/references.ts';
import { isEphemeralKind } from '../../plugins/nsreplicate/objects/skip.ts';
import { plugin } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await Pair.open('mapping');
});
afterAll(() => pair.close());

interface Schema {
  $ref?: string;
  type?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
}

/** Paths of an object's fields that are called after namespaces and are texts, or lists of them. */
function namespaceFields(all: Record<string, Schema>, top: Schema): string[] {
  const found: string[] = [];
  const visit = (schema: Schema, path: string, above: readonly string[]): void => {
    const name = schema.$ref?.split('/').at(-1) ?? '';
    if (above.includes(name)) return;
    const type = schema.$ref ? all[name] : schema;
    if (type?.items) visit(type.items, `${path}[]`, above);
    for (const [key, field] of Object.entries(type?.properties ?? {}))
      visit(field, path === '' ? key : `${path}.${key}`, name === '' ? above : [...above, name]);
    if (/namespaces?(\[\])?$/i.test(path) && type?.type === 'string') found.push(path);
  };
  visit(top, '', []);
  return found.filter((path) => !/^(metadata|status)\./.test(path));
}

/** Kinds of requests, not of objects; those of clusters' own state, which are not copied. */
const aside = /^(Binding|TokenReview|.*AccessReview|.*RulesReview|Status|DeleteOptions|.*List)$/;
const state = ['IPAddress.networking.k8s.io'];
/** What the server names its own kinds by; those of CustomResourceDefinitions are named by their groups. */
const ofServer = /^io\.k8s\.(api|apiextensions-apiserver|kube-aggregator)\./;
/** StorageOS has namespaces of its own. */
const isOther = (path: string) => path.endsWith('storageos.volumeNamespace');

describe('what names a namespace', () => {
  test('is known of every kind that the server itself has', async () => {
    const { definitions } = await pair.from.request<{ definitions: Record<string, Schema> }>({
      method: 'GET',
      path: '/openapi/v2',
      // It is made anew whenever somebody beside makes a definition.
      timeoutMs: 120_000,
    });
    const unknown: string[] = [];
    let known = 0;
    for (const [definition, schema] of Object.entries(definitions)) {
      if (!ofServer.test(definition)) continue;
      const [{ group, kind } = { group: '', kind: '' }] = schema['x-kubernetes-group-version-kind'] ?? [];
      const name = group === '' ? kind : `${kind}.${group}`;
      // Those without a kind are parts of others.
      if (
        kind === '' ||
        !schema.properties?.metadata ||
        aside.test(kind) ||
        isEphemeralKind(name) ||
        state.includes(name)
      )
        continue;
      const paths = (referencesOf(name)?.names ?? []).map((keys) => keys.join('.').replaceAll('.[]', '[]'));
      for (const path of namespaceFields(definitions, schema))
        if (paths.includes(path)) known++;
        else if (!isOther(path)) unknown.push(`${name} ${path}`);
    }
    expect(unknown).toEqual([]);
    expect(known).toBeGreaterThan(50);
  });

  test('follows, and what can not be known is said', async () => {
    const { namespace } = pair;
    const there = pair.alsoNamespace('there');
    const rbac = 'rbac.authorization.k8s.io';
    await pair.put(
      pair.from,
      {
        apiVersion: `${rbac}/v1`,
        kind: 'RoleBinding',
        metadata: { name: 'group' },
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'view' },
        subjects: [{ apiGroup: rbac, kind: 'Group', name: `system:serviceaccounts:${namespace}` }],
      },
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'same' },
        spec: {
          podSelector: {},
          ingress: [
            {
              from: [
                {
                  namespaceSelector: {
                    matchExpressions: [
                      { key: 'kubernetes.io/metadata.name', operator: 'In', values: [namespace] },
                    ],
                  },
                },
              ],
            },
          ],
        },
      },
      configMap('settings', { file: `namespace: ${namespace}` }),
    );
    const kinds = ['--kinds', `rolebindings.${rbac},networkpolicies.networking.k8s.io,configmaps`];
    const map = ['--map', `${namespace}=${there}`];
    const { stderr } = await pair.copy(...kinds, ...map);
    expect(stderr).toContain(
      `ConfigMap ${namespace}/settings: names namespace ${namespace} in a text, which stays as it is`,
    );
    expect(await pair.find(pair.to, `rolebindings.${rbac}`, 'group', there)).toMatchObject({
      subjects: [{ name: `system:serviceaccounts:${there}` }],
    });
    const policy = await pair.find(pair.to, 'networkpolicies.networking.k8s.io', 'same', there);
    expect(JSON.stringify(policy?.spec)).toContain(`"values":["${there}"]`);
    const planned = await plugin('nsreplicate', ['plan', ...pair.flags, ...kinds, ...map]);
    expect(planned).toMatchObject({ code: 0 });
  });
});
