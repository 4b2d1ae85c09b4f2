/** Filters, held against rsync's own: the same rules must leave out the same entries. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { walk } from '../../../../../../plugins/x8sync/mover/manifest/walk.ts';
import {
  type FilterRule,
  filterArgs,
  filterOf,
  patternProblem,
} from '../../../../../../plugins/x8sync/mover/volume/filters.ts';

const hasRsync = process.platform === 'linux';
const withRsync = hasRsync ? test : test.skip;
const files = [
  ...['a', 'b.log', 'a.b', 'x/a', 'x/b.log', 'x/y/a', 'x/y/b.log', 'x/a.b/a', 'y/x/a', 'logs/a', 'x/logs/b'],
  ...['- a', '[a]', 'x\\y', 'ü', 'x/ü.log', '.git/a', 'x/.git/b', 'ab', 'x/*'],
];

let root: string;
let empty: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'x8sync-filters-'));
  empty = mkdtempSync(join(tmpdir(), 'x8sync-empty-'));
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), '');
  }
});
afterAll(() => {
  for (const folder of [root, empty]) rmSync(folder, { recursive: true });
});

/** What rsync would copy. */
function rsyncKeeps(rules: readonly FilterRule[]): string[] {
  const args = ['-rn', '--8-bit-output', '--out-format=%n', ...filterArgs(rules), `${root}/`, `${empty}/`];
  const names = execFileSync('rsync', args, { encoding: 'latin1' }).split('\n');
  return names
    .map((name) => name.replace(/\/$/, ''))
    .filter((name) => name !== '' && name !== '.')
    .sort();
}

function weKeep(rules: readonly FilterRule[]): string[] {
  const kept = [...walk({ root, leavesOut: filterOf(rules) })].map(({ path }) => path);
  return kept.filter((path) => path !== '').sort();
}

const exclude = (...patterns: string[]) =>
  patterns.map((pattern) => ({ action: 'exclude', pattern }) as const);
const include = (...patterns: string[]) =>
  patterns.map((pattern) => ({ action: 'include', pattern }) as const);

describe('filters', () => {
  withRsync.each<[string, FilterRule[]]>([
    ['a name anywhere', exclude('a')],
    ['a name at the root', exclude('/a')],
    ['folders only', exclude('x/')],
    ['an ending', exclude('*.log')],
    ['a path at any depth', exclude('y/a')],
    ['anything below', exclude('x/**')],
    ['a folder and all below', exclude('/x/***')],
    ['two stars in front', exclude('**/a', '**.log')],
    ['a question mark', exclude('?')],
    ['a class', exclude('[ab]*')],
    ['all but a class', exclude('/[!x]*')],
    ['a backslash that escapes', exclude('\\[a\\]', 'x/\\*')],
    ['a backslash that is one', exclude('x\\y')],
    ['what looks like a rule', exclude('- a', '!')],
    ['bytes', exclude('ü*')],
    ['an exception', [...include('*/', '*.log'), ...exclude('*')]],
  ])('%s is what it is for rsync', (_, rules) => {
    expect(weKeep(rules)).toEqual(rsyncKeeps(rules));
  });

  withRsync(
    'any rules are what they are for rsync',
    () => {
      const piece = fc.constantFrom(
        'a',
        'b',
        'x',
        'y',
        '.',
        '*',
        '**',
        '?',
        '/',
        'log',
        '[ab]',
        '[!a]',
        '\\a',
        '\\*',
      );
      const pattern = fc
        .array(piece, { minLength: 1, maxLength: 5 })
        .map((pieces) => pieces.join(''))
        .filter((text) => patternProblem(text) === undefined && !/\/\/|\\$|\*\*\*/.test(text));
      const rule = fc.record({ action: fc.constantFrom('include', 'exclude'), pattern });
      const rules = fc.array(rule, { minLength: 1, maxLength: 3 }) as fc.Arbitrary<FilterRule[]>;
      fc.assert(
        fc.property(rules, (some) => expect(weKeep(some)).toEqual(rsyncKeeps(some))),
        { numRuns: 40 },
      );
    },
    30_000,
  );

  test('what rsync and we could read in two ways is not taken', () => {
    for (const pattern of ['', ' ', '/', 'a\nb', '[[:alpha:]]'])
      expect(patternProblem(pattern)).toBeDefined();
    for (const pattern of ['*.log', '/a b', '#a', ' a']) expect(patternProblem(pattern)).toBeUndefined();
  });
});
