/** Timeouts that pass when a test says so. */
import { jest } from '@jest/globals';

/**
 * Timeouts and intervals of the code under test wait for `jest.advanceTimersByTime` from now on, until the result is
 * disposed of. Sockets, promises and clocks go on as ever; what Node.js times by itself, such as `socket.setTimeout`,
 * does too.
 *
 * @param performance whether `performance.now()` moves with them, and stands still otherwise
 */
export function fakeTimeouts({ performance = false } = {}): Disposable {
  jest.useFakeTimers({
    doNotFake: [
      ...(performance ? [] : ['performance' as const]),
      'Date',
      'hrtime',
      'nextTick',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
    ],
  });
  return { [Symbol.dispose]: () => void jest.useRealTimers() };
}
