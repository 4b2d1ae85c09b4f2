import { afterEach, describe, expect, test } from '@jest/globals';
import { WRITE_MS } from '../../../../../plugins/nsreplicate/reconcile/fenced-client.ts';
import { fencedBy, newestOf, raiseEpoch, readEpoch } from '../../../../../plugins/nsreplicate/state/epoch.ts';
import { CONFIRMED_MS, EpochGuard } from '../../../../../plugins/nsreplicate/task/epoch-guard.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import { fakeClock, hastyClock, settle } from '../../../support/fake-clock.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const epoch = (number: number, leader: string) => ({
  number,
  leader,
  leaderName: `cluster ${leader}`,
  raisedAt: '2026-01-01T00:00:00.000Z',
});

let close: () => Promise<unknown> = async () => undefined;

afterEach(() => close());

/** A guard of a task from A to B and C. */
function guarded() {
  const clusters = ['A', 'B', 'C'].map((id) => ({ name: `cluster ${id}`, id, kube: fakeKube() }));
  const [primary, ...replicas] = clusters;
  if (!primary) throw new Error('there is no primary');
  const clock = fakeClock();
  const ended = new AbortController();
  const said: string[] = [];
  const fenced: Error[] = [];
  const guard = new EpochGuard({
    task: 't',
    primary,
    replicas,
    clock,
    signal: ended.signal,
    warn: (text) => said.push(text),
    fenced: (error) => fenced.push(error),
  });
  close = () => {
    ended.abort();
    return Promise.all(clusters.map(({ kube }) => kube.close()));
  };
  const questions = () => replicas[0]?.kube.calls.length;
  return { guard, primary, replicas, clock, said, fenced, questions };
}

describe('a task', () => {
  test('writes where nobody was promoted, and asks once a second at most', async () => {
    const { guard, replicas, clock, questions, fenced } = guarded();
    await guard.begin();
    const [b] = replicas;
    for (let writes = 0; writes < 100; writes++) await guard.confirm(b as never);
    expect(questions()).toBe(1);
    await clock.advance(1000);
    await Promise.all([guard.confirm(b as never), guard.confirm(b as never)]);
    expect([questions(), guard.number, fenced]).toEqual([2, 0, []]);
  });

  test('asks again after the machine slept, whose monotonic clock stood still meanwhile', async () => {
    const { guard, replicas, clock, questions } = guarded();
    await guard.begin();
    const [b] = replicas;
    await guard.confirm(b as never);
    clock.jump(3_600_000);
    await guard.confirm(b as never);
    expect(questions()).toBe(2);
    if (b) b.kube.after = () => clock.jump(WRITE_MS + CONFIRMED_MS);
    clock.jump(CONFIRMED_MS);
    await expect(guard.confirm(b as never)).rejects.toThrow(UnreachableError);
  });

  test('is fenced at its start where any cluster knows that another one was promoted', async () => {
    const { guard, replicas, fenced } = guarded();
    await raiseEpoch(replicas[1]?.kube as never, 't', epoch(1, 'C'));
    await expect(guard.begin()).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('cluster C was promoted at 2026-01-01T00:00:00.000Z (epoch 1)'),
    });
    expect(fenced).toHaveLength(1);
  });

  test('is fenced before the first write that comes a second after a promotion, and ever after', async () => {
    const { guard, replicas, clock } = guarded();
    await guard.begin();
    await raiseEpoch(replicas[0]?.kube as never, 't', epoch(1, 'B'));
    await clock.advance(1000);
    await expect(guard.confirm(replicas[0] as never)).rejects.toThrow(/fenced/);
    await expect(guard.confirm(replicas[1] as never)).rejects.toThrow(/fenced/);
  });

  test('that writes nothing finds out within ten seconds', async () => {
    const { guard, replicas, clock, fenced } = guarded();
    await guard.begin();
    void guard.run();
    await raiseEpoch(replicas[0]?.kube as never, 't', epoch(1, 'B'));
    await clock.advance(10_000);
    expect(fenced).toHaveLength(1);
  });

  test('of the cluster that was promoted writes, and tells the others of its epoch', async () => {
    const { guard, primary, replicas } = guarded();
    await raiseEpoch(primary.kube, 't', epoch(3, 'A'));
    await raiseEpoch(replicas[0]?.kube as never, 't', epoch(2, 'B'));
    await guard.begin();
    await guard.confirm(replicas[0] as never);
    expect(guard.number).toBe(3);
    for (const { kube } of replicas) expect(await readEpoch(kube, 't')).toEqual(epoch(3, 'A'));
  });

  test('of either of two clusters that were promoted without seeing each other is fenced, and overwrites neither', async () => {
    const { guard, primary, replicas } = guarded();
    await raiseEpoch(primary.kube, 't', epoch(1, 'A'));
    await raiseEpoch(replicas[0]?.kube as never, 't', epoch(1, 'B'));
    await expect(guard.begin()).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/cluster [AB] and cluster [AB] were both promoted \(epoch 1\)/),
    });
    await expect(guard.confirm(replicas[1] as never)).rejects.toThrow(/fenced/);
    expect(await readEpoch(replicas[0]?.kube as never, 't')).toEqual(epoch(1, 'B'));
  });

  test('goes on where only its own cluster was promoted since', async () => {
    const { guard, primary, replicas } = guarded();
    await raiseEpoch(primary.kube, 't', epoch(2, 'A'));
    await raiseEpoch(replicas[0]?.kube as never, 't', epoch(1, 'B'));
    await raiseEpoch(replicas[1]?.kube as never, 't', epoch(1, 'C'));
    await guard.begin();
    await guard.confirm(replicas[0] as never);
  });

  test('writes for as long as a promotion waits that the last answer did not know of, counted from the question', async () => {
    const { guard, replicas, clock } = guarded();
    const [b] = replicas;
    if (!b) throw new Error('there is no replica');
    expect(await guard.confirm(b)).toBe(CONFIRMED_MS + WRITE_MS);
    await clock.advance(400);
    expect(await guard.confirm(b)).toBe(CONFIRMED_MS + WRITE_MS - 400);
    const slow = async (ms: number) => {
      await clock.advance(CONFIRMED_MS);
      b.kube.after = () => clock.sleep(ms);
      const confirmed = guard.confirm(b).catch((error: unknown) => error);
      await clock.advance(ms);
      return confirmed;
    };
    expect(await slow(5000)).toBe(CONFIRMED_MS + WRITE_MS - 5000);
    // As an answer that lay there while this process stood still, or that came by a bad line.
    expect(await slow(CONFIRMED_MS + WRITE_MS)).toMatchObject({ exitCode: 4 });
  });

  test('does not write to a replica whose epoch it can not read, but for a lack of rights, which is said once', async () => {
    const { guard, replicas, said } = guarded();
    const [b, c] = replicas;
    if (!b || !c) throw new Error('there are no replicas');
    b.kube.before = () => {
      throw new UnreachableError('gone');
    };
    c.kube.before = () => {
      throw apiError(403, 'not allowed', 'Forbidden');
    };
    await guard.begin();
    await expect(guard.confirm(b)).rejects.toThrow('gone');
    await guard.confirm(c);
    expect(said).toEqual([expect.stringContaining('cluster C: a promotion would not be noticed there')]);
  });
});

test('a replica that answers with errors does not keep a promoted cluster from beginning, and is written to once it is read', async () => {
  const { guard, primary, replicas, fenced } = guarded();
  const [b, c] = replicas;
  if (!b || !c) throw new Error('there are no replicas');
  await raiseEpoch(primary.kube, 't', epoch(2, 'A'));
  b.kube.before = () => {
    throw apiError(500, 'etcdserver: request timed out', 'InternalError');
  };
  await guard.begin();
  expect([guard.number, fenced]).toEqual([2, []]);
  await guard.confirm(c);
  await expect(guard.confirm(b)).rejects.toThrow('etcdserver: request timed out');
  b.kube.before = () => undefined;
  await guard.confirm(b);
});

describe('a replica that can not be told of the epoch keeps no promoted cluster from beginning', () => {
  test.each([
    ['refuses the record, as a webhook may', apiError(422, 'no such ConfigMaps here', 'Invalid')],
    ['is overtaken all the time', apiError(409, 'changed meanwhile', 'Conflict')],
    ['has no store', apiError(500, 'etcdserver: no leader')],
    ['wants other credentials', apiError(401, 'sign in')],
  ])('one that %s: it is said, and it is told later', async (_what, error) => {
    const { guard, primary, replicas, said, clock } = guarded();
    const [b, c] = replicas;
    if (!b || !c) throw new Error('there are no replicas');
    await raiseEpoch(primary.kube, 't', epoch(2, 'A'));
    b.kube.before = ({ verb }) => {
      if (verb !== 'get') throw error;
    };
    const begun = guard.begin();
    await clock.advance(60_000);
    await begun;
    expect(await readEpoch(c.kube, 't')).toEqual(epoch(2, 'A'));
    expect(said).toEqual([expect.stringMatching(/^cluster B: .*epoch 2/)]);
    void guard.run();
    await clock.advance(60_000);
    expect(said).toHaveLength(1);
    b.kube.before = () => undefined;
    await clock.advance(10_000);
    expect(await readEpoch(b.kube, 't')).toEqual(epoch(2, 'A'));
    const reads = b.kube.calls.length;
    await clock.advance(10_000);
    expect(b.kube.calls.slice(reads).map(({ verb }) => verb)).toEqual(['get']);
  });

  test('one that can not be asked is named, and is written to once it was asked', async () => {
    const { guard, replicas, said } = guarded();
    const [b, c] = replicas;
    if (!b || !c) throw new Error('there are no replicas');
    b.kube.before = () => {
      throw apiError(401, 'sign in');
    };
    await guard.begin();
    await guard.confirm(c);
    await expect(guard.confirm(b)).rejects.toThrow('sign in');
    expect(said).toEqual([expect.stringMatching(/^cluster B: .*nothing is written there.*sign in/)]);
    b.kube.before = () => undefined;
    await guard.confirm(b);
  });

  test('one that hangs keeps the others waiting no longer than a write may take', async () => {
    const { guard, replicas, clock, said, primary } = guarded();
    const [b, c] = replicas;
    if (!b || !c) throw new Error('there are no replicas');
    await raiseEpoch(primary.kube, 't', epoch(2, 'A'));
    b.kube.before = () => clock.sleep(3_600_000);
    let isBegun = false;
    void guard.begin().then(() => {
      isBegun = true;
    });
    await clock.advance(WRITE_MS);
    expect([isBegun, said]).toEqual([true, [expect.stringMatching(/^cluster B: .*has not answered/)]]);
    await guard.confirm(c);
    expect(await readEpoch(c.kube, 't')).toEqual(epoch(2, 'A'));
  });
});

test('an epoch is raised, never lowered', async () => {
  const kube = fakeKube();
  close = () => kube.close();
  expect(await raiseEpoch(kube, 't', epoch(2, 'B'))).toEqual(epoch(2, 'B'));
  expect(await raiseEpoch(kube, 't', epoch(1, 'C'))).toEqual(epoch(2, 'B'));
  expect(await raiseEpoch(kube, 't', epoch(3, 'C'))).toEqual(epoch(3, 'C'));
  expect(await readEpoch(kube, 't')).toEqual(epoch(3, 'C'));
  expect(await readEpoch(kube, 'other')).toBeUndefined();
});

test('an epoch that others are quicker with again and again waits longer each time, and says so in the end', async () => {
  const kube = fakeKube();
  close = () => kube.close();
  await raiseEpoch(kube, 't', epoch(1, 'B'));
  const clock = fakeClock();
  kube.before = ({ verb }) => {
    if (verb === 'update') throw apiError(409, 'changed meanwhile', 'Conflict');
  };
  const tried = () => kube.calls.filter(({ verb }) => verb === 'update').length;
  const failed = raiseEpoch(kube, 't', epoch(2, 'C'), { clock }).catch((error: unknown) => error);
  await settle();
  expect(tried()).toBe(1);
  await clock.advance(200);
  expect(tried()).toBe(2);
  await clock.advance(60_000);
  expect(tried()).toBeLessThan(50);
  expect(await failed).toMatchObject({ message: expect.stringMatching(/epoch 2.*overtaken/), exitCode: 1 });
});

test('an epoch whose record was deleted between reading and writing is written all the same', async () => {
  const kube = fakeKube();
  close = () => kube.close();
  await raiseEpoch(kube, 't', epoch(1, 'B'));
  kube.before = ({ verb, namespace, name }) => {
    if (verb === 'update') kube.objects.delete('/configmaps', namespace, name ?? '');
  };
  expect(await raiseEpoch(kube, 't', epoch(2, 'C'), { clock: hastyClock() })).toEqual(epoch(2, 'C'));
  expect(await readEpoch(kube, 't')).toEqual(epoch(2, 'C'));
});

test('the newest of several counts', () => {
  expect(newestOf([])).toBeUndefined();
  expect(newestOf([epoch(1, 'A'), undefined, epoch(2, 'B')])).toEqual(epoch(2, 'B'));
  expect(fencedBy(undefined, 't', { name: 'a', id: 'A' })).toBeUndefined();
  expect(fencedBy(epoch(1, 'A'), 't', { name: 'a', id: 'A' })).toBeUndefined();
  expect(fencedBy(epoch(1, 'B'), 't', { name: 'a', id: 'A' })).toBeDefined();
});
