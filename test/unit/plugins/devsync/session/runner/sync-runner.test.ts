/** A runner whose container is not there, or cannot be worked with. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { RunnerState } from '../../../../../../plugins/devsync/session/runner/runner-state.ts';
import { SyncRunner } from '../../../../../../plugins/devsync/session/runner/sync-runner.ts';
import { pods } from '../../../../../../src/kube/api/resources.ts';
import { eventually } from '../../../../../support/eventually.ts';
import { type FakeClock, fakeClock } from '../../../../support/fake-clock.ts';
import { type FakeKube, fakeKube } from '../../../../support/fake-kube.ts';
import { pod } from '../../support/group-pods.ts';
import { specOf } from '../../support/specs.ts';

let folder: string;
let clock: FakeClock;
let kube: FakeKube;
let attempts: jest.SpiedGetter<FakeKube['transport']>;
let stop: AbortController;
let states: RunnerState[];
let ended: Promise<void> | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'devsync-runner-'));
  mkdirSync(join(folder, 'local'));
  mkdirSync(join(folder, 'state'));
  clock = fakeClock();
  kube = fakeKube();
  attempts = jest.spyOn(kube, 'transport', 'get');
  stop = new AbortController();
  states = [];
  ended = undefined;
});
afterEach(async () => {
  stop.abort();
  await over();
  rmSync(folder, { recursive: true });
});

/** What the runner still waits for as it ends, an agent's last words for one, is over at once. */
async function over(): Promise<void> {
  let isOver = false;
  const ending = ended?.finally(() => {
    isOver = true;
  });
  await eventually(async () => {
    if (ended && !isOver) await clock.advance(10_000);
    expect(isOver || !ended).toBe(true);
  });
  await ending;
}

/** A runner of the sync; each attempt to start an agent fails, and is counted. */
function begun(): SyncRunner {
  const runner = new SyncRunner({
    kube,
    namespace: 'shop',
    name: 'web',
    spec: { ...specOf(join(folder, 'local'), '/work'), target: { selector: 'app=web' } },
    folder: join(folder, 'state'),
    stateFolder: folder,
    metadataCandidates: [join(folder, 'kept')],
    bundle: '',
    image: '',
    clock,
    signal: stop.signal,
    onLog: () => {},
    onState: (state) => states.push(state),
  });
  ended = runner.run();
  return runner;
}

const attemptsSoFar = () => attempts.mock.calls.length;

describe('a pause', () => {
  test('of a sync that waits for a pod is shown, and begins nothing when the pod comes', async () => {
    const runner = begun();
    await eventually(() => expect(runner.state.message).toMatch(/no pod/));
    await runner.pause();
    expect(runner.state).toMatchObject({ phase: 'paused', message: 'paused by you', pod: '' });
    states = [];
    await kube.create(pods, pod(1));
    await clock.advance(100);
    expect([attemptsSoFar(), states.filter(({ phase }) => phase !== 'paused')]).toEqual([0, []]);
    await expect(runner.resume(false)).rejects.toThrow(/nothing can be synced right now: the fake has no/);
    expect([runner.state.phase, attemptsSoFar()]).toEqual(['waiting', 1]);
  });

  test('of one whose agent does not start is shown, and lasts until it is resumed', async () => {
    await kube.create(pods, pod(1));
    const runner = begun();
    await eventually(() => expect(runner.state.message).toMatch(/the fake has no transport/));
    await runner.pause();
    const before = attemptsSoFar();
    states = [];
    // The next attempt would have been made by then.
    await clock.advance(1_200);
    expect([runner.state.phase, attemptsSoFar()]).toEqual(['paused', before]);
    expect(states.filter(({ phase }) => phase !== 'paused')).toEqual([]);
    expect((await runner.flush()).phase).toBe('paused');
    await expect(runner.resume(false)).rejects.toThrow(/the fake has no transport/);
    expect(attemptsSoFar()).toBe(before + 1);
  });

  test('ends an attempt that is under way, and who waits for it is told', async () => {
    await kube.create(pods, pod(1));
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    attempts.mockImplementation(() => {
      reach();
      return { ready: () => new Promise<void>(() => {}) } as unknown as FakeKube['transport'];
    });
    const runner = begun();
    await reached;
    const flushed = expect(runner.flush()).rejects.toThrow('nothing can be synced right now: paused by you');
    await runner.pause();
    await flushed;
    expect(runner.state.phase).toBe('paused');
  });

  test('of an earlier process lasts: nothing is begun before it is resumed', async () => {
    await begun().pause();
    stop.abort();
    await over();
    stop = new AbortController();
    await kube.create(pods, pod(1));
    states = [];
    const runner = begun();
    await clock.advance(100);
    expect([runner.state.phase, attemptsSoFar()]).toEqual(['paused', 0]);
    expect(states.map(({ phase }) => phase)).not.toContain('connecting');
  });

  test('is over at once where there is still no pod', async () => {
    const runner = begun();
    await eventually(() => expect(runner.state.message).toMatch(/no pod/));
    await runner.pause();
    await runner.resume(false);
    expect(runner.state).toMatchObject({ phase: 'waiting', message: expect.stringMatching(/no pod/) });
  });
});
