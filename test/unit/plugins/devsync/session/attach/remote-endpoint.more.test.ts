import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { AgentConnection } from '../../../../../../plugins/devsync/launch/agent-connection.ts';
import { RemoteEndpoint } from '../../../../../../plugins/devsync/session/attach/remote-endpoint.ts';
import { Folder } from '../../../../../../plugins/devsync/sync/files/folder.ts';
import { maxFrame } from '../../../../../../plugins/devsync/wire/frame.ts';
import { isThorough } from '../../../../../support/thoroughness.ts';
import { openPair } from '../../support/pair.ts';

/** As JSON twice as long. */
const long = '"'.repeat(240);

/** A directory far down: with more than 16 levels of long names the system takes no path to it in one piece. */
function deepFolder(root: string, levels: number): Folder {
  using top = Folder.open(root);
  return top.descend(
    Array.from({ length: levels }, () => long),
    'make',
  );
}

test('names that are too long for one frame go in several', async () => {
  const pair = openPair();
  {
    using folder = deepFolder(pair.container, 24);
    for (let index = 0; index < 400; index++) writeFileSync(folder.at(`${index}`), 'x');
  }
  await pair.start();
  const { problems, conflicts, files } = await pair.synchronizer.flush();
  expect([problems, conflicts, files]).toEqual([[], [], 400]);
  using folder = deepFolder(pair.local, 24);
  expect(readdirSync(folder.path).length).toBe(400);
}, 60_000);

test('an answer that is too long for a frame is a failure, and not waited for', async () => {
  const pair = openPair();
  const operation = join(pair.container, '.x8s-devsync', 'trash', 'op');
  mkdirSync(operation, { recursive: true });
  {
    using folder = deepFolder(operation, 15);
    for (let index = 0; index < 650; index++) writeFileSync(folder.at(`${index}`), 'x');
  }
  await pair.start();
  await expect(pair.remote.trash()).rejects.toThrow(/a frame of \d+ bytes is too long/);
  // The stream is none the worse for it.
  expect((await pair.synchronizer.flush()).problems).toEqual([]);
}, 60_000);

if (isThorough)
  test('a trash is listed whole, whatever is in it', async () => {
    const pair = openPair();
    const root = join(pair.base, 'full');
    const operation = join(root, '.x8s-devsync', 'trash', 'op');
    mkdirSync(operation, { recursive: true });
    const count = Math.ceil(maxFrame / long.length / 2);
    for (let index = 0; index < count; index++) writeFileSync(join(operation, `${index}-${long}`), 'x');
    await pair.start();
    const remote = await RemoteEndpoint.open(pair.connection as AgentConnection, 2, {
      base: '',
      root,
      create: false,
      scan: { permissions: 'portable', symlinks: 'portable' },
      ignores: { lists: [], vcs: false },
      trashLimit: 1e9,
    });
    const { items, used } = await remote.trash();
    expect([new Set(items.map(({ path }) => path)).size, used]).toEqual([count, count]);
    await remote.close();
  }, 60_000);
