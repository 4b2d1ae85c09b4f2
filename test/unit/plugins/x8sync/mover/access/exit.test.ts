/** What rsync's last code comes to. */
import { expect, test } from '@jest/globals';
import { isAsKnown, verdictOf } from '../../../../../../plugins/x8sync/mover/access/exit.ts';

const nothing = { said: undefined, failed: 0, full: false, refused: false, vanished: 0, undeleted: 0 };

test('a copy is whole where rsync ended well and nothing was lost', () => {
  expect(verdictOf(0, nothing, [])).toMatchObject({ outcome: 'ok', message: '' });
  expect(verdictOf(0, nothing, ['acls'])).toMatchObject({ outcome: 'partial' });
});

test('a copy is not whole where files vanished meanwhile: they may have got other names', () => {
  const verdict = verdictOf(24, { ...nothing, vanished: 32 }, []);
  expect(verdict).toMatchObject({ outcome: 'partial', message: expect.stringMatching(/other names.*: 32$/) });
});

test('a brake that was hit is told, though files vanished too', () => {
  const verdict = verdictOf(24, { ...nothing, vanished: 1, undeleted: 2 }, []);
  expect(verdict).toMatchObject({ outcome: 'partial', message: verdictOf(25, nothing, []).message });
});

test('only what could not be kept is missing, or more than that', () => {
  expect(verdictOf(0, nothing, ['acls'])).toMatchObject({ isLossOnly: true });
  expect(verdictOf(23, nothing, ['acls'])).toMatchObject({ isLossOnly: true });
  expect(verdictOf(23, { ...nothing, failed: 1 }, ['acls'])).toMatchObject({ isLossOnly: false });
  expect(verdictOf(24, { ...nothing, vanished: 1 }, ['acls'])).toMatchObject({ isLossOnly: false });
  expect(verdictOf(25, nothing, ['acls'])).toMatchObject({ isLossOnly: false });
});

test('a loss is known where an earlier copy had it; a further one, a missing file and a difference are not', () => {
  const verification = { entries: 1, files: 1, bytes: 0, different: 1, extraneous: 0, aspects: {} };
  const end = { lossOnly: true, lost: ['ownership'] };
  expect(isAsKnown(end, ['ownership', 'acls'])).toBe(true);
  expect(isAsKnown({ ...end, verification: { ...verification, different: 0 } }, ['ownership'])).toBe(true);
  expect(isAsKnown({ ...end, verification }, ['ownership'])).toBe(false);
  expect(isAsKnown(end, ['acls'])).toBe(false);
  expect(isAsKnown({ lost: ['ownership'] }, ['ownership'])).toBe(false);
});
