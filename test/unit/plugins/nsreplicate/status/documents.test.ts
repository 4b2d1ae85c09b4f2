import { expect, test } from '@jest/globals';
import { Informers } from '../../../../../plugins/nsreplicate/cache/informers.ts';
import { Session } from '../../../../../plugins/nsreplicate/run/session.ts';
import { readJobs, readStatus } from '../../../../../plugins/nsreplicate/state/state.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import type { FakeKube } from '../../../support/fake-kube.ts';
import { configMap, configMaps, meddledWith, sides } from '../../../support/replication.ts';

/** A watch that keeps its state on the primary; another one of the same task after it, where one is handed over. */
function watching(earlier?: { from: FakeKube; to: FakeKube }) {
  const { from, to, assignment } = sides({}, earlier);
  const clock = fakeClock();
  const ended = new AbortController();
  const silent = () => undefined;
  const session = new Session(assignment, {
    state: from,
    informers: new Informers(clock),
    clock,
    signal: ended.signal,
    info: silent,
    warn: silent,
    begun: silent,
    compared: silent,
    standingBy: silent,
  });
  const result = session.watch().catch((error: unknown) => error);
  /** Writes of the task's documents so far. */
  const writes = () =>
    from.calls.filter(({ verb, collection }) => verb === 'apply' && collection === configMaps).length;
  const end = async () => {
    ended.abort(new Error('ended'));
    await clock.advance(1000);
    await Promise.all([from.close(), to.close()]);
    await result;
  };
  return { from, to, clock, writes, end };
}

/** Something on the replica adds to whatever is written there. */
function meddle(to: FakeKube): void {
  to.after = ({ verb, name }) => {
    const copy = verb === 'apply' && name ? to.objects.find(configMaps, 'shop', name) : undefined;
    if (copy) to.objects.replace(configMaps, meddledWith(copy));
  };
}

const applied = ({ calls }: FakeKube) =>
  calls.filter(({ verb, name }) => verb === 'apply' && name !== 'shop');

test('what a replica made of 500 objects is known after a restart: nothing is applied, and all is counted', async () => {
  const first = watching();
  meddle(first.to);
  for (let index = 0; index < 500; index++) first.from.objects.create(configMaps, configMap(`o-${index}`));
  await first.clock.advance(30_000);
  const done = async ({ from }: { from: FakeKube }) => (await readStatus(from, 't'))?.replicas[0]?.done;
  const before = await done(first);
  expect(before).toMatchObject({ created: 501 });
  await first.end();
  const second = watching(first);
  meddle(second.to);
  await second.clock.advance(30_000);
  expect(applied(second.to)).toEqual([]);
  expect(await done(second)).toEqual(before);
  const written = second.writes();
  await second.clock.advance(60_000);
  expect(second.writes()).toBe(written);
  await second.end();
});

test('while a replica is away, what waits for it and for how long is kept up to date; then it is gone', async () => {
  const { from, to, clock, writes, end } = watching();
  await clock.advance(10_000);
  to.before = () => {
    throw new UnreachableError('the connection was lost');
  };
  to.answers.set('/version', () => ({}));
  from.objects.create(configMaps, configMap('a'));
  await clock.advance(30_000);
  const jobs = () => readJobs(from, 't');
  const behind = async () => (await readStatus(from, 't'))?.replicas[0]?.behind;
  expect(await behind()).toMatchObject({ pending: 1 });
  expect((await behind())?.oldestMs).toBeGreaterThan(20_000);
  expect((await jobs()).filter(({ name }) => name === 'a')).toMatchObject([{ state: 'failed' }]);
  const before = writes();
  await clock.advance(60_000);
  expect(writes() - before).toBeLessThanOrEqual(13);
  to.before = () => undefined;
  await clock.advance(60_000);
  expect(await behind()).toMatchObject({ pending: 0 });
  expect((await jobs()).filter(({ name }) => name === 'a')).toMatchObject([{ state: 'done' }]);
  await end();
});
