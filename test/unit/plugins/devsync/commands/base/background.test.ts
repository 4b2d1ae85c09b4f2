import { expect, test } from '@jest/globals';
import { withoutTerminal } from '../../../../../../plugins/devsync/commands/base/background.ts';

test.each([
  [
    ['watch', 'web', '--background'],
    ['watch', 'web'],
  ],
  [
    ['watch', '--take-over', './src', 'web', '--background', '-n', 'shop'],
    ['watch', 'web', '-n', 'shop'],
  ],
  [
    ['watch', 'web', '--background', '--take-over=./src'],
    ['watch', 'web'],
  ],
  // The directory is called as the sync is.
  [
    ['watch', 'web', '--take-over', 'web', '--background'],
    ['watch', 'web'],
  ],
])('%j goes on as %j', (args, kept) => {
  expect(withoutTerminal(args)).toEqual(kept);
});
