import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import type { AgentConnection } from '../../../../../plugins/devsync/session/agent-connection.ts';
import { RemoteEndpoint } from '../../../../../plugins/devsync/session/remote-endpoint.ts';
import { maxFrame } from '../../../../../plugins/devsync/wire/frame.ts';
import { Pair } from '../support/pair.ts';

let pair: Pair | undefined;
afterEach(async () => {
  await pair?.remove();
  pair = undefined;
});

test('a trash is listed whole, whatever is in it', async () => {
  pair = new Pair();
  const root = join(pair.base, 'full');
  const operation = join(root, '.x8s-devsync', 'trash', 'op');
  mkdirSync(operation, { recursive: true });
  const long = 'n'.repeat(240);
  const count = Math.ceil(maxFrame / long.length);
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
