/** What git ignores is what `git check-ignore` says: on random trees, lists and indexes, asked of git itself. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { IgnoreFiles } from '../../../../../plugins/devsync/spec/ignore-files.ts';
import { type IsIgnored, isIgnoredWithin } from '../../../../../plugins/devsync/sync/ignore/ignore.ts';
import { RefusedError } from '../../../../../src/errors.ts';
import { runsOf } from '../../../../support/thoroughness.ts';

jest.setTimeout(120_000);

const names = [
  'a',
  'b',
  'A',
  'lib',
  'Lib',
  'x.o',
  'X.o',
  'a b',
  'é',
  'build',
  '.c',
  'a[b]',
  '#d',
  '!e',
  'a-c',
];
const name = fc.constantFrom(...names);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

const atoms = [
  '*',
  '**',
  '?',
  '[ab]',
  '[!a]',
  '[a-c]',
  '[[:upper:]]',
  '[a',
  '\\a',
  '*.o',
  'a*',
  '***',
  '[]b]',
  '\\',
];
const part = fc.oneof(
  name,
  fc.constantFrom(...atoms),
  fc
    .array(fc.oneof(name, fc.constantFrom(...atoms)), { minLength: 2, maxLength: 3 })
    .map((all) => all.join('')),
);
const pattern = fc
  .tuple(
    fc.constantFrom('', '', '', '!', '!', '#', ' '),
    fc.constantFrom('', '', '/', '**/', '*/'),
    fc.array(part, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '', '/', '/**', '/*', ' ', '\\ ', '//'),
    fc.constantFrom('', '', '', '\r'),
  )
  .map(([not, start, parts, end, cr]) => `${not}${start}${parts.join('/')}${end}${cr}`);
const list = fc
  .tuple(fc.constantFrom('', '', '\ufeff'), fc.array(pattern, { minLength: 1, maxLength: 5 }), fc.boolean())
  .map(([bom, lines, ends]) => bom + lines.join('\n') + (ends ? '\n' : ''));

const tree = fc.record({
  files: fc.array(path, { minLength: 4, maxLength: 14 }),
  /** By the number of a directory. */
  lists: fc.array(fc.tuple(fc.nat(20), list), { maxLength: 4 }),
  exclude: fc.option(list, { nil: undefined }),
  own: fc.option(list, { nil: undefined }),
  /** Numbers of files. */
  tracked: fc.array(fc.nat(20), { maxLength: 3 }),
  inner: fc.option(fc.nat(20), { nil: undefined }),
  root: fc.option(fc.nat(20), { nil: undefined }),
  ignoreCase: fc.boolean(),
});
type Tree = typeof tree extends fc.Arbitrary<infer T> ? T : never;

/** Everything in a directory but what is git's own: directories end with a slash. */
function* pathsIn(folder: string, base = ''): Generator<string> {
  for (const entry of readdirSync(join(folder, base), { withFileTypes: true })) {
    if (entry.name === '.git') continue;
    const at = base === '' ? entry.name : `${base}/${entry.name}`;
    yield entry.isDirectory() ? `${at}/` : at;
    if (entry.isDirectory()) yield* pathsIn(folder, at);
  }
}

function tryTo(run: () => void): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}

/** A repository, and what git is to be asked of it. */
interface Repository {
  readonly top: string;
  /** From the top. */
  readonly tracked: readonly string[];
  readonly asked: readonly string[];
}

interface Made {
  readonly top: string;
  readonly folders: readonly string[];
  /** A repository in the other one. */
  readonly inner: string | undefined;
  readonly paths: readonly string[];
  readonly repositories: readonly Repository[];
}

/** What `git init` makes, as far as git insists on it; a process for each would take minutes. */
function initialize(top: string, { ignoreCase, own, exclude }: Partial<Tree>): void {
  for (const folder of ['objects', 'refs', 'info']) mkdirSync(join(top, '.git', folder), { recursive: true });
  writeFileSync(join(top, '.git/HEAD'), 'ref: refs/heads/main\n');
  const excludes = own === undefined ? '""' : '.git/own';
  const core = ['repositoryformatversion = 0', `ignoreCase = ${ignoreCase}`, `excludesFile = ${excludes}`];
  writeFileSync(join(top, '.git/config'), `[core]\n${core.join('\n')}\n`);
  if (own !== undefined) writeFileSync(join(top, '.git/own'), own);
  if (exclude !== undefined) writeFileSync(join(top, '.git/info/exclude'), exclude);
}

/** Makes a tree on disk: a file where another one wants a directory is left out. */
function make(top: string, shape: Tree): Made {
  const { files, lists, tracked: numbers, inner: number, ignoreCase } = shape;
  initialize(top, shape);
  const made = files.filter((file) =>
    tryTo(() => {
      mkdirSync(dirname(join(top, file)), { recursive: true });
      writeFileSync(join(top, file), '');
    }),
  );
  const below = [...pathsIn(top)].filter((at) => at.endsWith('/')).map((at) => at.slice(0, -1));
  const folders = ['', ...below];
  for (const [at, text] of lists)
    writeFileSync(join(top, folders[at % folders.length] as string, '.gitignore'), text);
  const tracked = numbers.map((one) => made[one % made.length] as string);
  const wanted = number === undefined || below.length === 0 ? undefined : below[number % below.length];
  const inner = tracked.some((one) => one.startsWith(`${wanted}/`)) ? undefined : wanted;
  if (inner !== undefined) initialize(join(top, inner), { ignoreCase });
  const paths = [...pathsIn(top)];
  const isInner = (at: string) => inner !== undefined && at.startsWith(`${inner}/`) && at !== `${inner}/`;
  const outer = { top, tracked, asked: paths.filter((at) => !isInner(at)) };
  if (inner === undefined) return { top, folders, inner, paths, repositories: [outer] };
  const asked = paths.filter(isInner).map((at) => at.slice(inner.length + 1));
  return { top, folders, inner, paths, repositories: [outer, { top: join(top, inner), tracked: [], asked }] };
}

/** Lets git look at all of them: one shell, since a process of git's own is nothing beside one of ours. */
function askGit(made: readonly Made[]): void {
  const script = made
    .flatMap(({ repositories }) => repositories)
    .map(({ top, tracked, asked }) => {
      const lines = (all: readonly string[]) => all.map((one) => one.replace(/\/$/, '')).join('\0');
      writeFileSync(join(top, '.git/tracked'), lines(tracked));
      writeFileSync(join(top, '.git/asked'), lines(asked));
      const add = 'git --literal-pathspecs add -f --pathspec-file-nul --pathspec-from-file=.git/tracked';
      const ask = 'git check-ignore -z --stdin < .git/asked > .git/said || test $? = 1';
      // Where case does not count, git tracks no two that differ by it only.
      return `cd "${top}"; ${tracked.length > 0 ? `${add} 2> .git/refused || :` : ':'}; ${ask}`;
    });
  execFileSync('sh', ['-e'], { input: script.join('\n'), stdio: 'pipe' });
}

function ignoredByGit({ repositories: [outer, inner], inner: base }: Made): Set<string> {
  const said = (top: string) => readFileSync(join(top, '.git/said'), 'utf8').split('\0').filter(Boolean);
  const inside = inner === undefined ? [] : said(inner.top).map((one) => `${base}/${one}`);
  return new Set([...said(outer?.top ?? ''), ...inside]);
}

function rulesOf(local: string): IsIgnored {
  try {
    return isIgnoredWithin({ ...new IgnoreFiles(local, true, '/nowhere').rules, vcs: false });
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    // Git ignores the directory itself.
    return () => true;
  }
}

function disagreements(made: Made, { root }: Tree): string[] {
  const { top, folders, inner, paths } = made;
  const local = root === undefined ? '' : (folders[root % folders.length] as string);
  const prefix = local === '' ? '' : `${local}/`;
  const theirs = ignoredByGit(made);
  const isIgnored = rulesOf(join(top, local));
  const isInner = (at: string) => inner !== undefined && at.startsWith(`${inner}/`);
  const innerIsLeftOut = inner !== undefined && theirs.has(inner) && !isInner(prefix);
  return paths
    .filter((path) => path.startsWith(prefix) && path !== prefix)
    .flatMap((path) => {
      const plain = path.replace(/\/$/, '');
      // Of what is in a repository that the outer one leaves out, the outer one decides.
      const isOut = theirs.has(plain) || (innerIsLeftOut && isInner(plain));
      const ours = isIgnored(plain.slice(prefix.length), path.endsWith('/'));
      return ours === isOut ? [] : [`${path} (LOCAL ${local || '.'}): ${ours ? 'out here' : 'out for git'}`];
    });
}

test('git and the rules that are read from its files leave out the same, on random trees', () => {
  const batches = runsOf(Number(process.env.RANDOM_TREES ?? 60) / 20);
  fc.assert(
    fc.property(fc.array(tree, { minLength: 20, maxLength: 20 }), (shapes) => {
      const base = mkdtempSync(join(tmpdir(), 'git-rules-'));
      try {
        const made = shapes.map((shape, index) => make(join(base, String(index)), shape));
        askGit(made);
        const found = made.flatMap((one, index) =>
          disagreements(one, shapes[index] as Tree).map((words) => [words, shapes[index]]),
        );
        expect(found).toEqual([]);
      } finally {
        rmSync(base, { recursive: true, force: true });
      }
    }),
    { numRuns: batches, endOnFailure: true },
  );
});
