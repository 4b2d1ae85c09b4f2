import { afterEach, expect, test } from '@jest/globals';
import { Informers } from '../../../../../plugins/nsreplicate/cache/informers.ts';
import type { TaskSpec } from '../../../../../plugins/nsreplicate/decide/spec.ts';
import { isComplete, run } from '../../../../../plugins/nsreplicate/run/run.ts';
import { writeControl } from '../../../../../plugins/nsreplicate/state/control.ts';
import { raiseEpoch } from '../../../../../plugins/nsreplicate/state/epoch.ts';
import {
  readSavedState,
  readStatus,
  type TaskStatus,
} from '../../../../../plugins/nsreplicate/state/state.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { configMap, configMaps, sides } from '../../../support/replication.ts';

let scene: ReturnType<typeof running>;

afterEach(() => scene.end());

/** A run of a task between two clusters; the primary keeps its state. */
function running(watch: boolean, change: Partial<TaskSpec> = {}) {
  const { from, to, assignment } = sides(change);
  const clock = fakeClock();
  const ended = new AbortController();
  const said: string[] = [];
  from.objects.create(configMaps, configMap('a'));
  let compared: TaskStatus | undefined;
  const begin = () =>
    run(assignment, {
      state: from,
      informers: new Informers(clock),
      clock,
      signal: ended.signal,
      watch,
      recorded: 0,
      written: () => undefined,
      startOver: ({ message }) => said.push(message),
      fence: async () => 60_000,
      info: (text) => said.push(text),
      warn: (text) => said.push(text),
      begun: () => undefined,
      compared: (status) => {
        compared = status;
      },
    }).catch((error: unknown) => error as Error);
  const end = async () => {
    ended.abort(new Error('ended'));
    await clock.advance(1000);
    await Promise.all([from.close(), to.close()]);
  };
  return { from, to, clock, said, ended, begin, end, compared: () => compared };
}

test('one comparison ends Done, and leaves its status and what the next run needs', async () => {
  scene = running(false);
  const { from, to, clock, begin } = scene;
  const result = begin();
  await clock.advance(5000);
  expect(await result).toMatchObject({ status: { phase: 'Done', objects: 2 } });
  expect(to.objects.all(configMaps)).toMatchObject([{ metadata: { name: 'a' } }]);
  expect(await readStatus(from, 't')).toMatchObject({ phase: 'Done', replicas: [{ done: { created: 2 } }] });
  expect(await readSavedState(from, 't')).toMatchObject({
    clusters: { to: 'TO' },
    done: { to: { created: 2 } },
  });
});

test('one comparison in which something failed ends Incomplete', async () => {
  scene = running(false);
  const { from, to, clock, begin } = scene;
  to.before = ({ verb, collection }) => {
    if (collection === configMaps && verb === 'apply') throw apiError(422, 'not like this');
  };
  const result = begin();
  await clock.advance(60_000);
  expect(await result).toMatchObject({ status: { phase: 'Incomplete', replicas: [{ failed: 1 }] } });
  expect(await readStatus(from, 't')).toMatchObject({ phase: 'Incomplete' });
});

test('ended while a write is under way, it waits for that, keeps what came of it, and begins no other', async () => {
  scene = running(true);
  const { from, to, clock, ended, begin, said } = scene;
  from.objects.create(configMaps, configMap('b'));
  const [held, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  to.before = async ({ verb, collection }) => {
    if (collection !== configMaps || verb !== 'apply') return;
    held.resolve();
    await released.promise;
  };
  let isOver = false;
  const result = begin().finally(() => {
    isOver = true;
  });
  await Promise.all([held.promise, clock.advance(100)]);
  ended.abort(new Error('ended'));
  await clock.advance(2000);
  expect(isOver).toBe(false);
  expect(said).toContain('ending: waiting until the writes that are under way have come to an end');
  released.resolve();
  await clock.advance(100);
  await result;
  const made = to.objects.all(configMaps).length;
  expect(made).toBeGreaterThan(0);
  expect(await readStatus(from, 't')).toMatchObject({
    phase: 'Stopped',
    replicas: [{ done: { created: made + 1 } }],
  });
});

const asked = { at: '2026-01-01T00:00:00Z', by: 'a person', what: 'test' };

test('a watch that is paused writes nothing until it is resumed, and ends Stopped', async () => {
  scene = running(true);
  const { from, to, clock, said, begin, ended } = scene;
  await writeControl(from, 't', { paused: true }, asked);
  const result = begin();
  await clock.advance(5000);
  expect(to.objects.all(configMaps)).toEqual([]);
  expect(await readStatus(from, 't')).toMatchObject({ phase: 'Paused' });
  await writeControl(from, 't', { paused: false }, asked);
  await clock.advance(5000);
  expect(to.objects.all(configMaps)).toHaveLength(1);
  expect(said).toEqual(['paused', 'resumed']);
  expect(scene.compared()).toMatchObject({ objects: 2 });
  ended.abort(new Error('ended'));
  await clock.advance(1000);
  await result;
  expect(await readStatus(from, 't')).toMatchObject({ phase: 'Stopped' });
});

test.each([
  ['all is copied', {}, {}, true],
  ['the primary does not answer', { problem: 'gone' }, {}, false],
  ['a kind of the primary may not be read', { unlisted: { Secret: 'no' } }, {}, false],
  ['something failed', {}, { failed: 1 }, false],
  ['something waits', {}, { behind: { pending: 1 } }, false],
  ['a replica does not answer', {}, { away: 'gone' }, false],
  ['a kind of a replica may not be read', {}, { unlisted: { Secret: 'no' } }, false],
])('whether a comparison is complete: %s', (_what, primary, replica, expected) => {
  const whole = { failed: 0, behind: { pending: 0 }, unlisted: {}, ...replica };
  expect(isComplete({ primary, replicas: [whole] } as unknown as TaskStatus)).toBe(expected);
});

test('a watch whose replica is promoted ends at once, Fenced, and has written nothing since', async () => {
  scene = running(true);
  const { from, to, clock, begin } = scene;
  const result = begin();
  await clock.advance(5000);
  const raisedAt = clock.now().toISOString();
  await raiseEpoch(to, 't', { number: 1, leader: 'TO', leaderName: 'to', raisedAt });
  await clock.advance(1000);
  from.objects.create(configMaps, configMap('late'));
  await clock.advance(2000);
  expect(await result).toMatchObject({ exitCode: 3, message: expect.stringContaining('to was promoted') });
  expect(to.objects.find(configMaps, 'shop', 'late')).toBeUndefined();
  expect(await readStatus(from, 't')).toMatchObject({ phase: 'Fenced' });
});

test('a run that is fenced at its start does not forget which replicas the task has', async () => {
  scene = running(false);
  const { from, to, clock, begin } = scene;
  const first = begin();
  await clock.advance(5000);
  await first;
  const raisedAt = clock.now().toISOString();
  await raiseEpoch(to, 't', { number: 1, leader: 'TO', leaderName: 'to', raisedAt });
  const second = begin();
  await clock.advance(5000);
  expect(await second).toMatchObject({ exitCode: 3 });
  expect(await readStatus(from, 't')).toMatchObject({ phase: 'Fenced', replicas: [{ name: 'to' }] });
});
