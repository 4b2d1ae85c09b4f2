import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { line, niceCeiling } from '../../../../../../plugins/nsreplicate/server/page/scale.ts';
import {
  duration,
  explain,
  problemOf,
  severity,
  standing,
  withoutTasks,
} from '../../../../../../plugins/nsreplicate/server/page/words.ts';

const upToDate = { reachable: true, pending: 0, oldestMs: 0, failed: 0, uncompared: 0 };

describe('how a replica stands, in words', () => {
  test.each([
    [{}, 'up to date', 'good'],
    [{ pending: 2, oldestMs: 1500 }, '2 objects behind, the oldest for 1.5 s', 'busy'],
    [{ failed: 1 }, 'up to date but for 1 object', 'bad'],
    [{ uncompared: 3 }, '3 objects not compared yet', 'busy'],
    [{ reachable: false }, 'does not answer', 'bad'],
    [
      { reachable: false, pending: 1, oldestMs: 60_000 },
      'does not answer; 1 object behind, the oldest for 1 min 0 s',
      'bad',
    ],
  ])('%j: %s', (change, words, how) => {
    const replica = { ...upToDate, ...change };
    expect([standing(replica), severity(replica)]).toEqual([words, how]);
  });
});

test('each reason that the engine gives to a failure has words for what to do', () => {
  const folder = join(import.meta.dirname, '..', '..', '..', '..', '..', '..', 'plugins', 'nsreplicate');
  const sources = ['reconcile', 'clusters', 'decide'].flatMap((room) => globSync(join(folder, room, '*.ts')));
  const reasons = sources.flatMap((file) =>
    [
      ...readFileSync(file, 'utf8').matchAll(
        /(?:reason: |failure\('(?:later|decision)', |decision\(|REASON = )'([a-z-]+)'/g,
      ),
    ].map(([, reason = '']) => reason),
  );
  expect(reasons.length).toBeGreaterThan(15);
  // What is only left is no failure.
  const failures = new Set(reasons.filter((reason) => !reason.endsWith('-guarded')));
  const unexplained = [...failures].filter((reason) => explain(reason).means === `It failed: ${reason}.`);
  expect(unexplained).toEqual([]);
});

test.each([
  [0, '0 ms'],
  [950, '950 ms'],
  [1234, '1.2 s'],
  [59_600, '1 min 0 s'],
  [7_500_000, '2 h 5 min'],
])('%d ms is %s', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

describe('a line', () => {
  test.each([
    [0, 1],
    [1, 1],
    [1.1, 2],
    [3, 5],
    [51, 100],
  ])('of values up to %d has a scale up to %d', (value, most) => {
    expect(niceCeiling(value)).toBe(most);
  });

  test('goes from left to right, and up', () => {
    const frame = { width: 100, height: 10, from: 0, to: 1000, most: 5 };
    const points = [
      { at: -1, value: 1 },
      { at: 0, value: 0 },
      { at: 500, value: 5 },
      { at: 1000, value: 99 },
    ];
    expect(line(points, frame)).toBe('0.0,10.0 50.0,0.0 100.0,0.0');
  });
});

test('that there are no tasks is said only of a state that was read', () => {
  const none = { tasks: 0, newer: [] };
  expect([problemOf(none), withoutTasks(none)]).toEqual([
    '',
    'No task has kept its state in this cluster yet.',
  ]);
  const unread = { ...none, problem: 'not listed yet' };
  expect(problemOf(unread)).toContain('not listed yet');
  expect(withoutTasks(unread)).toBe('No task can be shown.');
  const newer = { tasks: 0, newer: ['dr'] };
  expect(problemOf(newer)).toBe(
    'Not shown, since a newer version of this plugin runs them: dr. Update this service.',
  );
  expect(withoutTasks(newer)).toBe('No task can be shown.');
});
