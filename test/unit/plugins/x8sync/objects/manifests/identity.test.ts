import { describe, expect, test } from '@jest/globals';
import {
  parseGroup,
  parseIdentity,
  passwdFor,
} from '../../../../../../plugins/x8sync/objects/manifests/identity.ts';
import { UsageError } from '../../../../../../src/errors.ts';

describe('--run-as', () => {
  test.each([
    ['1000', { uid: 1000, gid: 1000 }],
    ['1000:2000', { uid: 1000, gid: 2000 }],
    ['0', { uid: 0, gid: 0 }],
    ['2147483647', { uid: 2147483647, gid: 2147483647 }],
  ])('%s', (text, expected) => {
    expect(parseIdentity(text, '--run-as')).toEqual(expected);
  });

  test.each(['', 'root', '1000:', ':1000', '1:2:3', '-1', '2147483648', '1e3', ' 1'])(
    '%p is refused',
    (text) => {
      expect(() => parseIdentity(text, '--run-as')).toThrow(UsageError);
    },
  );
});

test('--fs-group is a number, and not root', () => {
  expect(parseGroup('2000', '--fs-group')).toBe(2000);
  for (const text of ['0', 'staff', '1:2', ''])
    expect(() => parseGroup(text, '--fs-group')).toThrow(UsageError);
});

test("a user that the image does not know gets a list of users; root and the image's own need none", () => {
  expect(passwdFor({ uid: 1000, gid: 2000 })).toContain('mover:*:1000:2000:');
  expect(passwdFor({ uid: 0, gid: 0 })).toBeUndefined();
  expect(passwdFor({ uid: 65532, gid: 65532 })).toBeUndefined();
});
