/** Restarts of a container that clears files when it starts: they are put back, which must not restart it for ever. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { ReloadSchedule } from '../../../../../../plugins/devsync/reload/schedule.ts';
import { StartUp } from '../../../../../../plugins/devsync/session/ancestor/start-up.ts';
import type { AppliedChanges } from '../../../../../../plugins/devsync/session/cycle/applied-changes.ts';
import { parseReloadRule } from '../../../../../../plugins/devsync/spec/reload-spec.ts';
import { sha256 } from '../../../../../../plugins/devsync/sync/scan/digest.ts';
import { directory } from '../../support/fake-endpoints.ts';
import { openPair } from '../../support/pair.ts';

jest.setTimeout(60_000);

const seed = 'made by the entrypoint';
const file = {
  kind: 'file',
  digest: sha256(Buffer.from(seed)),
  size: seed.length,
  executable: false,
} as const;
const asImageHasIt = directory({ build: directory({ 'app.js': file }) });

test('what a starting container has cleared, or made anew, and is put back, restarts it only so often', async () => {
  const pair = openPair();
  const built = join(pair.container, 'build/app.js');
  mkdirSync(join(pair.local, 'build'));
  writeFileSync(join(pair.local, 'build/app.js'), 'built here');
  writeFileSync(join(pair.local, 'main.js'), 'first');
  await pair.start();
  await pair.synchronizer.flush();

  const schedule = new ReloadSchedule({ rules: [parseReloadRule('*.js=restart')], every: 1000 });
  let [now, restarts] = [0, 0];
  const onApplied = ({ container, local }: AppliedChanges) => {
    schedule.applied(container, now);
    schedule.received(local, now);
  };
  /** As the container's entrypoint does on a volume that stays. */
  const startAgain = async () => {
    await pair.stop();
    schedule.begin(true);
    if (restarts % 2 === 0) rmSync(join(pair.container, 'build'), { recursive: true });
    else writeFileSync(built, seed);
    const startUp = new StartUp({
      beginning: 'resumed',
      manifests: [asImageHasIt, undefined],
      onWritten: () => {},
      onOver: () => {},
    });
    await pair.start({ startUp, onApplied });
    await pair.synchronizer.flush();
    expect(readFileSync(built, 'utf8')).toBe('built here');
  };
  // A person saves, once.
  writeFileSync(join(pair.local, 'main.js'), 'second');
  await startAgain();
  while (schedule.take(now).length > 0) {
    expect(++restarts).toBeLessThan(10);
    schedule.ended(0);
    await startAgain();
    now += 1000;
  }
  expect(schedule.stopped(0)).toMatch(/caused by itself 5 times in a row \(build\/app\.js\)/);
});
