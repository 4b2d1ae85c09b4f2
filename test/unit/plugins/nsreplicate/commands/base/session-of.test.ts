import { expect, test } from '@jest/globals';
import { comparison, words } from '../../../../../../plugins/nsreplicate/commands/base/session-of.ts';

test('a comparison tells what it could not look at, and has nothing to do only where it looked at all', () => {
  expect(comparison({}, { failed: 0 })).toBe('nothing to do');
  expect(comparison({ gone: 2 }, { failed: 0, uncompared: 0 })).toBe('nothing to do');
  expect(comparison({}, { failed: 0, uncompared: 3 })).toBe('3 not compared');
  expect(comparison({ created: 214 }, { failed: 2, uncompared: 1 })).toBe(
    '214 created, 1 not compared, 2 failed',
  );
});

test('of what nothing has come, nothing is said', () => {
  expect(words({}, 0)).toBe('');
  expect(words({ created: 214, updated: 0, gone: 1 }, 2)).toBe('214 created, 2 failed');
});
