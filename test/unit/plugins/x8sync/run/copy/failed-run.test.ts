import { describe, expect, test } from '@jest/globals';
import {
  cleanedUpError,
  staysError,
  withDetails,
} from '../../../../../../plugins/x8sync/run/copy/failed-run.ts';
import { InterruptedError, X8sError } from '../../../../../../src/errors.ts';

const interrupted = new InterruptedError('SIGINT');
const request = { mode: 'merge', name: undefined } as const;

describe('an interrupted run', () => {
  test('says how to go on or to end what stays', () => {
    const stays = { name: 'db', context: 'lab-b' };
    expect(staysError(interrupted, { ...stays, isRelayed: false })).toMatchObject({
      message: expect.stringMatching(/task db stays .* a mover that runs goes on$/),
      hint: expect.stringMatching(/cleanup db --context lab-b$/),
    });
  });

  test('ends by the signal that it was interrupted by', () => {
    const terminated = new InterruptedError('SIGTERM');
    expect(cleanedUpError(terminated, request, undefined).exitCode).toBe(terminated.exitCode);
    expect(cleanedUpError(interrupted, request, undefined).exitCode).toBe(interrupted.exitCode);
  });

  test('says what it had done, and hints at the rest only where there is one', () => {
    const done = { text: 'the files are at the target', isWhole: true };
    const whole = cleanedUpError(interrupted, request, done);
    expect([whole.message, whole.hint]).toEqual([
      'interrupted; the files are at the target, and all that the task had made is cleaned up',
      undefined,
    ]);
    expect(cleanedUpError(interrupted, request, { ...done, isWhole: false }).hint).toBe(
      'run the same command again for the rest',
    );
  });
});

test('what is left comes to what an error says already, and its hint in the place of the own one', () => {
  const error = new X8sError('it failed', { details: ['since'], hint: 'do' });
  expect(withDetails(error, ['left'], undefined)).toBe(error);
  expect([error.details, error.hint]).toEqual([['since', 'left'], 'do']);
  withDetails(error, [], 'clean up');
  expect(error.hint).toBe('clean up');
  expect(withDetails('no error of ours', ['left'], 'clean up')).toBe('no error of ours');
});
