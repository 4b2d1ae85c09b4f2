import { posix } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  foldName,
  isConfigFile,
  isGitDirectory,
  linkProblem,
  nameProblem,
  partsOf,
} from '../../../../../../plugins/devsync/sync/files/names.ts';

describe('names from a container', () => {
  test.each(['', '.', '..', 'a/b', 'a\0b', '\ud800', 'x'.repeat(256), 'é'.repeat(128)])(
    '%j is none',
    (name) => {
      expect(nameProblem(name, 'linux')).toBeDefined();
    },
  );

  test.each(['a', '...', ' ', '-rf', 'a\\b', 'con', 'a:b', 'ünïcode', '__proto__', 'a\nb'])(
    '%j is one',
    (name) => {
      expect(nameProblem(name, 'linux')).toBeUndefined();
    },
  );

  test.each(['con', 'NUL.txt', 'com1', 'COM¹', 'a\\b', 'a:b', 'a.', 'a ', 'a\nb', '*', 'lpt9.x'])(
    '%j is none on Windows',
    (name) => {
      expect(nameProblem(name, 'win32')).toBeDefined();
    },
  );

  test.each(['../x', 'a/../b', '/etc/passwd', 'a//b', 'a/./b', 'a/'])('a path %j is refused', (path) => {
    expect(() => partsOf(path, 'linux')).toThrow();
  });
});

describe('a portable link', () => {
  test.each([
    ['a', 'b'],
    ['d/a', '../b'],
    ['d/e/a', '../../b/c'],
    ['a', '.'],
    ['a', './b'],
  ])('at %s to %s', (path, target) => {
    expect(linkProblem(path, target)).toBeUndefined();
  });

  test.each([
    ['a', '/etc/passwd'],
    ['a', '../b'],
    ['d/a', '../../b'],
    ['a', 'C:\\x'],
    ['a', 'c:/x'],
    ['a', '..\\x'],
    // Where x is itself a link to the root, this leaves it.
    ['a', 'x/x/../../../etc'],
    ['a', ''],
    ['a', 'b\0'],
  ])('is none at %s to %j', (path, target) => {
    expect(linkProblem(path, target)).toBeDefined();
  });

  test('never leads out, whatever else in the tree is a link to whatever is allowed', () => {
    const part = fc.constantFrom('..', '.', 'a', 'b', '');
    const target = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'));
    const links = fc.dictionary(fc.constantFrom('a', 'b', 'd/a', 'd/b'), target, { maxKeys: 4 });
    fc.assert(
      fc.property(links, (all) => {
        const allowed = Object.entries(all).filter(([path, to]) => linkProblem(path, to) === undefined);
        const tree = new Map(allowed);
        for (const [path, to] of allowed) expect(resolves(tree, path, to)).not.toBe('out');
      }),
      { numRuns: 5000 },
    );
  });
});

/** Follows a link as a kernel does, directories that do not exist taken as if they did. */
function resolves(links: Map<string, string>, path: string, target: string): 'in' | 'out' {
  const here = posix.dirname(path) === '.' ? [] : posix.dirname(path).split('/');
  const pending = target.split('/');
  for (let steps = 0; pending.length > 0 && steps < 100; steps++) {
    const name = pending.shift() as string;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (here.pop() === undefined) return 'out';
      continue;
    }
    const link = links.get([...here, name].join('/'));
    if (link === undefined) here.push(name);
    else pending.unshift(...link.split('/'));
  }
  return 'in';
}

test.each(['.git', '.GIT', '.git ', '.git.', 'git~1', '.g\u200cit', '.git::$INDEX_ALLOCATION'])(
  '%j is git’s own directory to some file system',
  (name) => {
    expect(isGitDirectory(name)).toBe(true);
  },
);

test.each(['.gitignore', 'git', '.github', '.gitattributes'])('%j is not', (name) => {
  expect(isGitDirectory(name)).toBe(false);
});

test('names that some file systems mix up fold to one', () => {
  expect(foldName('STRASSE.txt')).toBe(foldName('strasse.TXT'));
  expect(foldName('é')).toBe(foldName('e\u0301'));
});

test.each([
  '.devsync.yaml',
  '.DevSync.YAML',
  'staging.devsync.yaml',
  '.devsync.y\u200caml',
  '.dev\u017fync.yaml',
  '.devsync.yaml.',
  '.devsync.yaml::$DATA',
  'DEVSYN~1.YAM',
])('%j may be taken for a configuration file', (name) => {
  expect(isConfigFile(name)).toBe(true);
});

test.each(['devsync.yaml', '.devsync.yml', '.devsyncignore', 'values.yaml', 'a.yaml', 'a.yam', 'über.txt'])(
  '%j is none',
  (name) => {
    expect(isConfigFile(name)).toBe(false);
  },
);
