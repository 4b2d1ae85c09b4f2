/** --every and what goes with it. */
import { expect, test } from '@jest/globals';
import {
  type ScheduleFlags,
  scheduleWishOf,
} from '../../../../../../plugins/x8sync/commands/options/schedule-options.ts';
import { UsageError } from '../../../../../../src/errors.ts';

const flags: ScheduleFlags = {
  ...{ every: '15m', timeZone: undefined, name: 'fresh', fsGroup: undefined, strategies: [] },
  ...{
    force: false,
    dryRun: false,
    cutover: false,
    detach: false,
    snapshot: false,
    clone: false,
    push: false,
  },
  ...{ delete: false, yes: false },
};

test('is nothing without --every', () => {
  expect(scheduleWishOf({ ...flags, every: undefined, name: undefined })).toBeUndefined();
});

test('keeps the brake on deletions, unless a person took it off beforehand', () => {
  expect(scheduleWishOf(flags)).toMatchObject({ every: '15m', cron: '*/15 * * * *', deletes: 'nothing' });
  expect(scheduleWishOf({ ...flags, delete: true })).toMatchObject({ deletes: 'half' });
  expect(scheduleWishOf({ ...flags, delete: true, yes: true })).toMatchObject({ deletes: 'all' });
});

test.each<[string, Partial<ScheduleFlags>]>([
  ['--name', { name: undefined }],
  ['--time-zone', { every: undefined, timeZone: 'UTC' }],
  ['--force', { force: true }],
  ['--dry-run', { dryRun: true }],
  ['--cutover', { cutover: true }],
  ['--detach', { detach: true }],
  ['--snapshot', { snapshot: true }],
  ['--clone', { clone: true }],
  ['--push', { push: true }],
  ['--fs-group', { fsGroup: '1000' }],
  ['a relay', { strategies: ['relay'] }],
])('refuses, and names the reason: %s', (named, given) => {
  const wish = () => scheduleWishOf({ ...flags, ...given });
  expect(wish).toThrow(UsageError);
  expect(wish).toThrow(named);
});
