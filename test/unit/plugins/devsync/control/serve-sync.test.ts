import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { serveSync } from '../../../../../plugins/devsync/control/serve-sync.ts';
import { askControl } from '../../../../../plugins/devsync/control/socket.ts';
import { PlaceClaims } from '../../../../../plugins/devsync/session/pods/place-claims.ts';
import type { SyncSpec } from '../../../../../plugins/devsync/spec/spec.ts';
import { SpecStore, type Sync } from '../../../../../plugins/devsync/spec/spec-store.ts';
import { Workstation } from '../../../../../plugins/devsync/spec/workstation.ts';
import { rootIdOf } from '../../../../../plugins/devsync/sync/metadata/metadata-folder.ts';
import { systemClock } from '../../../../../src/clock.ts';
import { InterruptedError } from '../../../../../src/errors.ts';
import { pods } from '../../../../../src/kube/api/resources.ts';
import { eventually } from '../../../../support/eventually.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';
import { pod } from '../support/group-pods.ts';
import { specOf } from '../support/specs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'devsync-serve-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a sync whose pod is not there, until it is ended in one way or the other. */
async function served(
  end: (abort: AbortController, socket: string) => unknown,
  change: (local: string, state: string) => void = () => {},
): Promise<void> {
  const kube = fakeKube();
  const workstation = new Workstation(join(folder, 'state'), 'linux');
  const local = join(folder, 'local');
  mkdirSync(local);
  const abort = new AbortController();
  const { signal } = abort;
  const spec = specOf(local, '/app', workstation.id);
  const specs = new SpecStore(kube, workstation, systemClock);
  const sync = await specs.create({ name: 'web', namespace: 'shop', spec, allowOverlap: false, signal });
  change(local, join(folder, 'state'));
  const onLog = () => void end(abort, workstation.socketOf(sync.uid));
  const common = { kube, sync, workstation, bundle: '', image: '', clock: systemClock, signal };
  await serveSync({ ...common, onLog });
}

test('who is interrupted is not told that it is done', async () => {
  const reason = new InterruptedError('SIGINT');
  await expect(served((abort) => abort.abort(reason))).rejects.toBe(reason);
});

test('who is asked to stop is done', async () => {
  await served((_, socket) => askControl(socket, 'stop', {}, { signal: AbortSignal.timeout(20_000) }));
});

test.each([
  ['known here no more', (_: string, state: string) => rmSync(join(state, 'roots'), { recursive: true })],
  [
    'exchanged for another one',
    (local: string, state: string) => {
      rmSync(local, { recursive: true });
      mkdirSync(local);
      rootIdOf(local, new Workstation(state, 'linux').metadataCandidatesFor(local));
    },
  ],
])('a directory that was %s is not taken for the one that the sync was made with', async (_, change) => {
  await expect(served((abort) => abort.abort(), change)).rejects.toThrow(
    /local is not the directory that the sync web was made with/,
  );
});

describe('syncs whose targets are written differently and lead to one container', () => {
  /** Makes a sync for a directory of its own. */
  async function makeSync(
    kube: FakeKube,
    workstation: Workstation,
    name: string,
    change: Partial<SyncSpec>,
    allowOverlap = false,
  ): Promise<Sync> {
    const local = join(folder, name);
    mkdirSync(local);
    const spec = { ...specOf(local, '/work', workstation.id), ...change };
    const { signal } = new AbortController();
    return await new SpecStore(kube, workstation, systemClock).create({
      name,
      namespace: 'shop',
      spec,
      allowOverlap,
      signal,
    });
  }

  /** Runs syncs as one watch does; what each says, and how one is ended. */
  function watching(kube: FakeKube, workstation: Workstation, syncs: readonly Sync[]) {
    const places = new PlaceClaims();
    const running = syncs.map((sync) => {
      const stop = new AbortController();
      const said: string[] = [];
      const done = serveSync({
        kube,
        workstation,
        sync,
        places,
        bundle: '',
        image: '',
        clock: systemClock,
        signal: stop.signal,
        onLog: (line) => said.push(line),
      }).catch(() => {});
      const end = () => {
        stop.abort();
        return done;
      };
      const ask = (method: string) =>
        askControl(workstation.socketOf(sync.uid), method, {}, { signal: AbortSignal.timeout(20_000) });
      return { said, end, ask };
    });
    return { running, end: () => Promise.all(running.map(({ end }) => end())) };
  }

  type Running = ReturnType<typeof watching>['running'][number];

  const byLabel = { target: { selector: 'app=web', container: 'app' } };
  const byName = { target: { pod: 'web-1', container: 'app' } };
  const everyPod = { target: { ...byLabel.target, everyPod: true as const } };
  const inTheWay =
    /^the sync shop\/a, which was made first, works with REMOTE or a part of it already, .* --allow-overlap$/;

  test.each<[string, Partial<SyncSpec>, Partial<SyncSpec>]>([
    ['the same directory', byName, byLabel],
    ['a directory in that of the other one', byLabel, { ...byName, remote: '/work/src' }],
    ['one pod, and every pod', byName, everyPod],
  ])('the later one waits, and goes on when the other one ends: %s', async (_, first, second) => {
    const kube = fakeKube();
    await kube.create(pods, pod(1));
    const workstation = new Workstation(join(folder, 'state'), 'linux');
    const a = await makeSync(kube, workstation, 'a', first);
    const b = await makeSync(kube, workstation, 'b', second);
    // Whichever is there first.
    const { running, end } = watching(kube, workstation, [b, a]);
    const [later, earlier] = running as [Running, Running];
    try {
      await eventually(() =>
        expect(later.said).toContainEqual(expect.stringMatching(/b: (web-1\/app: )?the sync shop\/a, /)),
      );
      const waiting = { phase: 'waiting', message: expect.stringMatching(inTheWay) };
      expect(await later.ask('state')).toMatchObject(waiting);
      await expect(later.ask('flush')).rejects.toThrow(/nothing can be synced right now: the sync shop\/a, /);
      expect(earlier.said.join()).not.toMatch(/made first/);
      const before = later.said.length;
      await earlier.end();
      // It tries to attach: what this cluster cannot do.
      await eventually(() => expect(later.said.length).toBeGreaterThan(before));
      expect(await later.ask('state')).not.toMatchObject(waiting);
    } finally {
      await end();
    }
  });

  test.each<[string, Partial<SyncSpec>, boolean]>([
    ['one that was allowed to', byLabel, true],
    ['one with another directory', { ...byLabel, remote: '/work2' }, false],
    ['one with another container', { target: { selector: 'app=web', container: 'proxy' } }, false],
  ])('nobody waits for %s', async (_, second, allowOverlap) => {
    const kube = fakeKube();
    await kube.create(pods, pod(1));
    const workstation = new Workstation(join(folder, 'state'), 'linux');
    const a = await makeSync(kube, workstation, 'a', byName);
    const b = await makeSync(kube, workstation, 'b', second, allowOverlap);
    const { running, end } = watching(kube, workstation, [a, b]);
    try {
      // Each has found its container, and has tried to attach.
      await eventually(() => {
        for (const { said } of running) expect(said.length).toBeGreaterThan(1);
      });
      for (const { said } of running) expect(said.join()).not.toMatch(/made first/);
    } finally {
      await end();
    }
  });
});
