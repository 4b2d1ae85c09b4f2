import { expect, test } from '@jest/globals';
import { RemoteMovedError } from '../../../../../../plugins/devsync/session/attach/remote-root.ts';
import { attemptFailure } from '../../../../../../plugins/devsync/session/runner/attempt-failure.ts';
import { UnreachableError, X8sError } from '../../../../../../src/errors.ts';

test('is told on one line, details and all', () => {
  const { message } = attemptFailure(new X8sError('it failed', { details: ['here', 'and there'] }));
  expect(message).toBe('it failed; here; and there');
  expect(attemptFailure('of any kind').message).toBe('of any kind');
});

test('of a cluster that does not answer is not like any other', () => {
  expect(attemptFailure(new UnreachableError('no answer')).isOutOfReach).toBe(true);
  expect(attemptFailure(new X8sError('refused')).isOutOfReach).toBe(false);
});

test('of a REMOTE that leads elsewhere is kept for a person to answer', () => {
  const moved = new RemoteMovedError('it leads elsewhere', () => {});
  expect(attemptFailure(moved).remoteMoved).toBe(moved);
  expect(attemptFailure(new X8sError('refused')).remoteMoved).toBeUndefined();
});
