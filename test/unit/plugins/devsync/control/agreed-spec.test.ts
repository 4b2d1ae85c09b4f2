/** What somebody else has changed in the cluster is not run here. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { checkSync } from '../../../../../plugins/devsync/control/doctor.ts';
import { NotAgreed, requireHere } from '../../../../../plugins/devsync/control/serve-sync.ts';
import { askControl } from '../../../../../plugins/devsync/control/socket.ts';
import { supervise } from '../../../../../plugins/devsync/control/supervisor.ts';
import type { SyncSpec } from '../../../../../plugins/devsync/spec/spec.ts';
import { SpecStore, type Sync } from '../../../../../plugins/devsync/spec/spec-store.ts';
import { Workstation } from '../../../../../plugins/devsync/spec/workstation.ts';
import { eventually } from '../../../../support/eventually.ts';
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';
import { specOf } from '../support/specs.ts';

const { signal } = new AbortController();
let folder: string;
let kube: FakeKube;
let clock: FakeClock;
let workstation: Workstation;
let specs: SpecStore;
let sync: Sync;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'devsync-agreed-'));
  [kube, clock] = [fakeKube(), fakeClock()];
  workstation = new Workstation(join(folder, 'state'), 'linux');
  specs = new SpecStore(kube, workstation, clock);
  const path = join(folder, 'local');
  mkdirSync(path);
  const spec = specOf(path, '/app', workstation.id);
  sync = await specs.create({ name: 'web', namespace: 'shop', spec, allowOverlap: false, signal });
});
afterEach(() => rmSync(folder, { recursive: true }));

/** As somebody else does who may write ConfigMaps. */
async function changed(change: Partial<SyncSpec>): Promise<Sync> {
  const theirs = new SpecStore(kube, new Workstation(join(folder, 'theirs'), 'linux'), clock);
  const now = await theirs.get('shop', 'web', signal);
  return await theirs.revise(now, { ...now.spec, ...change }, signal);
}
const found = () => specs.get('shop', 'web', signal);

test('own changes are agreed to, those of others are not, until a person has agreed', async () => {
  requireHere(await found(), workstation);
  await specs.revise(await found(), { ...sync.spec, ignore: ['*.o'] }, signal);
  requireHere(await found(), workstation);
  const theirs = await changed({ takeGit: true });
  expect(() => requireHere(theirs, workstation)).toThrow(NotAgreed);
  expect(checkSync(theirs, workstation)).toMatchObject({
    check: 'specification',
    verdict: 'failed',
    message: expect.stringMatching(
      /not what was agreed to here; takeGit: false → true; .git and its like come from/,
    ),
  });
  specs.noteAgreed(theirs);
  requireHere(await found(), workstation);
});

test('a sync that somebody has made for this workstation is none of it', async () => {
  workstation.forget(sync.uid);
  expect(() => requireHere(sync, workstation)).toThrow(/was not made on this workstation/);
});

test('a sync that is being made here is none of somebody else, however early the watch hears of it', async () => {
  const [noted] = workstation.registered();
  workstation.forget(sync.uid);
  await watching(async (isRunning, log) => {
    await clock.advance(500);
    expect([await isRunning(), log]).toEqual([false, []]);
    if (noted) workstation.register(noted);
    await eventually(async () => {
      await clock.advance(100);
      expect(await isRunning()).toBe(true);
    });
    expect(log.join()).not.toMatch(/was not made/);
  });
});

test('one that nobody notes here is told of as such', async () => {
  workstation.forget(sync.uid);
  await watching(async (_, log) => {
    await eventually(async () => {
      await clock.advance(500);
      expect(log.join()).toMatch(/was not made on this workstation/);
    });
  });
});

test('one of a version before is what it is now, once it has run', async () => {
  const { agreed: _, ...before } = workstation.registered()[0] ?? ({} as never);
  workstation.register(before);
  await watching(async (isRunning) => {
    await eventually(async () => expect(await isRunning()).toBe(true));
  });
  expect(workstation.registered()[0]?.agreed).toEqual(sync.spec);
  expect(() => requireHere({ ...sync, spec: { ...sync.spec, ignore: ['x'] } }, workstation)).toThrow(
    NotAgreed,
  );
});

test('what is changed while a watch runs is not run at the next attempt', async () => {
  await watching(async (isRunning, log) => {
    await eventually(async () => expect(await isRunning()).toBe(true));
    const theirs = await changed({ from: 'container' });
    expect(await isRunning()).toBe(true);
    await askControl(workstation.socketOf(sync.uid), 'stop', {}, { signal });
    await eventually(async () => {
      await clock.advance(1000);
      expect(log.join()).toMatch(/not what was agreed to here; kubectl devsync watch web asks about it/);
    });
    expect(await isRunning()).toBe(false);
    specs.noteAgreed(theirs);
    await eventually(async () => {
      await clock.advance(1000);
      expect(await isRunning()).toBe(true);
    });
  });
});

async function watching(
  act: (isRunning: () => Promise<boolean>, log: string[]) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const log: string[] = [];
  const done = supervise({
    ...{ kube, specs, workstation, clock, bundle: '', image: '', namespace: 'shop', names: [] },
    signal: stop.signal,
    onLog: (line) => log.push(line),
  });
  const asked = () =>
    askControl(workstation.socketOf(sync.uid), 'state', {}, { signal: AbortSignal.timeout(20_000) });
  const isRunning = () => asked().then(Boolean, () => false);
  try {
    await act(isRunning, log);
  } finally {
    stop.abort();
    await done;
  }
}
