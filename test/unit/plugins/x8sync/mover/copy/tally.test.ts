import { describe, expect, test } from '@jest/globals';
import { Tally } from '../../../../../../plugins/x8sync/mover/copy/tally.ts';

const errors = { names: [] };
const once = { attempt: 1, deletes: false };

describe('attempts', () => {
  test('add up what they changed, and otherwise the last one says how it is', () => {
    const tally = new Tally();
    tally.note({ stats: { entries: 3, changes: 2, attributes: 1 }, errors: { names: ['a'] } }, once);
    tally.note({ stats: { entries: 5, changes: 1 }, errors: { names: ['b'] } }, { ...once, attempt: 2 });
    expect(tally.counts).toMatchObject({ entries: 5, changes: 3, attributes: 1, removed: 0 });
    expect(tally.failures).toEqual(['b']);
  });

  test('count what a broken one brought of a file once', () => {
    const tally = new Tally();
    const stats = { transferredBytes: 12, totalBytes: 10 };
    tally.note({ stats, errors }, once);
    expect(tally.counts.transferredBytes).toBe(12);
    tally.note({ stats, errors }, { ...once, attempt: 2 });
    expect(tally.counts.transferredBytes).toBe(10);
  });

  test('that delete have removed what only the target had', () => {
    const tally = new Tally();
    const stats = { extraneous: 2 };
    tally.note({ stats, errors }, { ...once, deletes: true });
    tally.note({ stats, errors }, { attempt: 2, deletes: true });
    expect(tally.counts.removed).toBe(4);
    tally.note({ stats, errors }, { attempt: 3, deletes: false });
    expect(tally.counts.removed).toBe(4);
  });

  test('that delete leave nothing of what they have listed', () => {
    const tally = new Tally();
    tally.note({ stats: { extraneous: 2 }, errors }, { ...once, deletes: true });
    expect(tally.counts).not.toHaveProperty('extraneous');
  });
});

describe('changes', () => {
  const result = { code: 0, skipped: 1, rootChanged: false };
  const counted = (code: number, isItemized: boolean, rootDiffers = false) => {
    const tally = new Tally();
    tally.set({ entries: 5, createdEntries: 2, changes: 1 });
    tally.countChanges({ ...result, code }, { isItemized, rootDiffers });
    return tally.counts;
  };

  test('are all entries but the root, in an empty target', () => {
    expect(counted(0, false).changes).toBe(3);
  });

  test('are what was made, where not all was', () => {
    expect(counted(23, false).changes).toBe(2);
  });

  test('are what rsync has listed, in any other target', () => {
    expect(counted(0, true).changes).toBe(1);
  });

  test('are one more where the root is another one', () => {
    expect(counted(0, true, true)).toMatchObject({ changes: 2, attributes: 1 });
  });
});

test('what was left out because it is there belongs to the source all the same', () => {
  const tally = new Tally();
  tally.set({ entries: 3, files: 1, totalBytes: 10 });
  tally.countPresent([{ bytes: 4 }, { bytes: 5 }]);
  expect(tally.counts).toEqual({ entries: 5, files: 3, totalBytes: 19 });
});
