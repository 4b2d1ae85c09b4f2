/** How far a transfer has come: what is counted, and in which words it is told. */
import { describe, expect, test } from '@jest/globals';
import { Activity, joinActivities } from '../../../../../../plugins/devsync/session/status/activity.ts';
import { Progress, progressWords } from '../../../../../../plugins/devsync/session/status/progress.ts';
import { fakeClock } from '../../../../support/fake-clock.ts';

const amount = (operations: number, bytes: number) => ({ operations, bytes });

describe('what is counted', () => {
  test('nothing, where nothing is under way', () => {
    const progress = new Progress();
    progress.advance(amount(1, 10));
    expect(progress.state).toBeUndefined();
  });

  test('transfers that overlap are one; the next one begins anew', () => {
    const progress = new Progress();
    const first = progress.begin(amount(2, 100));
    progress.advance(amount(1, 60));
    const second = progress.begin(amount(3, 50));
    first();
    expect(progress.state).toEqual({ total: amount(5, 150), done: amount(1, 60) });
    second();
    expect(progress.state).toBeUndefined();
    progress.begin(amount(1, 1));
    expect(progress.state).toEqual({ total: amount(1, 1), done: amount(0, 0) });
  });

  test('what is sent twice does not make it more than whole', () => {
    const progress = new Progress();
    progress.begin(amount(1, 10));
    for (let times = 0; times < 2; times++) progress.advance(amount(1, 10));
    expect(progress.state).toEqual({ total: amount(1, 10), done: amount(1, 10) });
  });

  test('a stream that is lost takes along what was under way, and its end disturbs no later one', () => {
    const activity = new Activity(fakeClock());
    const before = activity.planned(amount(7, 70));
    activity.lost();
    expect(activity.state.progress).toBeUndefined();
    activity.planned(amount(1, 5));
    before();
    expect(activity.state.progress?.total).toEqual(amount(1, 5));
  });

  test('sessions are added up; one that is done already counts no more', () => {
    const [one, other, idle] = [0, 0, 0].map(() => new Activity(fakeClock()));
    one?.planned(amount(4, 40));
    other?.planned(amount(6, 60));
    one?.sent('container', 'digest', 15, 12);
    const states = [one, other, idle].flatMap((activity) => activity?.state ?? []);
    expect(joinActivities(states).progress).toEqual({ total: amount(10, 100), done: amount(0, 15) });
    expect(joinActivities(states.slice(2)).progress).toBeUndefined();
  });
});

describe('the words', () => {
  const at = (done: [number, number], total: [number, number]) => ({
    done: amount(...done),
    total: amount(...total),
  });

  test.each<[string | undefined, ReturnType<typeof at> | undefined, number]>([
    [undefined, undefined, 0],
    [undefined, at([0, 0], [1, 2_000]), 1000],
    ['0 of 8,000 changes', at([0, 0], [8_000, 0]), 0],
    ['1,240 of 8,000 changes, 35 MiB of 120 MiB', at([1_240, 35 << 20], [8_000, 120 << 20]), 0],
    ['35 MiB of 120 MiB, about 85s left', at([0, 35 << 20], [1, 120 << 20]), 1 << 20],
    ['7,999 of 8,000 changes, 120 MiB of 120 MiB', at([7_999, 120 << 20], [8_000, 120 << 20]), 1 << 20],
  ])('are %j', (words, progress, rate) => {
    expect(progressWords(progress, rate)).toBe(words);
  });
});
