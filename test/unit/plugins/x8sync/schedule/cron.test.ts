/** When a cron schedule runs next, by the rules of robfig/cron, which Kubernetes uses. */
import { describe, expect, test } from '@jest/globals';
import { nextRun, parseCron } from '../../../../../plugins/x8sync/schedule/cron.ts';

function next(cron: string, after: string, timeZone = 'Etc/UTC'): string | undefined {
  const schedule = parseCron(cron);
  if (!schedule) throw new Error(`${cron} is no schedule`);
  return nextRun(schedule, new Date(after), timeZone)?.toISOString();
}

describe('nextRun', () => {
  test.each([
    ['* * * * *', '2026-11-29T06:08:52Z', '2026-11-29T06:09:00.000Z'],
    ['* * * * *', '2026-11-29T06:08:00Z', '2026-11-29T06:09:00.000Z'],
    ['*/15 * * * *', '2026-11-29T06:45:10Z', '2026-11-29T07:00:00.000Z'],
    ['7/20 * * * *', '2026-11-29T06:30:00Z', '2026-11-29T06:47:00.000Z'],
    ['0 */6 * * *', '2026-11-29T18:00:00Z', '2026-11-30T00:00:00.000Z'],
    ['30 3 * * *', '2026-12-31T04:00:00Z', '2027-01-01T03:30:00.000Z'],
    ['0 0 29 2 *', '2026-11-29T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['@weekly', '2026-11-29T00:00:00Z', '2026-12-06T00:00:00.000Z'],
    ['0 9 * * MON-FRI', '2026-11-27T09:00:00Z', '2026-11-30T09:00:00.000Z'],
    ['0 0 1 JAN,jul ?', '2026-11-29T00:00:00Z', '2027-01-01T00:00:00.000Z'],
  ])('%s after %s', (cron, after, expected) => {
    expect(next(cron, after)).toBe(expected);
  });

  test('takes a day that either the day or the weekday names, where both are limited', () => {
    expect(next('0 0 13 * 5', '2026-11-29T00:00:00Z')).toBe('2026-12-04T00:00:00.000Z');
    expect(next('0 0 1 * 5', '2026-11-29T00:00:00Z')).toBe('2026-12-01T00:00:00.000Z');
    // A star with a step is no star.
    expect(next('0 0 */30 * 5', '2026-11-29T00:00:00Z')).toBe('2026-12-01T00:00:00.000Z');
  });

  test('keeps to a time zone, also where its clocks change', () => {
    expect(next('30 3 * * *', '2026-11-29T12:00:00Z', 'Europe/Berlin')).toBe('2026-11-30T02:30:00.000Z');
    expect(next('0 12 * * *', '2026-03-28T12:00:00Z', 'Europe/Berlin')).toBe('2026-03-29T10:00:00.000Z');
    expect(next('0 0 * * *', '2026-03-28T23:30:00Z', 'Europe/Berlin')).toBe('2026-03-29T22:00:00.000Z');
    expect(next('15 * * * *', '2026-11-29T12:00:00Z', 'Asia/Kolkata')).toBe('2026-11-29T12:45:00.000Z');
  });

  test('names none for a day that there is not', () => {
    expect(next('0 0 30 2 *', '2026-11-29T00:00:00Z')).toBeUndefined();
  });
});

describe('parseCron', () => {
  test.each([
    '',
    '* * * *',
    '* * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 7',
    '5-1 * * * *',
    '*/0 * * * *',
    'x * * * *',
    '@every 5m',
    'TZ=UTC * * * * *',
    '*-5 * * * *',
    '1-2-3 * * * *',
  ])('refuses %j', (text) => {
    expect(parseCron(text)).toBeUndefined();
  });
});
