/** What a resource is told to do that can't be carried out. */
import { expect, test } from '@jest/globals';
import { Refusal } from '../../../../../../plugins/nsreplicate/controller/resource/refusal.ts';
import { standingAfter } from '../../../../../../plugins/nsreplicate/controller/resource/standing-after.ts';
import { UnreachableError } from '../../../../../../src/errors.ts';

const refusal = new Refusal('TokenForbidden', 'no token', 'install --namespaces shop');

test('what would allow it, as a rule', () => {
  expect(standingAfter(refusal, false)).toEqual({
    is: 'refused',
    reason: 'TokenForbidden',
    message: 'no token (install --namespaces shop)',
  });
});

test.each([
  ['refused', refusal],
  ['failed', new UnreachableError('it does not answer')],
])('how it is let go, where it is being deleted and its copies can not be: %s', (is, error) => {
  const standing = standingAfter(error, true);
  expect(standing).toMatchObject({ is, message: expect.stringContaining('x8s.dev/deletion-policy: keep') });
  expect(standing).toMatchObject({ message: expect.not.stringContaining('install') });
});
