/** What --every takes. */
import { describe, expect, test } from '@jest/globals';
import { describeTimetable, parseTimetable } from '../../../../../plugins/x8sync/schedule/interval.ts';
import { UsageError } from '../../../../../src/errors.ts';

describe('parseTimetable', () => {
  test.each([
    ['1m', '* * * * *'],
    ['15m', '*/15 * * * *'],
    ['60m', '0 * * * *'],
    ['3600s', '0 * * * *'],
    ['1h', '0 * * * *'],
    ['6h', '0 */6 * * *'],
    ['24h', '0 0 * * *'],
    ['1d', '0 0 * * *'],
    ['7d', '0 0 * * 0'],
  ])('%s is %s', (every, cron) => {
    expect(parseTimetable(every)).toEqual({ every, cron, timeZone: 'Etc/UTC' });
    expect(describeTimetable(parseTimetable(every))).toBe(`every ${every}`);
  });

  test('takes the fields of cron, and a time zone', () => {
    const timetable = parseTimetable('30 3 * * *', 'Europe/Berlin');
    expect(timetable).toEqual({ every: '30 3 * * *', cron: '30 3 * * *', timeZone: 'Europe/Berlin' });
    expect(describeTimetable(timetable)).toBe('at "30 3 * * *" (Europe/Berlin)');
    expect(describeTimetable(parseTimetable('@daily'))).toBe('at "@daily" (UTC)');
  });

  test.each([
    ['45m', '30m or 1h'],
    ['7m', '6m or 10m'],
    ['90m', '1h or 2h'],
    ['5h', '4h or 6h'],
    ['30s', '1m'],
    ['0m', '1m'],
    ['2d', '1d or 7d'],
    ['30d', '7d'],
  ])('refuses %s, and names %s', (every, nearest) => {
    let hint: string | undefined;
    try {
      parseTimetable(every);
    } catch (error) {
      if (error instanceof UsageError) hint = error.hint;
    }
    expect(hint).toBe(`the nearest that it can: ${nearest}`);
  });

  test.each([['soon'], ['1h30m'], ['61 * * * *'], ['']])('refuses %j', (every) => {
    expect(() => parseTimetable(every)).toThrow(UsageError);
  });

  test('refuses a time zone for an interval, which a change of the clocks would make uneven', () => {
    expect(() => parseTimetable('6h', 'Europe/Berlin')).toThrow(/--time-zone/);
  });

  test.each([['Mars/Olympus'], ['+01:00'], ['']])('refuses the time zone %j', (zone) => {
    expect(() => parseTimetable('0 3 * * *', zone)).toThrow(UsageError);
  });
});
