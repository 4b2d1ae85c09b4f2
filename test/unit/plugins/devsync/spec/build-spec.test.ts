/** A specification made of what a person gives: what cannot be meant is refused. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { buildSpec, type GivenSpec, specDefaults } from '../../../../../plugins/devsync/spec/build-spec.ts';
import { UsageError } from '../../../../../src/errors.ts';

let local: string;
beforeEach(() => {
  local = mkdtempSync(join(tmpdir(), 'devsync-build-'));
});
afterEach(() => rmSync(local, { recursive: true }));

function targetOf(given: Partial<GivenSpec>) {
  const nothing = { selector: undefined, pod: undefined, container: [], writer: undefined };
  const rest = { bandwidth: undefined, runAs: undefined, ignore: [], onChange: [] };
  const flags = { ignoreVcs: false, useGitignore: false, takeGit: false, makeRemote: false };
  const reload = { reloadEvery: undefined, reloadOnFirstSync: false, restartAnyway: false };
  const all = { ...specDefaults, ...nothing, ...rest, ...flags, ...reload, local, remote: '/app', ...given };
  return buildSpec(all, { id: 'w', who: 'alice@laptop' }).target;
}

test.each<[string, Partial<GivenSpec>, RegExp]>([
  ['an empty selector', { selector: '' }, /^--selector is empty: it would take any pod of the namespace$/],
  ['one of blanks', { selector: '  ' }, /^--selector is empty/],
  ['several pods', { pod: 'ro,two' }, /^--pod "ro,two" is not the name of a pod$/],
  ['an empty pod', { pod: '' }, /^--pod "" is not the name of a pod$/],
  ['how often to reload nothing', { pod: 'a', reloadEvery: 5000 }, /^say what to reload: --on-change/],
  ['a pod in a folder', { pod: 'a/../b' }, /is not the name of a pod$/],
  [
    'several writers',
    { selector: 'a=b', pods: 'all', writer: 'one,two' },
    /^--writer "one,two" is not the name/,
  ],
])('%s is refused', (_what, given, words) => {
  expect(() => targetOf(given)).toThrow(UsageError);
  expect(() => targetOf(given)).toThrow(words);
});

test.each<Partial<GivenSpec>>([
  { selector: 'app=web' },
  { pod: 'web-7d9f.x-1' },
  { selector: 'app', pods: 'all', writer: 'web-0' },
])('%j is taken', (given) => {
  const { pods: _, ...target } = given;
  expect(targetOf(given)).toMatchObject(target);
});
