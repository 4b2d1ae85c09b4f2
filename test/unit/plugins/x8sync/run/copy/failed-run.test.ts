import { describe, expect, test } from '@jest/globals';
import { cleanedUpError, staysError } from '../../../../../../plugins/x8sync/run/copy/failed-run.ts';
import { InterruptedError } from '../../../../../../src/errors.ts';

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
