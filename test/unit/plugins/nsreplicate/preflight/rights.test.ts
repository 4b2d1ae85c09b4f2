import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { CopiedKind } from '../../../../../plugins/nsreplicate/clusters/kinds.ts';
import { parseSubject } from '../../../../../plugins/nsreplicate/commands/rbac.ts';
import {
  demotionRights,
  promotionRights,
} from '../../../../../plugins/nsreplicate/preflight/failover-rights.ts';
import { grantingKinds } from '../../../../../plugins/nsreplicate/preflight/granting-rights.ts';
import { manifestsOf } from '../../../../../plugins/nsreplicate/preflight/manifests.ts';
import { rightsOf as rightsBy } from '../../../../../plugins/nsreplicate/preflight/rights.ts';
import { type Carry, ruleFor, wholeObject } from '../../../../../plugins/nsreplicate/rules/rule.ts';
import { compileRule } from '../../../../../plugins/nsreplicate/rules/scope.ts';
import {
  configMaps,
  namespaces,
  type Resource,
  statefulSets,
} from '../../../../../src/kube/api/resources.ts';
import { describePermission, type Permission } from '../../../../../src/kube/cluster/access.ts';
import { specOf } from '../../../../support/task-spec.ts';

function kind(resource: Resource, carry: Carry = wholeObject, subresources: string[] = []): CopiedKind {
  const rule = { ...ruleFor(resource.group, resource.kind), carry };
  const discovered = { ...resource, singular: '', shortNames: [], verbs: [], subresources, preferred: true };
  const name = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
  return { name, resource: discovered, rules: [compileRule(rule)] };
}

const rightsOf = (
  task: Parameters<typeof rightsBy>[0],
  kinds: readonly CopiedKind[],
  isStateElsewhere = true,
) => rightsBy(task, kinds, { isStateElsewhere });
const named = (...include: string[]) => ({ include, exclude: [], selector: [], sensitive: false });
const pruning = { prune: true, claims: false, namespaces: false, definitions: false };
const spec = (change = {}) => specOf({ name: 'dr', namespaces: named('shop'), prune: pruning, ...change });
const words = (permissions: readonly Permission[]) => permissions.map(describePermission);
const about = (permissions: readonly Permission[], what: string) =>
  words(permissions).filter((one) => one.includes(` ${what} `) || one.includes(` ${what}/`));

describe('the rights of a task', () => {
  test('whose namespaces are named are rights in these alone, by their names on each side', () => {
    const map = new Map([['shop', 'shop-standby']]);
    const rights = rightsOf(spec({ map }), [kind(namespaces), kind(configMaps)]);
    expect(about(rights.primary, 'configmaps')).toEqual([
      'get configmaps in namespace "shop"',
      'list configmaps in namespace "shop"',
      'watch configmaps in namespace "shop"',
      'get configmaps "nsreplicate-dr-epoch" in namespace "x8s-nsreplicate"',
    ]);
    expect(about(rights.replica, 'configmaps').slice(0, 6)).toEqual(
      ['get', 'list', 'watch', 'patch', 'create', 'delete'].map(
        (verb) => `${verb} configmaps in namespace "shop-standby"`,
      ),
    );
    expect(words(rights.replica).filter((one) => one.includes(' namespaces'))).toEqual([
      'get namespaces "kube-system"',
    ]);
    expect(rights.replicaNamespaces).toEqual(['shop-standby']);
  });

  test('do not ask twice for what the right to read the state covers', () => {
    const { primary, replica } = rightsOf(spec(), [], false);
    expect(words(primary).join()).not.toContain('epoch');
    expect(words(replica).join()).toContain('epoch');
  });

  test('by globs are rights in the cluster, and on namespaces, which are made', () => {
    const rights = rightsOf(spec({ namespaces: named('shop*') }), [kind(namespaces), kind(configMaps)]);
    expect(words(rights.primary)).toEqual(
      expect.arrayContaining(['list namespaces', 'watch configmaps in all namespaces']),
    );
    expect(words(rights.replica)).toEqual(expect.arrayContaining(['create namespaces', 'patch namespaces']));
    expect(words(rights.replica)).not.toContain('delete namespaces');
    expect(rights.replicaNamespaces).toEqual([]);
  });

  test('to delete go with the flags that allow it', () => {
    const deletes = (change: object) =>
      words(rightsOf(spec(change), [kind(namespaces), kind(configMaps)]).replica).filter((one) =>
        /^delete|\*/.test(one),
      );
    expect(deletes({ prune: { ...pruning, prune: false } })).toEqual([]);
    expect(deletes({ prune: { ...pruning, namespaces: true }, namespaces: named('*') })).toEqual([
      'delete namespaces',
      'delete configmaps in all namespaces',
      'list *.* in all namespaces',
    ]);
    expect(deletes({ prune: { ...pruning, prune: false }, onImmutable: 'recreate' })).toEqual([
      'delete configmaps in namespace "shop"',
    ]);
  });

  test('are no more than what a rule carries needs', () => {
    const replica = (carry: Carry) =>
      about(rightsOf(spec(), [kind(statefulSets, carry, ['status'])]).replica, 'statefulsets.apps');
    const verbs = (carry: Carry) =>
      replica(carry).map((one) => one.replace(/ in namespace.*| statefulsets\.apps(?!\/)/g, ''));
    expect(verbs({ what: 'status' })).toEqual(['get', 'list', 'watch', 'patch statefulsets.apps/status']);
    const fields = { what: 'fields', fields: [['spec', 'replicas']], status: false } as const;
    expect(verbs(fields)).toEqual(['get', 'list', 'watch', 'patch']);
    expect(verbs(wholeObject)).toEqual(['get', 'list', 'watch', 'patch', 'create', 'delete']);
  });

  test('to claims are asked for where a deletion may take some along', () => {
    const claims = about(rightsOf(spec(), [kind(statefulSets)]).replica, 'persistentvolumeclaims');
    expect(claims).toEqual(['list persistentvolumeclaims in namespace "shop"']);
  });

  test('where the state is are for its own namespace, and for one Secret there', () => {
    const { state } = rightsOf(spec(), []);
    expect(state.every(({ namespace }) => namespace === 'x8s-nsreplicate')).toBe(true);
    expect(about(state, 'secrets')).toEqual([
      'get secrets "nsreplicate-dr-key" in namespace "x8s-nsreplicate"',
      'create secrets in namespace "x8s-nsreplicate"',
    ]);
  });
});

describe('manifests', () => {
  test('begin with the namespaces that roles are in, and end with bindings', () => {
    const rights = rightsOf(spec(), [kind(configMaps)]);
    const { replica, state } = manifestsOf('dr', rights, {
      kind: 'ServiceAccount',
      namespace: 'ops',
      name: 'copier',
    });
    expect(
      replica.map(({ kind: what, metadata }) => `${what} ${metadata.namespace ?? ''}/${metadata.name}`),
    ).toEqual([
      'Namespace /x8s-nsreplicate',
      'Namespace /shop',
      'ClusterRole /nsreplicate-dr-replica',
      'Role shop/nsreplicate-dr-replica',
      'Role x8s-nsreplicate/nsreplicate-dr-replica',
      'ClusterRoleBinding /nsreplicate-dr-replica',
      'RoleBinding shop/nsreplicate-dr-replica',
      'RoleBinding x8s-nsreplicate/nsreplicate-dr-replica',
    ]);
    expect(state.at(-1)).toMatchObject({
      subjects: [{ kind: 'ServiceAccount', namespace: 'ops', name: 'copier' }],
    });
    expect(
      parse(JSON.stringify(manifestsOf('dr', rights).state)).map(({ kind: what }: { kind: string }) => what),
    ).toEqual(['Namespace', 'Role']);
  });

  test.each([
    ['user:alice', { kind: 'User', name: 'alice' }],
    ['group:system:masters', { kind: 'Group', name: 'system:masters' }],
    ['serviceaccount:ops:copier', { kind: 'ServiceAccount', namespace: 'ops', name: 'copier' }],
  ])('are bound to %s', (text, subject) => {
    expect(parseSubject(text)).toEqual(subject);
  });

  test.each(['alice', 'user:', 'serviceaccount:ops', 'serviceaccount:a:b:c', 'robot:x'])(
    'not to %s',
    (text) => {
      expect(() => parseSubject(text)).toThrow('names nobody');
    },
  );
});

const rbacKind = (name: string, plural: string, namespaced: boolean) =>
  kind({ group: 'rbac.authorization.k8s.io', version: 'v1', plural, kind: name, namespaced });
const granting = [
  rbacKind('Role', 'roles', true),
  rbacKind('RoleBinding', 'rolebindings', true),
  rbacKind('ClusterRole', 'clusterroles', false),
  kind(configMaps),
];

test('to copy Roles and bindings whatever they grant are escalate and bind, only where that is asked for', () => {
  const of = (escalates: boolean) =>
    words(rightsBy(spec(), granting, { isStateElsewhere: false, escalates }).replica).filter((one) =>
      /^(escalate|bind)/.test(one),
    );
  expect(of(false)).toEqual([]);
  expect(of(true)).toEqual([
    'escalate roles.rbac.authorization.k8s.io in namespace "shop"',
    'bind roles.rbac.authorization.k8s.io in namespace "shop"',
    'bind clusterroles.rbac.authorization.k8s.io in namespace "shop"',
    'escalate clusterroles.rbac.authorization.k8s.io in all namespaces',
  ]);
  expect(grantingKinds(granting)).toHaveLength(3);
  expect(grantingKinds([kind(configMaps)])).toEqual([]);
});

test('of a promotion are to raise the epoch everywhere, and to wake workloads; of a demotion those of a watch too', () => {
  const watch = rightsOf(spec(), [kind(configMaps)]);
  const up = promotionRights(watch);
  expect(words(up.primary)).toEqual([
    'get namespaces "kube-system"',
    ...['get', 'create', 'update'].map((verb) => `${verb} configmaps in namespace "x8s-nsreplicate"`),
  ]);
  expect(about(up.replica, 'deployments.apps')).toEqual(
    ['get', 'list', 'patch'].map((verb) => `${verb} deployments.apps in all namespaces`),
  );
  expect(words(up.replica).join()).not.toMatch(/delete|secrets/);
  const down = words(demotionRights(watch).replica);
  expect(down).toEqual(expect.arrayContaining([...words(watch.replica), ...words(up.primary)]));
});
