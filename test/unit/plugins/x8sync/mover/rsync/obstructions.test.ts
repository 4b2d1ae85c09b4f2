/** Names in whose places folders stand, by what a dry run of rsync with --delete prints of them. */
import { expect, test } from '@jest/globals';
import { parseChange } from '../../../../../../plugins/x8sync/mover/rsync/changes.ts';
import { ObstructionFinder } from '../../../../../../plugins/x8sync/mover/rsync/obstructions.ts';

function found(...lines: readonly string[]) {
  const finder = new ObstructionFinder();
  const taken = lines.filter((line) => {
    const change = parseChange(line);
    return change !== undefined && finder.takes(change);
  });
  return { finder, taken };
}

test('are told apart from all else that would be deleted or made', () => {
  // As rsync 3.5.0 prints them.
  const inTheWay = [
    '>f+++++++++|file',
    'cL+++++++++|link -> a -> b',
    'hf.s.p.....|hard => new',
    'cS+++++++++|same/fifo',
  ];
  const { finder, taken } = found(
    '*deleting  |only/a',
    '*deleting  |only/',
    '*deleting  |at-the-root',
    '*deleting  |file/x',
    '*deleting  |link/sub/y',
    '*deleting  |link/sub/',
    '*deleting  |hard/z/',
    '*deleting  |same/fifo/x',
    '*deleting  |kept/old',
    ...inTheWay,
    '.d..t......|kept/',
    '>f+++++++++|kept/new',
    'cL+++++++++|other -> file',
    '>f+++++++++|new',
    'cd+++++++++|only2/',
  );
  expect(taken).toEqual(inTheWay);
  expect(finder).toMatchObject({
    ...{ count: 4, files: 1, created: 3 },
    names: ['file', 'link', 'hard', 'same/fifo'],
  });
});

test('are counted, and the first twenty are named', () => {
  const names = Array.from({ length: 30 }, (_, index) => `n${index}`);
  const { finder } = found(
    ...names.map((name) => `*deleting  |${name}/x`),
    ...names.map((name) => `>f+++++++++|${name}`),
  );
  expect(finder.count).toBe(30);
  expect(finder.names).toEqual(names.slice(0, 20));
});
