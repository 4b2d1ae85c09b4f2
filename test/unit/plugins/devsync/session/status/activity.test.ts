/** What was carried over last, for people who look on. */
import { expect, test } from '@jest/globals';
import type { Operation } from '../../../../../../plugins/devsync/reconcile/operations.ts';
import { Activity, joinActivities } from '../../../../../../plugins/devsync/session/status/activity.ts';
import { fakeClock } from '../../../../support/fake-clock.ts';
import { version } from '../../support/fake-endpoints.ts';

const made = (path: string): Operation => ({ path, old: undefined, new: version('1') });
const changed = (path: string): Operation => ({ path, old: version('1'), new: version('2') });

test('each path is named once, with what became of it last', async () => {
  const clock = fakeClock();
  const activity = new Activity(clock);
  const arrives = (batch: Operation[]) =>
    activity.arrived(
      'container',
      batch,
      batch.map(({ path }) => ({ path })),
      0,
    );
  arrives([made('a'), made('b')]);
  for (let save = 0; save < 12; save++) {
    await clock.advance(1_000);
    arrives([changed('a')]);
  }
  arrives([{ path: 'b', old: version('1'), new: undefined }, made('b')]);
  const { last } = activity.state;
  expect(last.map(({ path, what, at }) => [path, what, at])).toEqual([
    ['b', 'made', '2026-01-01T00:00:12.000Z'],
    ['a', 'changed', '2026-01-01T00:00:12.000Z'],
  ]);
  const both = joinActivities([activity.state, activity.state]).last;
  expect(both.map(({ path }) => path)).toEqual(['b', 'a']);
});

test('the last ten are named', () => {
  const activity = new Activity(fakeClock());
  const batch = Array.from({ length: 30 }, (_, index) => made(`f${index}`));
  activity.arrived(
    'local',
    batch,
    batch.map(({ path }) => ({ path })),
    0,
  );
  expect(activity.state.last.map(({ path }) => path)).toEqual(
    batch
      .slice(-10)
      .reverse()
      .map(({ path }) => path),
  );
});
