/** Whatever an agent says, LOCAL gets nothing that the rules of the sync do not allow, and nothing beside it changes. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Mode } from '../../../../../../plugins/devsync/reconcile/reconcile.ts';
import { AncestorStore } from '../../../../../../plugins/devsync/session/ancestor/ancestor-store.ts';
import { RemoteEndpoint } from '../../../../../../plugins/devsync/session/attach/remote-endpoint.ts';
import { Synchronizer } from '../../../../../../plugins/devsync/session/cycle/synchronizer.ts';
import {
  isGitDirectory,
  linkProblem,
  nameProblem,
} from '../../../../../../plugins/devsync/sync/files/names.ts';
import { LocalEndpoint } from '../../../../../../plugins/devsync/sync/local/local-endpoint.ts';
import type { ScanOptions } from '../../../../../../plugins/devsync/sync/scan/scan.ts';
import { randomFrom } from '../../../../../support/random.ts';
import { hastyClock } from '../../../../support/fake-clock.ts';
import { FakeLyingAgent } from './fake-lying-agent.ts';

let base: string;
let root: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'lies-'));
  root = join(base, 'local');
  for (const name of ['local', 'outside']) mkdirSync(join(base, name));
  writeFileSync(join(base, 'outside', 'secret'), 'secret');
  writeFileSync(join(root, 'mine'), 'mine');
  mkdirSync(join(root, 'ignored'));
  writeFileSync(join(root, 'ignored', 'mine'), 'mine');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

/** Everything below LOCAL, without following links. */
function* below(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (relative(root, path) === '.x8s-devsync') continue;
    yield path;
    if (lstatSync(path).isDirectory()) yield* below(path);
  }
}

/** As for every sync that comes from the container. */
const ignores = { lists: [{ base: '', patterns: 'ignored\n' }], vcs: true };

/** Syncs with a liar until nothing more happens, or the stream is given up for what it said. */
async function listenTo(seed: number, scan: ScanOptions, mode: Mode): Promise<void> {
  const connection = await new FakeLyingAgent(randomFrom(seed)).connect();
  const request = { base: '', root: '/work', create: false, scan, ignores, trashLimit: 1e6 };
  const container = await RemoteEndpoint.open(connection, 1, request);
  const local = new LocalEndpoint({ root, scan, ignores, trashLimit: 1e6 });
  const ancestor = new AncestorStore(join(base, 'state'));
  const stop = new AbortController();
  const synchronizer = new Synchronizer({
    local,
    container,
    ancestor,
    binding: 'here',
    mode,
    from: 'container',
    takeGit: false,
    trashLimits: { local: 1e9, container: 1e9 },
    clock: hastyClock(),
    signal: stop.signal,
    onState: () => {},
  });
  const ended = connection.ended.then((why) => Promise.reject(why));
  const flushing = (async () => {
    for (let round = 0; round < 3; round++) await synchronizer.flush();
  })();
  await Promise.race([flushing, ended]).catch(() => {});
  stop.abort();
  connection.close();
  await flushing.catch(() => {});
  await local.close();
}

const modes: Mode[] = ['two-way-safe', 'one-way-replica'];
const scans: ScanOptions[] = (['portable', 'raw', 'ignored'] as const).flatMap((symlinks) =>
  (['portable', 'kept'] as const).map((permissions) => ({ symlinks, permissions })),
);
const cases = scans.flatMap((scan, index) =>
  modes.map((mode) => ({ ...scan, mode, seed: 1000 * index + 100 * modes.indexOf(mode) })),
);

test.each(cases)(
  'links $symlinks, permissions $permissions, $mode',
  async ({ mode, seed: first, ...scan }) => {
    for (let one = first; one < first + 4; one++) await listenTo(one, scan, mode);
    expect(readdirSync(base).sort()).toEqual(['local', 'outside', 'state']);
    expect(readdirSync(join(base, 'outside'))).toEqual(['secret']);
    expect(readFileSync(join(base, 'outside', 'secret'), 'utf8')).toBe('secret');
    expect(readdirSync(join(root, 'ignored'))).toEqual(['mine']);
    let count = 0;
    for (const path of below(root)) {
      const [stats, name, at] = [
        lstatSync(path),
        path.slice(path.lastIndexOf('/') + 1),
        relative(root, path),
      ];
      count++;
      expect([at, nameProblem(name, 'linux'), isGitDirectory(name)]).toEqual([at, undefined, false]);
      expect([at, stats.mode & 0o7000]).toEqual([at, 0]);
      if (at !== 'ignored') expect([at, at.split('/').slice(1).includes('ignored')]).toEqual([at, false]);
      if (!stats.isSymbolicLink()) continue;
      expect([at, scan.symlinks]).not.toEqual([at, 'ignored']);
      if (scan.symlinks === 'portable')
        expect([at, linkProblem(at, readlinkSync(path))]).toEqual([at, undefined]);
    }
    // The lies were no mere silence.
    expect(count).toBeGreaterThan(2);
    expect(existsSync(join(root, 'ignored', 'mine'))).toBe(true);
  },
  60_000,
);
