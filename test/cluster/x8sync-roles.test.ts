/** The Role that `rbac` prints for a mount: somebody with just that copies, and without one of its verbs is told which. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA } from './support/contexts.ts';
import { as, printedFor, sides } from './support/least-rights.ts';
import { granted, grantIn } from './support/roles.ts';
import { Scene } from './support/scene.ts';
import { saidBy } from './support/x8sync.ts';

const scene = await Scene.open('least-role');
afterAll(() => scene.close());

test('somebody with just the Role for a mount copies, and without one verb is told which', async () => {
  const { namespace } = scene;
  await Promise.all(['source', 'target'].map((claim) => scene.claim(contextA, claim)));
  await scene.shell(contextA, 'source', 'echo content >/data/file');
  const command = [scene.ref(contextA, 'source'), scene.ref(contextA, 'target'), '--strategy', 'mount'];
  const rules = (await Promise.all(sides.map((side) => printedFor(command, side)))).flat();
  const makesJobs = ({ resources, verbs }: (typeof rules)[number]) =>
    resources.includes('jobs') && verbs.includes('create');
  expect(rules.some(makesJobs)).toBe(true);
  const fewer = rules.map((rule) =>
    makesJobs(rule) ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== 'create') } : rule,
  );
  const [least, less] = [`${namespace}-least`, `${namespace}-less`];
  for (const [name, its] of [
    [least, rules],
    [less, fewer],
  ] as const)
    await grantIn(contextA, namespace, granted(name, its, { kind: 'User', name }), ['--as', name]);

  expect(saidBy(await as(less, [], ...command), 4)).toContain(
    `may not create jobs.batch in namespace "${namespace}"`,
  );
  expect(await scene.leftovers()).toEqual([]);
  saidBy(await as(least, [], ...command), 0);
  expect(await scene.inspect(contextA, 'target', 'cat file')).toBe('content\n');
  expect(await scene.leftovers()).toEqual([]);
});
