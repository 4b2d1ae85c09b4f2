/** Flags of a cutover that contradict each other. */
import { expect, test } from '@jest/globals';
import {
  type CutoverFlags,
  checkCutover,
} from '../../../../../../plugins/x8sync/commands/options/cutover-options.ts';

const none: CutoverFlags = {
  ...{ cutover: false, downtimeGoal: undefined, thenStart: undefined },
  ...{ force: false, dryRun: false, allowMounted: false },
};

test.each<[string, Partial<CutoverFlags>]>([
  ['--then without --cutover', { thenStart: 'source' }],
  ['--downtime-goal without --cutover', { downtimeGoal: 1000 }],
  ['a goal that no copy reaches', { cutover: true, downtimeGoal: 0 }],
  ['--force', { cutover: true, force: true }],
  ['--dry-run', { cutover: true, dryRun: true }],
  ['--allow-mounted', { cutover: true, allowMounted: true }],
])('%s is refused', (_, flags) => {
  expect(() => checkCutover({ ...none, ...flags })).toThrow(expect.objectContaining({ exitCode: 2 }));
});

test.each<Partial<CutoverFlags>>([
  {},
  { cutover: true },
  { cutover: true, downtimeGoal: 1, thenStart: 'nothing' },
])('%j is not', (flags) => expect(() => checkCutover({ ...none, ...flags })).not.toThrow());

test('who asks for a dry run of a cutover is led to what tells the same', () => {
  expect(() => checkCutover({ ...none, cutover: true, dryRun: true })).toThrow(
    expect.objectContaining({
      hint: expect.stringMatching(/^kubectl x8sync doctor SOURCE TARGET --cutover /),
    }),
  );
});
