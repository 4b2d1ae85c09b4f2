import { getEventListeners } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { onAbort } from '../../../../src/async/abort.ts';
import { deadline } from '../../../../src/async/deadline.ts';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

describe('onAbort', () => {
  test('tells all who hear a signal, by one listener of it', () => {
    const controller = new AbortController();
    const told: string[] = [];
    const both = () => told.push('both');
    onAbort(controller.signal, both);
    onAbort(controller.signal, both);
    const forget = onAbort(controller.signal, () => told.push('no more'));
    expect(listeners(controller.signal)).toBe(1);
    forget();
    forget();
    controller.abort();
    expect(told).toEqual(['both', 'both']);
  });

  test('leaves no listener when nobody hears it, and can be heard again', () => {
    const controller = new AbortController();
    const told: string[] = [];
    onAbort(controller.signal, () => told.push('first'))();
    expect(listeners(controller.signal)).toBe(0);
    onAbort(controller.signal, () => told.push('second'));
    controller.abort();
    expect(told).toEqual(['second']);
  });
});

describe('deadline', () => {
  test('ends with its parent, for the same reason, until it is released', () => {
    const parent = new AbortController();
    const [held, released] = [deadline(0, parent.signal), deadline(60_000, parent.signal)];
    released.release();
    parent.abort(new Error('enough'));
    expect(held.signal.reason).toEqual(new Error('enough'));
    expect(released.signal.aborted).toBe(false);
    held.release();
    expect(listeners(parent.signal)).toBe(0);
  });
});
