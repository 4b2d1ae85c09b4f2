/** Real agents that get the same content: it is read once, and crosses a line that they share once. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type AgentLaunch, agentLaunch } from '../../../../../../plugins/devsync/agent/loader.ts';
import { AgentConnection } from '../../../../../../plugins/devsync/launch/agent-connection.ts';
import { childrenOf, type Tracked } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import type { Change } from '../../../../../../plugins/devsync/reconcile/reconcile.ts';
import { RemoteEndpoint } from '../../../../../../plugins/devsync/session/attach/remote-endpoint.ts';
import {
  type ContentsShare,
  SharedContents,
} from '../../../../../../plugins/devsync/session/transfers/shared-contents.ts';
import { transferChanges } from '../../../../../../plugins/devsync/session/transfers/transfer.ts';
import type { Chunk } from '../../../../../../plugins/devsync/sync/endpoint.ts';
import { LocalEndpoint } from '../../../../../../plugins/devsync/sync/local/local-endpoint.ts';
import type { LineSession } from '../../../../../../plugins/devsync/wire/line-session.ts';
import { SharedLine } from '../../../../../../plugins/devsync/wire/shared-line.ts';
import { bundleAgent } from '../../../../../../scripts/agent-bundle.ts';
import { isThorough } from '../../../../../support/thoroughness.ts';
import { fakeClock } from '../../../../support/fake-clock.ts';

let launch: AgentLaunch;
beforeAll(async () => {
  launch = agentLaunch(await bundleAgent(), process.execPath);
});

/** Stands for a node's agent: starts a real agent for each session, without entering a container. */
class FakeNode {
  readonly children: ChildProcess[] = [];
  readonly #server = createServer((socket) => this.#serve(socket));

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  #serve(socket: Socket): void {
    const line = new SharedLine(socket, { onOpen: (session) => this.#begin(session) });
    this.#begin(line.first());
  }

  #begin(session: LineSession): void {
    const [command = '', ...args] = launch.command;
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.children.push(child);
    session.pipe(child.stdin);
    child.stdout.pipe(session);
    child.stdin.on('error', () => {});
    session.once('close', () => child.stdin.end());
  }

  async close(): Promise<void> {
    this.#server.close();
    await Promise.all(
      this.children.map((child) => (child.exitCode ?? child.signalCode) === null && once(child, 'exit')),
    );
  }
}

let base: string;
let node: FakeNode;
let socket: Socket;
let local: LocalEndpoint;
let remotes: RemoteEndpoint[];
const roots = ['one', 'two', 'three'];
const common = {
  scan: { permissions: 'portable', symlinks: 'portable' },
  ignores: { lists: [], vcs: false },
  trashLimit: 2 ** 20,
} as const;

beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'devsync-shared-'));
  for (const name of ['local', ...roots]) mkdirSync(join(base, name));
  node = new FakeNode();
  socket = connect(await node.listen(), '127.0.0.1');
  await once(socket, 'connect');
  const line = new SharedLine(socket);
  const sessions = roots.map((_, index) => (index === 0 ? line.first() : line.open('')));
  remotes = await Promise.all(
    sessions.map(async (session, index) => {
      const streams = { stdin: session, stdout: session, close: () => void session.destroy() };
      const connection = await AgentConnection.start(streams, launch);
      const root = join(base, roots[index] ?? '');
      return await RemoteEndpoint.open(connection, 1, { base: '', root, create: false, ...common });
    }),
  );
});
afterEach(async () => {
  socket.destroy();
  await node.close();
  await local?.close();
  rmSync(base, { recursive: true, force: true });
});

const size = 30_000;

/** Begins to read large contents once all want them: agents find out what they lack at different times. */
class TogetherContents extends SharedContents {
  readonly #all = Promise.withResolvers<void>();
  #readers = 0;

  override async *read(...[needs, from, signal]: Parameters<SharedContents['read']>): AsyncGenerator<Chunk> {
    if (++this.#readers === roots.length) this.#all.resolve();
    await this.#all.promise;
    yield* super.read(needs, from, signal);
  }
}

/** Makes files here. Resolves with what sends them to one of the agents. */
async function made(
  write: () => void,
  shared = new SharedContents(),
): Promise<(to: RemoteEndpoint, share?: ContentsShare, onAgreed?: () => void) => Promise<void>> {
  write();
  local = new LocalEndpoint({
    root: join(base, 'local'),
    metadataCandidates: [join(base, 'kept')],
    ...common,
  });
  await local.refresh(true);
  const changes = [...childrenOf(local.tree)].map(
    ([path, entry]): Change => ({ path, old: undefined, new: entry as Tracked, reason: 'created' }),
  );
  return async (to, share = shared.join(), onAgreed = () => {}) => {
    const { signal } = new AbortController();
    const nothing = { onAgreed, onDone: () => {} };
    const results = await transferChanges(changes, {
      from: local,
      to,
      name: 'n',
      signal,
      shared: share,
      ...nothing,
    });
    expect(results.filter(({ problem }) => problem !== undefined)).toEqual([]);
    share.leave();
  };
}

/** Makes files here, and sends them to all three at once. Resolves with the bytes that crossed the line. */
async function sendAll(write: () => void, shared?: SharedContents): Promise<number> {
  const send = await made(write, shared);
  const before = socket.bytesWritten;
  await Promise.all(remotes.map((one) => send(one)));
  return socket.bytesWritten - before;
}

const same = (path: string, which = roots) =>
  which.map((root) => readFileSync(join(base, root, path)).equals(readFileSync(join(base, 'local', path))));

function manyFiles(count = 400): void {
  for (let index = 0; index < count; index++)
    writeFileSync(join(base, 'local', `f${index}`), randomBytes(size));
}

test('many small files', async () => {
  const bytes = await sendAll(() => manyFiles());
  for (let index = 0; index < 400; index++) expect(same(`f${index}`)).toEqual([true, true, true]);
  // The first batch may go before there is anybody to share with.
  expect(bytes).toBeLessThan(400 * size * 1.3);
});

if (isThorough)
  test('many more than are kept, of which one agent gets some before the others begin', async () => {
    const count = 1500;
    // On a clock that stands still, nobody's patience ends.
    const shared = new SharedContents(undefined, fakeClock());
    const send = await made(() => manyFiles(count), shared);
    const shares = remotes.map(() => shared.join());
    const before = socket.bytesWritten;
    const begun = Promise.withResolvers<void>();
    const sending = remotes.map(async (one, index) => {
      if (index > 0) await begun.promise;
      await send(one, shares[index], begun.resolve);
    });
    await Promise.all(sending);
    for (const index of [0, count - 1]) expect(same(`f${index}`)).toEqual([true, true, true]);
    expect(socket.bytesWritten - before).toBeLessThan(count * size * 1.1);
  });

test('large files', async () => {
  const [large, other] = [20 << 20, 3 << 20];
  // On a clock that stands still, nobody's patience ends: how far agents drift apart depends on what else the machine does.
  const shared = new TogetherContents(undefined, fakeClock());
  const bytes = await sendAll(() => {
    writeFileSync(join(base, 'local', 'large'), randomBytes(large));
    writeFileSync(join(base, 'local', 'other'), randomBytes(other));
  }, shared);
  expect([same('large'), same('other')]).toEqual([
    [true, true, true],
    [true, true, true],
  ]);
  expect(bytes).toBeLessThan((large + other) * 1.1);
});

test('one whose process is stopped holds up nobody, and gets all of it once it goes on', async () => {
  const [slow] = node.children;
  slow?.kill('SIGSTOP');
  try {
    const send = await made(() => manyFiles());
    const [first, ...others] = remotes.map((one) => send(one));
    await Promise.all(others);
    expect(same('f399', roots.slice(1))).toEqual([true, true]);
    slow?.kill('SIGCONT');
    await first;
    expect(same('f399')).toEqual([true, true, true]);
  } finally {
    slow?.kill('SIGCONT');
  }
});
