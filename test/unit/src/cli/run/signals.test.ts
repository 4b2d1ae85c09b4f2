import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import { handleSignals } from '../../../../../src/cli/run/signals.ts';
import { InterruptedError } from '../../../../../src/errors.ts';

/** A stand-in for the process, on a clock that the test moves. */
function standIn() {
  const exits: unknown[] = [];
  const it = { now: 1000 };
  const process = Object.assign(new EventEmitter(), {
    exit: (code: unknown) => void exits.push(code),
    stderr: { isTTY: false },
  });
  const signals = handleSignals(process as never, { monotonic: () => it.now });
  return { it, exits, signals, send: (name: string) => process.emit(name) };
}

test('signals at the same moment are one wish: it stops in good order', () => {
  const { it, exits, signals, send } = standIn();
  send('SIGTERM');
  it.now += 1;
  send('SIGTERM');
  send('SIGHUP');
  expect(signals.signal.reason).toBeInstanceOf(InterruptedError);
  expect(exits).toEqual([]);
});

test('a later one is another: it stops at once', () => {
  const { it, exits, send } = standIn();
  send('SIGINT');
  it.now += 101;
  send('SIGINT');
  expect(exits).toEqual([130]);
});

test('after an error that nobody caught, the first signal stops at once', () => {
  const { exits, signals, send } = standIn();
  signals.abort(new Error('a bug'));
  send('SIGTERM');
  expect(exits).toEqual([143]);
});
