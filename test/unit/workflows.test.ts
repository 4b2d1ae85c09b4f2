/** The workflows call what there is. Their syntax is checked by test/long/workflows.test.ts. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '..', '..');
const workflows = globSync('.github/workflows/*.yml', { cwd: root });
const texts = workflows.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');

test('every npm script that a workflow runs is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const called = new Set([...texts.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name));
  expect(called.size).toBeGreaterThan(5);
  expect([...called].filter((name) => !(name in scripts))).toEqual([]);
});

test('every test that a workflow names is there', () => {
  const named = [...texts.matchAll(/(?<= )cluster\/[\w.-]+/g)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(0);
  for (const name of named) expect(globSync(`test/${name}*`, { cwd: root })).not.toEqual([]);
});

test('krew-release-bot is run for each plugin', () => {
  const plugins = globSync('krew-manifests/*.yaml', { cwd: root }).map(
    (file) => /(\w+)\.yaml$/.exec(file)?.[1],
  );
  const matrix = /plugin: \[(.*)\]/.exec(texts)?.[1]?.split(', ');
  expect(matrix?.sort()).toEqual(plugins.sort());
});
