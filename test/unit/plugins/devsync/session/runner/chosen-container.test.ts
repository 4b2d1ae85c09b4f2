import { describe, expect, test } from '@jest/globals';
import type { Target } from '../../../../../../plugins/devsync/launch/launcher.ts';
import { ChosenContainer } from '../../../../../../plugins/devsync/session/runner/chosen-container.ts';

const target = (containerId: string) => ({ containerId }) as Target;
const never = new AbortController().signal;

describe('a container that was chosen', () => {
  test('is worked with until another one is, or none', () => {
    const chosen = new ChosenContainer();
    for (const next of [target('b'), undefined]) {
      chosen.choose({ target: target('a'), message: '' });
      const left = chosen.begin();
      chosen.choose({ target: target('a'), message: 'again' });
      expect([left.aborted, chosen.is(target('a'))]).toEqual([false, true]);
      chosen.choose({ target: next, message: '' });
      expect([left.aborted, chosen.is(target('a'))]).toEqual([true, false]);
    }
  });

  test('may have been left before the work with it begins', () => {
    const chosen = new ChosenContainer();
    chosen.choose({ target: target('a'), message: '' });
    expect(chosen.begin().aborted).toBe(false);
  });
});

test('why there is none is said once somebody has looked', () => {
  const chosen = new ChosenContainer();
  expect([chosen.refusal, chosen.message]).toEqual([undefined, 'looking for a pod']);
  chosen.choose({ target: undefined, message: 'no pod is ready' });
  expect(chosen.refusal?.message).toBe('nothing can be synced right now: no pod is ready');
  chosen.choose({ target: target('a'), message: '' });
  expect(chosen.refusal).toBeUndefined();
});

test('the next choice is waited for, whatever it is, and no longer than the signal wants', async () => {
  const chosen = new ChosenContainer();
  const next = chosen.next(never);
  chosen.choose({ target: undefined, message: 'none' });
  await next;
  const stop = new AbortController();
  const stopped = chosen.next(stop.signal);
  stop.abort();
  await stopped;
});
