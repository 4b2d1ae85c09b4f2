import { describe, expect, test } from '@jest/globals';
import { type AppliedPath, ReloadSchedule } from '../../../../../plugins/devsync/reload/schedule.ts';
import { parseReloadRule } from '../../../../../plugins/devsync/spec/reload-spec.ts';

const every = 1000;
const scheduleOf = (...rules: string[]) => new ReloadSchedule({ rules: rules.map(parseReloadRule), every });
const path = (name: string, isRevert = false): AppliedPath => ({
  path: name,
  entry: { kind: 'file', digest: 'd'.repeat(64), size: 1, executable: false },
  isRevert,
});
const version = (name: string, number: number): AppliedPath => ({
  ...path(name),
  entry: { kind: 'file', digest: `${number}`.padStart(64, '0'), size: 1, executable: false },
});
const pathsOf = (schedule: ReloadSchedule, now: number) =>
  schedule.take(now).map(({ index, applied }) => [index, applied.map((one) => one.path)]);

describe('a rule', () => {
  test.each([
    ['*.ts', ['src/a.ts'], ['src/a.js']],
    ['/src', ['src/a', 'src/deep/b'], ['lib/src/a']],
    ['src/**/*.ts', ['src/a.ts', 'src/x/y/a.ts'], ['a.ts']],
    ['*', ['a', 'b/c'], []],
    ['a=b', ['a=b'], ['a']],
  ])('%s is a pattern as .gitignore has it', (pattern, matching, others) => {
    const schedule = scheduleOf(`${pattern}=restart`);
    schedule.applied(
      [...matching, ...others].map((one) => path(one)),
      0,
    );
    expect(pathsOf(schedule, 0)).toEqual([[0, matching]]);
  });

  test('that matches nothing does not reload', () => {
    const schedule = scheduleOf('*.ts=restart', '*.css=signal:HUP');
    schedule.applied([path('a.css')], 0);
    expect(pathsOf(schedule, 0)).toEqual([[1, ['a.css']]]);
    expect(schedule.nextDue).toBeUndefined();
  });
});

describe('the interval', () => {
  test('passes from the beginning of one reload to the next one, which takes all that came meanwhile', () => {
    const schedule = scheduleOf('*=restart');
    schedule.applied([path('a')], 100);
    expect(pathsOf(schedule, 100)).toEqual([[0, ['a']]]);
    schedule.ended(0);
    for (const [name, at] of [
      ['b', 200],
      ['c', 300],
      ['b', 400],
    ] as const)
      schedule.applied([path(name)], at);
    expect([schedule.nextDue, pathsOf(schedule, 1099)]).toEqual([1100, []]);
    expect(pathsOf(schedule, 1100)).toEqual([[0, ['b', 'c']]]);
  });

  test('a reload that takes longer is not overtaken by the next one', () => {
    const schedule = scheduleOf('*=exec:sleep 60');
    schedule.applied([path('a')], 0);
    expect(schedule.take(0)).toHaveLength(1);
    schedule.applied([path('b')], 10);
    expect([schedule.take(30_000), schedule.nextDue]).toEqual([[], undefined]);
    schedule.ended(0);
    expect(pathsOf(schedule, 60_000)).toEqual([[0, ['b']]]);
  });
});

describe('a loop', () => {
  /** Reloads, each of which makes the container change something, until it is stopped; resolves with their number. */
  function reloadsOf(
    answer: (schedule: ReloadSchedule, now: number) => void,
    { pause = every, action = 'exec:make' } = {},
  ): number {
    const schedule = scheduleOf(`*=${action}`);
    schedule.applied([path('a')], 0);
    let count = 0;
    for (let now = 0; count < 50; now += pause) {
      if (schedule.stopped(0) !== undefined) break;
      if (schedule.take(now).length === 0) continue;
      count++;
      answer(schedule, now + 100);
      schedule.ended(0);
    }
    return count;
  }

  test('by files that the reload changes in the container and the sync puts back is stopped', () => {
    expect(reloadsOf((schedule, now) => schedule.applied([path('a', true)], now))).toBe(5);
  });

  test('by files that come from the container and go there again is stopped', () => {
    const answer = (schedule: ReloadSchedule, now: number) => {
      schedule.received(['out.js'], now);
      schedule.applied([path('out.js')], now + 50);
    };
    expect(reloadsOf(answer)).toBe(5);
  });

  test('by a program here that answers each change from the container on other paths is stopped', () => {
    const answer = (schedule: ReloadSchedule, now: number) => {
      schedule.received(['out.js'], now);
      schedule.applied([path('out.min.js')], now + 500);
    };
    expect(reloadsOf(answer)).toBeLessThanOrEqual(7);
  });

  test('is none where a person saves again and again, and the command writes its output each time', () => {
    const save = (schedule: ReloadSchedule, now: number) => {
      schedule.received(['report.html'], now);
      schedule.applied([path('a')], now + 4000);
    };
    expect(reloadsOf(save, { pause: 5000 })).toBe(50);
  });

  test('is none where nothing comes from the container', () => {
    expect(reloadsOf((schedule, now) => schedule.applied([path('a')], now))).toBe(50);
  });

  describe.each([
    ['restart', true],
    ['rollout', false],
  ])('by a %s', (action, isSamePod) => {
    const anew = (entries: () => readonly AppliedPath[]) =>
      reloadsOf(
        (schedule, now) => {
          schedule.begin(isSamePod);
          schedule.applied(entries(), now + 700);
        },
        { action },
      );

    test('of a container that clears files when it starts, which are put there as they were, is stopped', () => {
      // The first time, nobody knows whether they had been there before.
      expect(anew(() => [path('build/a.js'), path('build/b.js')])).toBe(6);
    });

    test('of a container that makes anew what is deleted here is stopped', () => {
      expect(anew(() => [{ ...path('a'), entry: undefined }])).toBe(6);
    });

    test('is none where a person saves, whatever is put back along with it', () => {
      let saves = 0;
      expect(anew(() => [path('build/a.js'), version('a', saves++)])).toBe(50);
      expect(anew(() => [version('a', saves++ % 2)])).toBe(50);
    });
  });

  test('is none where other pods come that a restart has not made', () => {
    const otherPod = (schedule: ReloadSchedule, now: number) => {
      schedule.begin(false);
      schedule.applied([path('a')], now);
    };
    expect(reloadsOf(otherPod, { action: 'restart' })).toBe(50);
  });

  test('is none where a command follows what a restart by another rule brings back', () => {
    const schedule = scheduleOf('*.js=restart', '*.css=exec:make');
    for (let round = 0; round < 10; round++) {
      schedule.applied([version('a.js', round)], round * 5000);
      expect(pathsOf(schedule, round * 5000)).toEqual([[0, ['a.js']]]);
      schedule.begin(true);
      schedule.ended(0);
      schedule.applied([path('a.css')], round * 5000 + 900);
      expect(pathsOf(schedule, round * 5000 + 2000)).toEqual([[1, ['a.css']]]);
      schedule.ended(1);
    }
  });

  test('that was stopped says which paths, and goes on when it is told to', () => {
    const schedule = scheduleOf('*=exec:make', '*.css=signal:HUP');
    schedule.applied([path('a')], 0);
    for (let now = 0; now < 20_000; now += 1000) {
      if (schedule.take(now).length === 0) continue;
      schedule.applied([path('a', true)], now + 1);
      schedule.ended(0);
    }
    expect(schedule.stopped(0)).toMatch(/caused by itself 5 times in a row \(a\)/);
    schedule.applied([path('b.css')], 30_000);
    expect(pathsOf(schedule, 30_000)).toEqual([[1, ['b.css']]]);
    schedule.resume();
    expect(pathsOf(schedule, 31_000)).toEqual([[0, ['b.css']]]);
  });
});

describe('what waits when another container begins', () => {
  const begun = (rule: string, isSamePod: boolean) => {
    const schedule = scheduleOf(rule);
    schedule.applied([version('a', 1), version('b', 1)], 0);
    schedule.begin(isSamePod);
    expect([schedule.take(0), schedule.nextDue]).toEqual([[], undefined]);
    return schedule;
  };

  test.each([
    ['*=exec:make', true, 2],
    ['*=exec:make', false, 2],
    ['*=signal:HUP', true, 2],
    ['*=signal:HUP', false, 2],
    ['*=rollout', true, 2],
    ['*=restart', false, 2],
    // Its beginning has done it.
    ['*=restart', true, 0],
    ['*=rollout', false, 0],
  ])('for %s (in the same pod: %s) is kept: %i', (rule, isSamePod, count) => {
    expect(begun(rule, isSamePod).kept).toHaveLength(count);
  });

  test('reloads once it is there, with what the new one has of it, and only that', () => {
    const schedule = begun('*=exec:make', false);
    schedule.arrivedAgain([version('b', 2), version('never-waited', 1)], 700);
    const [due] = schedule.take(700);
    expect(due?.applied).toEqual([version('b', 2)]);
    schedule.ended(0);
    expect(schedule.kept).toEqual([version('a', 1)]);
    schedule.applied([version('a', 2)], 5000);
    expect([pathsOf(schedule, 5000), schedule.kept]).toEqual([[[0, ['a']]], []]);
  });

  test('and what could not be asked for is kept, but for what has arrived since', () => {
    const schedule = scheduleOf('*=exec:make');
    schedule.applied([version('a', 1), version('b', 1)], 0);
    const [due] = schedule.take(0);
    schedule.applied([version('a', 2)], 10);
    if (due) schedule.giveBack(due);
    schedule.ended(0);
    expect(schedule.kept).toEqual([version('b', 1)]);
  });
});
