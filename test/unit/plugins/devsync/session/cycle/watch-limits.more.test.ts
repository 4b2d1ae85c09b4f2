/** Where the system has no watches left, changes are found by polling, and that is said until there is room. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../../../../../support/eventually.ts';
import { firstOf } from '../../../../../support/thoroughness.ts';
import { Pair } from '../../support/pair.ts';

let pair: Pair | undefined;
let folder: string | undefined;
afterEach(async () => {
  await pair?.remove();
  if (folder) rmSync(folder, { recursive: true });
  [pair, folder] = [undefined, undefined];
});

/** Limits of inotify hold for a user namespace, so an agent in one of its own can run out of them for real. */
const unshare = ['unshare', '-Ur', 'sh', '-c'];
const canLimit =
  process.platform === 'linux' &&
  spawnSync(unshare[0] as string, [...unshare.slice(1), 'echo 9 >/proc/sys/user/max_inotify_watches'])
    .status === 0;

test.each(
  firstOf([
    [
      'watches',
      'max_inotify_watches',
      3,
      /^the container, as the limit of watched directories.*max_user_watches/,
    ],
    ['instances', 'max_inotify_instances', 0, /^the container, as the limit of watchers or open files/],
  ] as const),
)(
  'no %s left: polled, told, and nothing is missed',
  async (_, limit, value, words) => {
    if (!canLimit) return console.warn('not tried: this machine gives no user namespaces');
    folder = mkdtempSync(join(tmpdir(), 'limited-node-'));
    const node = join(folder, 'node');
    const run = `echo ${value} >/proc/sys/user/${limit}; exec "$0" "$@"`;
    writeFileSync(node, `#!/bin/sh\nexec ${unshare.join(' ')} '${run}' ${process.execPath} "$@"\n`);
    chmodSync(node, 0o755);
    pair = new Pair({ node });
    for (let index = 0; index < 10; index++) mkdirSync(join(pair.container, `d${index}`));
    await pair.start();
    const state = await pair.synchronizer.flush();
    expect([state.problems, state.degraded]).toEqual([[], [expect.stringMatching(words)]]);
    for (let index = 0; index < 10; index++) writeFileSync(join(pair.container, `d${index}`, 'new'), 'x');
    const { local } = pair;
    const isThere = () =>
      Array.from({ length: 10 }, (_, index) => existsSync(join(local, `d${index}`, 'new')));
    await eventually(() => expect(isThere()).not.toContain(false));
    if (limit !== 'max_inotify_watches') return;
    for (let index = 1; index < 10; index++) rmSync(join(local, `d${index}`), { recursive: true });
    const { synchronizer } = pair;
    await eventually(() => expect(synchronizer.state.degraded).toEqual([]));
    expect(readdirSync(pair.container)).toEqual(['d0']);
  },
  45_000,
);
