/** What a watch in the background is started with: the command line as it was read, without what was carried out by then. */
import { expect, test } from '@jest/globals';
import { withoutTerminal } from '../../../../../../plugins/devsync/commands/base/background.ts';
import { argument, option } from '../../../../../../src/cli/options.ts';
import { runFake, workCommand } from '../../../../support/fake-plugin.ts';

/** What a command with the options of `watch` would start again. */
async function startedAgain(...typed: string[]): Promise<readonly string[]> {
  let started: readonly string[] = [];
  const Work = workCommand(async ({ commandLine }) => {
    started = withoutTerminal(commandLine);
    return {};
  });
  class WatchLike extends (Work as unknown as new () => object) {
    static paths = [['watch']];
    names = argument.rest('NAME');
    background = option.flag('--background', { description: 'x' });
    takeOver = option.text('--take-over', { value: 'LOCAL', description: 'x' });
    all = option.flag('-A,--all-namespaces', { description: 'x' });
    namespace = option.text('-n,--namespace', { description: 'x' });
    yes = option.flag('-y,--yes', { description: 'x' });
  }
  await runFake(['watch', ...typed], [WatchLike as never]);
  return started;
}

test.each([
  [
    ['web', '--background'],
    ['watch', '--', 'web'],
  ],
  [
    ['web', '--background=true'],
    ['watch', '--', 'web'],
  ],
  [
    ['--take-over', './src', 'web', '--background', '-n', 'shop'],
    ['watch', '--namespace=shop', '--', 'web'],
  ],
  [
    ['web', '--background', '--take-over=./src'],
    ['watch', '--', 'web'],
  ],
  // The directory is called as the sync is.
  [
    ['web', '--take-over', 'web', '--background'],
    ['watch', '--', 'web'],
  ],
  // What was agreed to is remembered here; nobody has seen what it may be by then.
  [
    ['web', '--yes', '--background'],
    ['watch', '--', 'web'],
  ],
  [
    ['-Ay', '--background'],
    ['watch', '--all-namespaces=true', '--'],
  ],
  // A value and a name that only look alike.
  [
    ['-n', '--yes', '--background', '--', '--yes=true'],
    ['watch', '--namespace=--yes', '--', '--yes=true'],
  ],
])('%j goes on as %j', async (typed, kept) => {
  expect(await startedAgain(...typed)).toEqual(kept);
});
