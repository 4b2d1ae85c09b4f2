import { expect, test } from '@jest/globals';
import { ReplicateCommand } from '../../../../../plugins/nsreplicate/commands/replicate.ts';
import type { KubeCommandContext } from '../../../../../src/cli/kube-command.ts';

/** Whether what a command begins follows deletions, which only a watch does unless it is told to. */
async function watches(flags: { once: boolean; dryRun: boolean }): Promise<boolean | undefined> {
  let told: boolean | undefined;
  class Probe extends ReplicateCommand {
    protected override async begin(_: unknown, how: { watches: boolean }): Promise<never> {
      told = how.watches;
      throw new Error('far enough');
    }
  }
  const service = { listen: undefined, tlsCert: undefined, tlsKey: undefined, insecureListen: false };
  await expect(Object.assign(new Probe(), service, flags).run({} as KubeCommandContext)).rejects.toThrow(
    'far enough',
  );
  return told;
}

test.each([
  [false, false, true],
  [false, true, true],
  [true, false, false],
  [true, true, false],
])('--once %s, --dry-run %s: follows deletions as without --dry-run (%s)', async (once, dryRun, follows) => {
  expect(await watches({ once, dryRun })).toBe(follows);
});
