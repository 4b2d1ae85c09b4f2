import { expect, test } from '@jest/globals';
import { chooseKinds } from '../../../../../plugins/nsreplicate/clusters/kinds.ts';
import { type Rule, ruleFor } from '../../../../../plugins/nsreplicate/rules/rule.ts';
import { groups, replication, resource } from '../../../support/replication.ts';

/** What is said of a rule for everything, where the primary has so many kinds of its own. */
async function notesOf(...kinds: string[]): Promise<readonly string[]> {
  const { from, assignment, end } = replication();
  const served = kinds.map((kind) => resource(`${kind.toLowerCase()}s`, kind, 'Cluster'));
  from.answers.set('/apis', () => groups('example.com', ...served));
  try {
    return (await chooseKinds(assignment.primary, [ruleFor('*', '*')])).notes;
  } finally {
    await end();
  }
}

test('kinds that a glob can not mean are one line, however many they are', async () => {
  expect(await notesOf()).toEqual([]);
  expect(await notesOf('A')).toEqual([
    'as.example.com is cluster-scoped: a rule has to name it without "*" to copy it',
  ]);
  expect(await notesOf('A', 'B', 'C', 'D', 'E', 'F', 'G')).toEqual([
    '7 kinds are cluster-scoped: a rule has to name each without "*" to copy it: as.example.com, bs.example.com, cs.example.com, ds.example.com, es.example.com and 2 more',
  ]);
});

/** The kinds that rules mean on a primary that serves ConfigMaps and Widgets of two versions. */
async function chosen(...rules: Rule[]) {
  const { from, assignment, end } = replication();
  const widgets = { version: 'v2', resources: [resource('widgets', 'Widget')] };
  const older = { version: 'v1', resources: [resource('widgets', 'Widget')] };
  from.answers.set('/apis', () => ({
    kind: 'APIGroupDiscoveryList',
    items: [{ metadata: { name: 'example.com' }, versions: [widgets, older] }],
  }));
  try {
    const { kinds } = await chooseKinds(assignment.primary, rules);
    return kinds.map(({ name, resource: { version }, rules }) => [name, version, rules.length]);
  } finally {
    await end();
  }
}

test('namespaces come first, and are made where whole objects go into them', async () => {
  expect(await chosen(ruleFor('', 'ConfigMap'))).toEqual([
    ['Namespace', 'v1', 1],
    ['ConfigMap', 'v1', 1],
  ]);
  const status = { ...ruleFor('', 'ConfigMap'), carry: { what: 'status' } } as const;
  expect(await chosen(status)).toEqual([
    ['Namespace', 'v1', 0],
    ['ConfigMap', 'v1', 1],
  ]);
});

test('of two versions of a kind the preferred one is copied, unless a rule names the other', async () => {
  expect((await chosen(ruleFor('example.com', 'Widget'))).at(-1)).toEqual(['Widget.example.com', 'v2', 1]);
  const older = { ...ruleFor('example.com', 'Widget'), version: 'v1' };
  expect((await chosen(older)).at(-1)).toEqual(['Widget.example.com', 'v1', 1]);
});

test.each([
  ['a kind that the primary does not serve', ruleFor('example.com', 'Gadget'), /Gadget/],
  ['a kind that only says what a cluster does', ruleFor('', 'Pod'), /Pod/],
])('a rule for %s is refused', async (_what, rule, message) => {
  await expect(chosen(rule)).rejects.toMatchObject({ message: expect.stringMatching(message), exitCode: 2 });
});

test('a rule by globs to which no kind answers is said', async () => {
  const { assignment, end } = replication();
  try {
    const { notes } = await chooseKinds(assignment.primary, [
      ruleFor('', 'Config*'),
      ruleFor('*.example.cm', '*'),
    ]);
    expect(notes).toEqual([expect.stringContaining('(group "*.example.cm", version "*", kind "*")')]);
  } finally {
    await end();
  }
});

test.each([
  ['configmaps', 'Did you mean kind ConfigMap (v1)?'],
  ['ConfigMpa', 'Did you mean kind ConfigMap (v1)?'],
  ['Zebra', 'Is its CRD installed in that cluster?'],
])('a rule that names no kind is refused, with the one that was meant: %s', async (kind, hint) => {
  await expect(chosen(ruleFor('', kind))).rejects.toMatchObject({ hint });
});
