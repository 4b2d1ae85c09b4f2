import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { cleanSync } from '../../../../../plugins/devsync/control/clean.ts';
import { askControl } from '../../../../../plugins/devsync/control/socket.ts';
import { supervise } from '../../../../../plugins/devsync/control/supervisor.ts';
import { lockSync } from '../../../../../plugins/devsync/control/sync-lock.ts';
import { SpecStore, type Sync } from '../../../../../plugins/devsync/spec/spec-store.ts';
import { Workstation } from '../../../../../plugins/devsync/spec/workstation.ts';
import { rootIdOf } from '../../../../../plugins/devsync/sync/metadata/metadata-folder.ts';
import { RefusedError } from '../../../../../src/errors.ts';
import { eventually } from '../../../../support/eventually.ts';
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';
import { specOf } from '../support/specs.ts';

let folder: string;
let kube: FakeKube;
let sync: Sync;
let common: {
  kube: FakeKube;
  specs: SpecStore;
  workstation: Workstation;
  bundle: '';
  image: '';
  clock: FakeClock;
};
const abort = new AbortController();
const { signal } = abort;
beforeEach(async () => {
  const clock = fakeClock();
  folder = mkdtempSync(join(tmpdir(), 'devsync-clean-'));
  kube = fakeKube();
  const workstation = new Workstation(join(folder, 'state'), 'linux');
  const path = join(folder, 'local');
  mkdirSync(path);
  const made = specOf(path, '/app', workstation.id);
  const spec = {
    ...made,
    local: { ...made.local, rootId: rootIdOf(path, workstation.metadataCandidatesFor(path)) },
  };
  const specs = new SpecStore(kube, workstation, clock);
  sync = await specs.create({ name: 'web', namespace: 'shop', spec, allowOverlap: false, signal });
  common = { kube, specs, workstation, bundle: '', image: '', clock };
});
afterEach(() => rmSync(folder, { recursive: true }));

const isRunning = () =>
  askControl(
    common.workstation.socketOf(sync.uid),
    'state',
    {},
    { signal: AbortSignal.timeout(20_000) },
  ).then(
    () => true,
    () => false,
  );
/** Whether this workstation has anything of LOCAL, or in it. */
const isKept = () =>
  [
    ...common.workstation.metadataCandidatesFor(sync.spec.local.path),
    join(sync.spec.local.path, '.x8s-devsync'),
  ].some((place) => existsSync(place));

test('a running watch lets go of what is cleaned, and does not come back to it', async () => {
  const stop = new AbortController();
  const log: string[] = [];
  const watching = supervise({
    ...common,
    namespace: 'shop',
    names: [],
    signal: stop.signal,
    onLog: (line) => log.push(line),
  });
  await eventually(async () => expect(await isRunning()).toBe(true));
  const inUse = expect.stringMatching(/web: sync shop\/web is in use by /);
  const cameBack: boolean[] = [];
  // Looking for its container takes until the watch has tried again.
  kube.before = async ({ verb, collection }) => {
    if (verb !== 'list' || !collection.endsWith('pods')) return;
    kube.before = () => undefined;
    await eventually(async () => {
      await common.clock.advance(1000);
      expect(log).toContainEqual(inUse);
    });
    cameBack.push(await isRunning());
  };
  const lines = await cleanSync({ ...common, namespace: 'shop', sync, signal });
  expect(lines.at(-1)).toMatch(/removed the specification/);
  expect(cameBack).toEqual([false]);
  const watch = common.workstation.watchSocket(kube.cluster.server);
  await eventually(async () => {
    await common.clock.advance(1000);
    expect(await askControl(watch, 'status', {}, { signal })).toEqual([]);
  });
  expect([await isRunning(), isKept()]).toEqual([false, false]);
  stop.abort();
  await watching;
  expect(readdirSync(join(folder, 'local'))).toEqual([]);
});

test('what another process holds is left alone, and said to be', async () => {
  const lock = await lockSync({ kube, sync, purpose: 'kubectl devsync', clock: common.clock, signal });
  const over = new AbortController();
  try {
    const cleaned = cleanSync({ ...common, namespace: 'shop', sync, signal });
    cleaned.catch(() => {}).finally(() => over.abort());
    while (!over.signal.aborted) await common.clock.advance(1000);
    await expect(cleaned).rejects.toThrow(RefusedError);
    await expect(cleaned).rejects.toThrow(/sync shop\/web is in use by .* \(process \d+\)/);
  } finally {
    await lock.release();
  }
  expect(isKept()).toBe(true);
  expect(await common.specs.isThere(sync, signal)).toBe(true);
});
