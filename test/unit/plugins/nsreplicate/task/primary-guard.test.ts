import { expect, test } from '@jest/globals';
import type { Cluster } from '../../../../../plugins/nsreplicate/clusters/cluster.ts';
import { keyOf } from '../../../../../plugins/nsreplicate/objects/keys.ts';
import { blankState } from '../../../../../plugins/nsreplicate/state/saved-state.ts';
import { PrimaryGuard } from '../../../../../plugins/nsreplicate/task/primary-guard.ts';
import { configMaps } from '../../../../../src/kube/api/resources.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

/** A guard whose record is kept by a fake primary. */
function guarded({
  sequence = 7,
  fails = false,
  older = false,
  now = 'P' as string | undefined,
  recorded = 0,
} = {}) {
  const clock = fakeClock();
  const saved = { ...blankState(), sequence };
  const said: string[] = [];
  const fakePrimary = { sequence, writes: 0, id: now, answered: () => {} };
  const guard = new PrimaryGuard({
    saved,
    clock,
    primary: { name: 'p', id: 'P', kube: fakeKube() } as unknown as Cluster,
    warn: (text) => said.push(text),
    recorded,
    isOlderNow: async () => older,
    primaryNow: async () =>
      fakePrimary.id === undefined ? undefined : ({ name: 'p', id: fakePrimary.id } as Cluster),
    signal: new AbortController().signal,
    broken: (error) => {
      throw error;
    },
    primaryReplaced: () => said.push('replaced'),
    readSequence: async () => fakePrimary.sequence,
    writeSequence: async () => {
      fakePrimary.writes++;
      if (fails) return;
      fakePrimary.sequence = ++saved.sequence;
      fakePrimary.answered();
      guard.written(saved.sequence);
    },
  });
  return { guard, clock, said, saved, fakePrimary };
}

test('what is copied bears the sequence of a record that was written lately, and the record is not written for each', async () => {
  const { guard, clock, fakePrimary } = guarded();
  expect(await Promise.all([guard.sequence(), guard.sequence()])).toEqual([8, 8]);
  await clock.advance(4000);
  expect(await guard.sequence()).toBe(8);
  await clock.advance(2000);
  expect(await guard.sequence()).toBe(9);
  expect(fakePrimary.writes).toBe(2);
});

test('the record is written again after the machine slept, whose monotonic clock stood still meanwhile', async () => {
  const { guard, clock, fakePrimary } = guarded();
  expect(await guard.sequence()).toBe(8);
  clock.jump(3_600_000);
  expect(await guard.sequence()).toBe(9);
  // It slept between the question and the answer.
  fakePrimary.answered = () => clock.jump(3_600_000);
  await clock.advance(6000);
  expect(await guard.sequence()).toBe(10);
  fakePrimary.answered = () => undefined;
  expect([await guard.sequence(), await guard.sequence()]).toEqual([11, 11]);
});

test('a wall clock that is set back makes no record younger, and none is written for each copy', async () => {
  const { guard, clock, fakePrimary } = guarded();
  await guard.sequence();
  clock.jump(-3_600_000);
  expect(await guard.sequence()).toBe(8);
  await clock.advance(6000);
  expect([await guard.sequence(), await guard.sequence()]).toEqual([9, 9]);
  clock.jump(3_600_000);
  expect([await guard.sequence(), await guard.sequence()]).toEqual([10, 10]);
  expect(fakePrimary.writes).toBe(3);
});

test('a record that can not be written is tried now and then, and holds nothing up', async () => {
  const { guard, clock, fakePrimary } = guarded({ fails: true });
  expect([await guard.sequence(), await guard.sequence()]).toEqual([7, 7]);
  expect(fakePrimary.writes).toBe(1);
  await clock.advance(6000);
  expect(await guard.sequence()).toBe(7);
  expect(fakePrimary.writes).toBe(2);
});

test('copies of earlier runs that count further than the record tell of a restore, until a person approves', async () => {
  const { guard, said } = guarded();
  guard.sawSequence(7);
  await guard.confirm();
  expect(said).toEqual([]);
  guard.sawSequence(8);
  await guard.confirm();
  expect(said).toEqual([expect.stringMatching(/went back in time.*nothing is deleted until `approve`/)]);
  guard.approve('by a person');
  await guard.confirm();
  expect(said).toHaveLength(1);
});

test('a record on the primary that counts less than was written stops deletions; an approval takes it as it is', async () => {
  const { guard, said, fakePrimary } = guarded();
  await guard.sequence();
  fakePrimary.sequence = 3;
  await guard.confirm();
  expect(said).toEqual([expect.stringContaining('its record of this task is 5 writes old')]);
  guard.approve('by a person');
  await guard.confirm();
  expect(said).toHaveLength(1);
});

test('an object that is older than it was stops deletions, unless a person approved since it was seen', async () => {
  const known = { key: keyOf('ConfigMap', 'n', 'a'), resource: configMaps, uid: 'u', version: '9' };
  const one = guarded({ older: true });
  one.guard.suspect(known);
  await one.guard.confirm();
  expect(one.said).toEqual([expect.stringContaining('is older than it was')]);
  const two = guarded({ older: true });
  two.guard.suspect(known);
  two.guard.approve('by a person');
  await two.guard.confirm();
  expect(two.said).toEqual([]);
});

test.each([
  ['the record', false],
  ['an object', true],
])('an approval that comes while the primary is asked for %s counts', async (_, older) => {
  const { guard, said, fakePrimary } = guarded({ older });
  await guard.sequence();
  fakePrimary.sequence = older ? fakePrimary.sequence : 3;
  if (older)
    guard.suspect({ key: keyOf('ConfigMap', 'n', 'a'), resource: configMaps, uid: 'u', version: '9' });
  const asking = guard.confirm();
  guard.approve('by a person');
  await asking;
  expect(said).toEqual([]);
});

test('another cluster under the same name is seen before anything is deleted, whatever its versions and records say', async () => {
  const { guard, said } = guarded({ now: 'Q' });
  await guard.confirm();
  expect(said).toEqual([
    expect.stringMatching(/another cluster than before \(P → Q\): nothing is deleted/),
    'replaced',
  ]);
});

test('a primary that does not know itself yet is asked until it does, and nothing is deleted meanwhile', async () => {
  const { guard, clock, said, fakePrimary } = guarded();
  fakePrimary.id = undefined;
  await expect(guard.confirm()).rejects.toMatchObject({ class: 'later', reason: 'primary-unknown' });
  const recognised = guard.recognise();
  await clock.advance(5000);
  expect(said).toEqual([]);
  fakePrimary.id = 'Q';
  await clock.advance(30_000);
  await recognised;
  expect(said).toEqual([expect.stringContaining('is another cluster than before (P → Q)'), 'replaced']);
});

test('a record that is older than this process has written it tells of a restore', () => {
  for (const recorded of [0, 7, 9]) {
    const { guard, said } = guarded({ recorded });
    guard.checkRecord();
    expect(said).toEqual(recorded > 7 ? [expect.stringMatching(/went back in time .* is 2 writes old/)] : []);
  }
});

test('an approval that comes before anything is compared is of what waits: deletions that earlier runs stopped', () => {
  const { guard, saved } = guarded();
  saved.brakes = { free: { deletions: [] }, held: { deletions: [], stopped: 'too many' } };
  guard.approve('by a person');
  expect(saved.brakes).toEqual({
    free: { deletions: [] },
    held: { deletions: [], approved: 'all-found' },
  });
});
