/** What rsync's last code comes to. */
import { expect, test } from '@jest/globals';
import { verdictOf } from '../../../../../../plugins/x8sync/mover/copy/exit.ts';

const nothing = { said: undefined, failed: 0, full: false, refused: false, vanished: 0 };

test('a copy is whole where rsync ended well and nothing was lost', () => {
  expect(verdictOf(0, nothing, [])).toMatchObject({ outcome: 'ok', message: '' });
  expect(verdictOf(0, nothing, ['acls'])).toMatchObject({ outcome: 'partial' });
});

test('a copy is not whole where files vanished meanwhile: they may have got other names', () => {
  const verdict = verdictOf(24, { ...nothing, vanished: 32 }, []);
  expect(verdict).toMatchObject({ outcome: 'partial', message: expect.stringMatching(/other names.*: 32$/) });
});
