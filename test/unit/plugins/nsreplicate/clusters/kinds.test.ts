import { expect, test } from '@jest/globals';
import { chooseKinds } from '../../../../../plugins/nsreplicate/clusters/kinds.ts';
import { ruleFor } from '../../../../../plugins/nsreplicate/rules/rule.ts';
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
