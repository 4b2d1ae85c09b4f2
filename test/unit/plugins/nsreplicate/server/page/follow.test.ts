/** How the page notices that the service has fallen silent. */
import { afterEach, expect, test } from '@jest/globals';
import { follow } from '../../../../../../plugins/nsreplicate/server/page/follow.ts';
import { unheardText } from '../../../../../../plugins/nsreplicate/server/page/words.ts';
import { type FakeClock, fakeClock } from '../../../../support/fake-clock.ts';

const stops: AbortController[] = [];

afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort(new Error('the test is over'));
});

interface Connection {
  readonly came: () => void;
  readonly signal: AbortSignal;
  readonly end: (error?: Error) => void;
}

function scene(clock: FakeClock = fakeClock()) {
  const connections: Connection[] = [];
  const told: string[] = [];
  const stop = new AbortController();
  stops.push(stop);
  const over = follow(
    {
      listen: (came, signal) =>
        new Promise((resolve, reject) => {
          const end = (error?: Error) => (error ? reject(error) : resolve());
          connections.push({ came, signal, end });
        }),
      heard: () => told.push('heard'),
      unheard: (since) => told.push(since?.toISOString().slice(11, 19) ?? 'never'),
      clock,
    },
    stop.signal,
  );
  return { clock, connections, told, stop, over };
}

test('a stream on which something comes is listened to for as long as that goes on', async () => {
  const { clock, connections, told } = scene();
  for (let count = 0; count < 20; count++) {
    connections[0]?.came();
    await clock.advance(15_000);
  }
  expect([connections.length, told]).toEqual([1, ['heard']]);
});

test('a stream that falls silent is given up, which is said with the time, and another one is opened', async () => {
  const { clock, connections, told } = scene();
  await clock.advance(15_000);
  connections[0]?.came();
  await clock.advance(34_000);
  expect([connections[0]?.signal.aborted, told]).toEqual([false, ['heard']]);
  await clock.advance(1000);
  // The connection does not even hear that it is over.
  expect([connections[0]?.signal.aborted, told]).toEqual([true, ['heard', '00:00:15']]);
  // What comes late on a connection that was given up is nothing.
  connections[0]?.came();
  await clock.advance(3000);
  expect([connections.length, told.length]).toEqual([2, 2]);
  connections[1]?.came();
  expect(told).toEqual(['heard', '00:00:15', 'heard']);
});

test('one that never answers is given up too, and what came last before it is still what is said', async () => {
  const { clock, connections, told } = scene();
  await clock.advance(35_000);
  expect(told).toEqual(['never']);
  await clock.advance(3000);
  connections[1]?.came();
  connections[1]?.end(new Error('lost'));
  await clock.advance(0);
  expect(told).toEqual(['never', 'heard', '00:00:38']);
  await clock.advance(38_000);
  expect(told).toEqual(['never', 'heard', '00:00:38', '00:00:38']);
});

test('ends with its signal, and says nothing more', async () => {
  const { connections, told, stop, over } = scene();
  connections[0]?.came();
  stop.abort(new Error('signed out'));
  await over;
  expect([connections[0]?.signal.aborted, told]).toEqual([true, ['heard']]);
});

test('it is said since when nothing was heard', () => {
  expect(unheardText(new Date(2026, 0, 1, 14, 3, 12))).toBe(
    'Nothing heard since 14:03:12; connecting again. What is shown may be old.',
  );
  expect(unheardText(undefined)).toBe('The service does not answer; connecting again.');
});
