import { expect, test } from '@jest/globals';
import { mayBeMadeFor } from '../../../../../plugins/x8sync/connect/strategies.ts';
import { rolesFor } from '../../../../../plugins/x8sync/preflight/roles.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const one = fakeKube(undefined, { context: 'one', server: 'https://one.invalid' });
const two = fakeKube(undefined, { context: 'two', server: 'https://two.invalid' });
const ref = (kube: typeof one, namespace: string) => ({ kube, namespace, claim: 'data' });
const sides = ['source', 'target'] as const;

test('each cluster gets a Role of its own, and its side', () => {
  const pair = { source: ref(one, 'shop'), target: ref(two, 'shop') };
  const all = rolesFor(pair, { sides, makes: mayBeMadeFor(['nodeport']), helpful: false });
  expect(all.map(({ context, roles }) => [context, roles.map(({ kind }) => kind)])).toEqual([
    ['one', ['Role']],
    ['two', ['Role']],
  ]);
  const text = JSON.stringify(all);
  expect(text).toContain('statefulsets');
  expect(text).not.toMatch(/pods\/(exec|portforward)|patch|nodes/);
});

test('claims of one namespace take one Role, and what helps in the cluster a ClusterRole', () => {
  const pair = { source: ref(one, 'shop'), target: ref(one, 'shop') };
  const [all] = rolesFor(pair, { sides, makes: mayBeMadeFor(['mount']), helpful: true });
  expect(all?.roles.map(({ kind, metadata }) => [kind, metadata.namespace])).toEqual([
    ['ClusterRole', undefined],
    ['Role', 'shop'],
  ]);
  expect(JSON.stringify(all)).not.toMatch(/secrets|services|statefulsets/);
});

test.each([
  [['relay'], /pods\/portforward/, /services|pods\/exec/],
  [['loadbalancer'], /pods\/exec/, /patch|pods\/portforward/],
  [['nodeport', 'loadbalancer'], /patch.*pods\/exec|pods\/exec.*patch/, /pods\/portforward/],
  [[], /pods\/portforward/, /nodes/],
] as const)('%j takes what it needs, and no more', (strategies, has, hasNot) => {
  const pair = { source: ref(one, 'a'), target: ref(two, 'b') };
  const text = JSON.stringify(
    rolesFor(pair, { sides, makes: mayBeMadeFor([...strategies]), helpful: false }),
  );
  expect(text).toMatch(has);
  expect(text).not.toMatch(hasNot);
});

test('that a claim which is made may grow is no must for its creation, and is among what helps', () => {
  const pair = { source: ref(one, 'a'), target: ref(two, 'b') };
  const makes = { ...mayBeMadeFor(['mount']), creation: true };
  const of = (side: (typeof sides)[number], helpful: boolean) =>
    JSON.stringify(rolesFor(pair, { sides: [side], makes, helpful }));
  const grows = /"persistentvolumeclaims"\],"verbs":\[[^\]]*"patch"/;
  expect(of('target', false)).not.toMatch(grows);
  expect(of('target', true)).toMatch(grows);
  expect(of('source', true)).not.toMatch(grows);
});

test.each([
  ['creation', { creation: true }, 'target', /"persistentvolumeclaims"\],"verbs":\[[^\]]*"create"/],
  ['growth', { growth: true }, 'target', /"persistentvolumeclaims"\],"verbs":\[[^\]]*"patch"/],
  ['a clone', { snapshot: 'clone' }, 'source', /"persistentvolumeclaims",[^\]]*\],"verbs":\["create"/],
  ['a snapshot', { snapshot: 'snapshot' }, 'source', /"volumesnapshots"/],
  ['a cutover of the source', { cutover: ['source'] }, 'source', /"deployments"/],
  ['a schedule', { schedule: 'asking' }, 'target', /"cronjobs"/],
  ['what asks before each of its copies', { schedule: 'asking' }, 'target', /"rolebindings"/],
  ['a cutover of the target', { cutover: ['target'] }, 'target', /"deployments"/],
] as const)('%s takes more on its side only', (_, further, side, more) => {
  const pair = { source: ref(one, 'a'), target: ref(two, 'b') };
  const makes = { ...mayBeMadeFor(['nodeport']), ...further };
  const textOf = (which: (typeof sides)[number]) =>
    JSON.stringify(rolesFor(pair, { sides: [which], makes, helpful: false }));
  expect(textOf(side)).toMatch(more);
  expect(textOf(side === 'source' ? 'target' : 'source')).not.toMatch(more);
});
