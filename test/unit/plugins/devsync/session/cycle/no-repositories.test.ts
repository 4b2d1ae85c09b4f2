/** No directory of this workstation becomes a git repository by what comes from a container, whatever it is called. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { type Mode, modes } from '../../../../../../plugins/devsync/reconcile/reconcile.ts';
import { planFor } from '../../../../../../plugins/devsync/session/cycle/planning.ts';
import type { SyncState } from '../../../../../../plugins/devsync/session/status/state.ts';
import { openPair, type Pair } from '../../support/pair.ts';
import { type Shape, shapeOf, tree } from '../../support/trees.ts';

jest.setTimeout(30_000);

const repository = { HEAD: 'h', objects: { o: '1' }, refs: { r: '1' }, config: 'evil' };

interface Given {
  readonly ancestor?: Shape;
  readonly local: Shape;
  readonly container: Shape;
  readonly from?: 'local' | 'container';
  readonly mode?: Mode;
  readonly takeGit?: boolean;
}

/** What comes to this workstation, by path, and what is left out. */
function planned({ from = 'local', mode = 'two-way-safe', takeGit = false, ...given }: Given) {
  const trees = {
    ancestor: tree(given.ancestor),
    local: tree(given.local),
    container: tree(given.container),
  };
  const plan = planFor(trees, { from, mode, takeGit });
  const incoming = from === 'local' ? plan.alpha : plan.beta;
  return {
    comes: Object.fromEntries(incoming.map((one) => [one.path, shapeOf(one.new)])),
    out: plan.leftOut.map(({ path }) => path),
  };
}

describe('a plan', () => {
  const { HEAD: _, ...rest } = repository;
  test.each<[string, Given, { comes: Record<string, Shape | undefined>; out: string[] }]>([
    [
      'all at once, in a new directory',
      { ancestor: {}, local: {}, container: { d: { e: repository } } },
      { comes: { d: { e: rest } }, out: ['d/e/HEAD'] },
    ],
    [
      'all at once, in LOCAL itself',
      { ancestor: {}, local: {}, container: repository },
      { comes: { objects: { o: '1' }, refs: { r: '1' }, config: 'evil' }, out: ['HEAD'] },
    ],
    [
      'the rest of it, after its HEAD',
      { ancestor: { d: { HEAD: 'h' } }, local: { d: { HEAD: 'h' } }, container: { d: repository } },
      { comes: { 'd/refs': { r: '1' }, 'd/config': 'evil' }, out: ['d/objects'] },
    ],
    [
      'its refs, after all else',
      {
        ancestor: { d: { HEAD: 'h', objects: {} } },
        local: { d: { HEAD: 'h', objects: {} } },
        container: { d: { HEAD: 'h', objects: {}, refs: {} } },
      },
      { comes: {}, out: ['d/refs'] },
    ],
    [
      'with what a rule leaves alone here',
      { ancestor: {}, local: { objects: '!', refs: '?' }, container: { HEAD: 'h' } },
      { comes: {}, out: ['HEAD'] },
    ],
    [
      'under names that another file system takes for the same',
      { ancestor: {}, local: {}, container: { head: 'h', Objects: {}, 'refs.': {} } },
      { comes: { Objects: {}, 'refs.': {} }, out: ['head'] },
    ],
    [
      'links in place of directories, and of HEAD',
      { ancestor: {}, local: {}, container: { HEAD: '@refs/heads/x', objects: '@o', refs: '@r' } },
      { comes: { objects: '@o', refs: '@r' }, out: ['HEAD'] },
    ],
    [
      'one whose objects are elsewhere',
      { ancestor: {}, local: {}, container: { d: { HEAD: 'h', commondir: '../e' } } },
      { comes: { d: { commondir: '../e' } }, out: ['d/HEAD'] },
    ],
    [
      'where its objects are, after its HEAD',
      { ancestor: { HEAD: 'h' }, local: { HEAD: 'h' }, container: { HEAD: 'h', commondir: 'e' } },
      { comes: {}, out: ['commondir'] },
    ],
    [
      'renamed there, as it was made here',
      { ancestor: { a: repository }, local: { a: repository }, container: { b: repository } },
      { comes: { b: rest }, out: ['a', 'b/HEAD'] },
    ],
    [
      'in the place of a file',
      { ancestor: { d: '1' }, local: { d: '1' }, container: { d: repository } },
      { comes: { d: rest }, out: ['d/HEAD'] },
    ],
  ])('leaves out a repository: %s', (_what, given, expected) => {
    expect(planned(given)).toEqual(expected);
  });

  test('takes what git takes for no repository', () => {
    const harmless = {
      a: { HEAD: '1', refs: {} },
      b: { objects: {}, refs: {} },
      c: { HEADS: '1', objects: {} },
    };
    expect(planned({ ancestor: {}, local: {}, container: harmless })).toEqual({ comes: harmless, out: [] });
  });

  test('takes a repository where that is asked for', () => {
    const given = { ancestor: {}, local: {}, container: { d: repository }, takeGit: true };
    expect(planned(given)).toEqual({ comes: { d: repository }, out: [] });
  });

  const evil = { ...repository, config: 'worse', hooks: { 'post-checkout': 'evil' }, notes: 'n' };
  test.each(['local', 'container'] as const)(
    'changes nothing that git obeys in a repository of this workstation (from %s)',
    (from) => {
      for (const mode of modes.filter((mode) => from === 'container' || !mode.startsWith('one-way'))) {
        const one = planned({
          ancestor: { d: repository },
          local: { d: repository },
          container: { d: evil },
          from,
          mode,
        });
        expect([mode, one]).toEqual([mode, { comes: { 'd/notes': 'n' }, out: ['d/config', 'd/hooks'] }]);
      }
    },
  );

  test('neither deletes nor replaces one', () => {
    const local = { sub: { d: repository, f: '1' } };
    const ancestor = local;
    const without = { ancestor, local, container: {} };
    expect(planned(without)).toEqual({ comes: { sub: undefined }, out: ['sub/d'] });
    const again = { ancestor: { sub: { d: repository } }, local: { sub: { d: repository } }, container: {} };
    expect(planned(again)).toEqual({ comes: {}, out: ['sub/d'] });
    expect(planned({ ancestor, local, container: { sub: 'file' } })).toEqual({ comes: {}, out: ['sub/d'] });
    const headless = { sub: { d: { ...repository, HEAD: 'other' }, f: '1' } };
    expect(planned({ ancestor, local, container: headless })).toEqual({ comes: {}, out: ['sub/d/HEAD'] });
  });

  test('takes into one what a person has decided for the container, and makes none even then', () => {
    const resolution = () => 'beta' as const;
    const plan = (ancestor: Shape, local: Shape, container: Shape) =>
      planFor(
        { ancestor: tree(ancestor), local: tree(local), container: tree(container) },
        { from: 'local', mode: 'two-way-safe', takeGit: false, resolution },
      );
    const ours = { d: { ...repository, config: 'ours' } };
    const theirs = { d: { ...repository, config: 'theirs' } };
    expect(plan({ d: repository }, ours, theirs)).toMatchObject({
      alpha: [{ path: 'd/config' }],
      leftOut: [],
    });
    const { alpha, leftOut } = plan({ d: '1' }, { d: '2' }, { d: repository });
    expect([alpha.map((one) => shapeOf(one.new)), leftOut.map(({ path }) => path)]).toEqual([
      [rest],
      ['d/HEAD'],
    ]);
  });

  test('names what is left out in one order, whatever else is planned', () => {
    const given = { ancestor: {}, local: {}, container: { e: repository, ...repository } };
    expect(planned(given).out).toEqual(['HEAD', 'e/HEAD']);
  });

  test.each(['two-way-resolved', 'one-way-safe', 'one-way-replica'] as const)(
    'leaves one out of what the container wins with (%s)',
    (mode) => {
      const given = { ancestor: {}, local: { d: '1' }, container: { d: '1', e: repository }, mode };
      const plan = planned({ ...given, from: 'container' });
      expect(plan).toEqual({ comes: { e: rest }, out: ['e/HEAD'] });
    },
  );
});

/** Whether a command of the configuration runs when git is asked about a directory. */
function runsCommand(pair: Pair, directory: string): boolean {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  try {
    execFileSync('git', ['-C', directory, 'status'], { env, stdio: 'ignore' });
  } catch {
    // It is no repository, or one without a work tree.
  }
  const ran = existsSync(proofOf(pair));
  rmSync(proofOf(pair), { force: true });
  return ran;
}

const proofOf = (pair: Pair) => join(pair.base, 'ran');
const configOf = (pair: Pair) =>
  `[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n\tfsmonitor = "touch ${proofOf(pair)}; false"\n`;

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const ref = 'ref: refs/heads/main\n';
const skippedIn = ({ skipped, problems }: SyncState) => [...skipped, ...problems].map(({ path }) => path);

describe('git', () => {
  test('runs nothing of the container’s in LOCAL or below, in whatever order it comes', async () => {
    const pair = openPair();
    await pair.start();
    write(pair.container, { 'objects/o': '', 'refs/r': '', config: configOf(pair), HEAD: ref });
    expect(runsCommand(pair, pair.container)).toBe(true);
    expect(skippedIn(await pair.synchronizer.flush())).toEqual(['HEAD']);
    expect(runsCommand(pair, pair.local)).toBe(false);
    expect(readdirSync(pair.local).sort()).toEqual(['config', 'objects', 'refs']);
    // It stays so, is not tried again, and what is not named so goes on.
    write(pair.container, { 'd/HEAD': ref, 'd/config': configOf(pair), new: '1' });
    await pair.synchronizer.flush();
    expect(readdirSync(join(pair.local, 'd')).sort()).toEqual(['HEAD', 'config']);
    mkdirSync(join(pair.container, 'd/refs'));
    await pair.synchronizer.flush();
    symlinkSync('../objects', join(pair.container, 'd/objects'));
    const state = await pair.synchronizer.flush();
    expect(runsCommand(pair, join(pair.container, 'd'))).toBe(true);
    expect(runsCommand(pair, join(pair.local, 'd'))).toBe(false);
    expect([skippedIn(state).sort(), state.conflicts]).toEqual([['HEAD', 'd/objects'], []]);
    expect(readFileSync(join(pair.local, 'new'), 'utf8')).toBe('1');
  });

  test('takes files that can be executed for directories: they are left out as well', async () => {
    const pair = openPair();
    await pair.start();
    write(pair.container, { HEAD: ref, config: configOf(pair), objects: '', refs: '' });
    for (const name of ['objects', 'refs']) chmodSync(join(pair.container, name), 0o755);
    expect(runsCommand(pair, pair.container)).toBe(true);
    await pair.synchronizer.flush();
    expect(runsCommand(pair, pair.local)).toBe(false);
  });

  test('finds what two sessions bring at a time to be none: what is really there decides', async () => {
    const pair = openPair();
    await pair.start();
    write(pair.container, { 'd/objects/o': '', 'd/refs/r': '', 'd/config': configOf(pair) });
    await pair.synchronizer.flush();
    // Another session brought this just now: this one has not seen it yet.
    const operations = [
      { path: 'd/HEAD', old: undefined, new: { kind: 'symlink', target: 'refs/heads/main' } },
    ] as const;
    const results = await pair.here.apply(operations, 'other');
    expect(results).toEqual([{ path: 'd/HEAD', problem: expect.stringContaining('git would take') }]);
    expect(existsSync(join(pair.local, 'd/HEAD'))).toBe(false);
  });

  test('obeys what this workstation says in a repository of its own, which goes to the container whole', async () => {
    const pair = openPair();
    await pair.start();
    execFileSync('git', ['init', '-q', '--bare', join(pair.local, 'own')]);
    await pair.synchronizer.flush();
    const config = readFileSync(join(pair.local, 'own/config'), 'utf8');
    expect(readFileSync(join(pair.container, 'own/config'), 'utf8')).toBe(config);
    write(pair.container, { 'own/config': configOf(pair), 'own/hooks/pre-commit': 'evil' });
    expect(runsCommand(pair, join(pair.container, 'own'))).toBe(true);
    const state = await pair.synchronizer.flush();
    expect(readFileSync(join(pair.local, 'own/config'), 'utf8')).toBe(config);
    expect(existsSync(join(pair.local, 'own/hooks/pre-commit'))).toBe(false);
    expect(skippedIn(state).sort()).toEqual(['own/config', 'own/hooks/pre-commit']);
    expect(runsCommand(pair, join(pair.local, 'own'))).toBe(false);
  });

  test('takes one from the container where that is asked for', async () => {
    const pair = openPair({ sync: { takeGit: true } });
    await pair.start();
    write(pair.container, { 'd/objects/o': '', 'd/refs/r': '', 'd/config': configOf(pair), 'd/HEAD': ref });
    expect(skippedIn(await pair.synchronizer.flush())).toEqual([]);
    expect(runsCommand(pair, join(pair.local, 'd'))).toBe(true);
  });
});
