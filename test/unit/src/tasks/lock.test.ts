import { describe, expect, jest, test } from '@jest/globals';
import { RefusedError, UnreachableError } from '../../../../src/errors.ts';
import { configMaps, leases } from '../../../../src/kube/resources.ts';
import type { HeldLock } from '../../../../src/tasks/held-lock.ts';
import { acquire, type LockOptions, waitForLock } from '../../../../src/tasks/lock.ts';
import { leaseLock } from '../../../../src/tasks/lock-object.ts';
import { taskLabels } from '../../../../src/tasks/names.ts';
import { type FakeClock, fakeClock, settle } from '../../support/fake-clock.ts';
import { apiError, FakeCluster } from '../../support/fake-cluster.ts';
import { type FakeKube, fakeKube } from '../../support/fake-kube.ts';

const ref = { namespace: 'prod', name: 'x8sync-claim-1' };
const unreachable = () => {
  throw new UnreachableError('no route to host');
};

function workstation(cluster: FakeCluster, clock: FakeClock, who = 'alice@laptop') {
  const kube = fakeKube(cluster);
  const options: LockOptions = {
    ...ref,
    labels: taskLabels('x8sync', 'web', 'target'),
    about: 'claim prod/data',
    purpose: 'task web',
    holder: `${who} pid=4242 id=${who}`,
    clock,
    liveness: () => 'unknown',
  };
  return { kube, options };
}

function scene() {
  const cluster = new FakeCluster();
  const clock = fakeClock();
  const alice = workstation(cluster, clock, 'alice@laptop');
  const bob = workstation(cluster, clock, 'bob@desk');
  return { cluster, clock, alice, bob };
}

/** What a promise has come to by now. */
function watched<T>(promise: Promise<T>) {
  const state: { value?: T; error?: unknown } = {};
  promise.then(
    (value) => Object.assign(state, { value }),
    (error) => Object.assign(state, { error }),
  );
  return state;
}

const take = ({ kube, options }: { kube: FakeKube; options: LockOptions }, more: Partial<LockOptions> = {}) =>
  acquire(kube, { ...options, ...more });

describe('a free lock', () => {
  test('is made, renewed, and deleted when it is released', async () => {
    const { clock, alice } = scene();
    const held = await take(alice);
    const first = await alice.kube.get(configMaps, ref);
    expect(first.metadata.annotations).toMatchObject({
      'x8s.dev/holder': 'alice@laptop pid=4242 id=alice@laptop',
      'x8s.dev/stale-after': '15s',
      'x8s.dev/purpose': 'task web',
    });
    await clock.advance(5000);
    const second = await alice.kube.get(configMaps, ref);
    expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion);
    expect(second.metadata.annotations?.['x8s.dev/held-since']).toBe('2026-01-01T00:00:00.000Z');
    expect(second.metadata.annotations?.['x8s.dev/heartbeat']).toBe('2026-01-01T00:00:05.000Z');
    await held.release();
    expect(await alice.kube.find(configMaps, ref)).toBeUndefined();
    expect(held.signal.aborted).toBe(false);
  });

  test('is quiet after its release', async () => {
    const { clock, alice } = scene();
    await (await take(alice)).release();
    const calls = alice.kube.calls.length;
    await clock.advance(60_000);
    expect(alice.kube.calls).toHaveLength(calls);
  });

  test('is had by exactly one of two writers at once, and the other is told who', async () => {
    const { clock, alice, bob } = scene();
    const both = [watched(take(alice)), watched(take(bob))];
    await clock.advance(1000);
    const losers = both.filter((one) => one.error instanceof RefusedError);
    expect(both.filter((one) => one.value)).toHaveLength(1);
    expect(losers).toHaveLength(1);
    expect(losers[0]?.error).toMatchObject({
      message: expect.stringMatching(/claim prod\/data is in use by (alice|bob)@/),
    });
  });

  test('is not taken where an object of somebody else has its name', async () => {
    const { cluster, alice } = scene();
    cluster.create('/configmaps', {
      metadata: { ...ref, labels: { app: 'shop' } },
      data: { precious: 'yes' },
    });
    await expect(take(alice)).rejects.toThrow(/was not made by kubectl-x8sync/);
    expect(cluster.find('/configmaps', ref.namespace, ref.name)?.data).toEqual({ precious: 'yes' });
  });

  test('is waited for while its old object is being deleted', async () => {
    const { cluster, clock, alice } = scene();
    const { labels } = alice.options;
    cluster.create('/configmaps', { metadata: { ...ref, labels: { ...labels }, finalizers: ['x/y'] } });
    cluster.delete('/configmaps', ref.namespace, ref.name);
    const attempt = watched(take(alice));
    await clock.advance(5000);
    expect(attempt).toEqual({});
    const old = cluster.find('/configmaps', ref.namespace, ref.name);
    if (old) cluster.replace('/configmaps', { ...old, metadata: { ...old.metadata, finalizers: [] } });
    await clock.advance(1000);
    expect(attempt.value).toBeDefined();
  });

  test('is given up where its old object never goes', async () => {
    const { cluster, clock, alice } = scene();
    const { labels } = alice.options;
    cluster.create('/configmaps', { metadata: { ...ref, labels: { ...labels }, finalizers: ['x/y'] } });
    cluster.delete('/configmaps', ref.namespace, ref.name);
    const attempt = watched(take(alice));
    await clock.advance(16_000);
    expect(attempt.error).toMatchObject({ details: ['finalizers: x/y'] });
  });
});

describe('a held lock', () => {
  test('is refused as soon as its holder is seen to be alive', async () => {
    const { clock, alice, bob } = scene();
    await take(alice);
    const waiting = jest.fn();
    const attempt = watched(take(bob, { waiting }));
    await clock.advance(4000);
    expect(attempt).toEqual({});
    expect(waiting).toHaveBeenCalledTimes(1);
    await clock.advance(2000);
    expect(attempt.error).toMatchObject({
      exitCode: 3,
      message: 'claim prod/data is in use by alice@laptop (process 4242).',
      details: expect.arrayContaining(['for: task web', 'since: 2026-01-01T00:00:00.000Z']),
    });
  });

  test('is refused at once where its holder is a live process of this machine', async () => {
    const { alice, bob } = scene();
    await take(alice);
    await expect(take(bob, { liveness: () => 'alive' })).rejects.toThrow(RefusedError);
  });

  test('is taken over from a dead holder after it has not moved for so long, and no sooner', async () => {
    const { clock, alice, bob } = scene();
    const held = await take(alice);
    alice.kube.before = unreachable;
    const attempt = watched(take(bob));
    await clock.advance(14_400);
    expect(attempt).toEqual({});
    expect(held.signal.aborted).toBe(true);
    await clock.advance(1000);
    expect(attempt.value?.holder).toMatch(/^bob@desk /);
  });

  test('is taken over at once from a dead process of this machine', async () => {
    const { clock, alice, bob } = scene();
    await take(alice);
    alice.kube.before = unreachable;
    const attempt = watched(take(bob, { liveness: () => 'dead' }));
    await settle();
    expect(attempt.value).toBeDefined();
    expect(clock.monotonic()).toBe(0);
  });

  test('is left for as long as its holder promised, where that is longer than one’s own patience', async () => {
    const { clock, alice, bob } = scene();
    await take(alice, { staleAfterMs: 60_000, heartbeatMs: 20_000 });
    alice.kube.before = unreachable;
    const attempt = watched(take(bob, { staleAfterMs: 5000 }));
    await clock.advance(59_000);
    expect(attempt).toEqual({});
    await clock.advance(2000);
    expect(attempt.value).toBeDefined();
  });

  test('goes to one only, where two take it over', async () => {
    const { cluster, clock, alice, bob } = scene();
    const carol = workstation(cluster, clock, 'carol@desk');
    await take(alice);
    alice.kube.before = unreachable;
    const both = [watched(take(bob)), watched(take(carol))];
    await clock.advance(17_000);
    expect(both.filter((one) => one.value)).toHaveLength(1);
    expect(both.filter((one) => one.error instanceof RefusedError)).toHaveLength(1);
  });
});

describe('losing a lock', () => {
  test('by silence: its signal aborts before another may take it', async () => {
    const { clock, alice } = scene();
    const held = await take(alice);
    await clock.advance(5000);
    alice.kube.before = unreachable;
    await clock.advance(11_000);
    expect(held.signal.aborted).toBe(false);
    await clock.advance(1000);
    expect(held.signal.reason).toBeInstanceOf(UnreachableError);
    await expect(held.confirm()).rejects.toThrow(/could not be renewed for 12 s/);
  });

  test('by a server that never answers', async () => {
    const { clock, alice } = scene();
    const held = await take(alice);
    alice.kube.before = () => new Promise(() => undefined);
    await clock.advance(12_000);
    expect(held.signal.reason).toBeInstanceOf(UnreachableError);
  });

  test('not by a renewal whose answer was lost', async () => {
    const { clock, alice } = scene();
    const held = await take(alice);
    alice.kube.after = ({ verb }) => (verb === 'update' ? unreachable() : undefined);
    await clock.advance(6000);
    alice.kube.after = () => undefined;
    await clock.advance(30_000);
    expect(held.signal.aborted).toBe(false);
  });

  test('not by somebody else’s write to its object', async () => {
    const { cluster, clock, alice } = scene();
    const held = await take(alice);
    const object = await alice.kube.get(configMaps, ref);
    object.metadata.labels = { ...object.metadata.labels, seen: 'yes' };
    cluster.replace('/configmaps', object);
    await clock.advance(30_000);
    expect(held.signal.aborted).toBe(false);
    const now = await alice.kube.get(configMaps, ref);
    expect(now.metadata.labels?.seen).toBe('yes');
  });

  test('by its deletion', async () => {
    const { cluster, clock, alice } = scene();
    const held = await take(alice);
    cluster.delete('/configmaps', ref.namespace, ref.name);
    await clock.advance(5000);
    expect(held.signal.reason).toBeInstanceOf(RefusedError);
    expect(held.signal.reason).toMatchObject({ message: expect.stringContaining('was deleted') });
  });

  test('is noticed by confirm() after the machine slept, though its own clock stood still', async () => {
    const { clock, alice, bob } = scene();
    const held = await take(alice);
    clock.jump(3_600_000);
    const stolen = await alice.kube.get(configMaps, ref);
    Object.assign(stolen.metadata.annotations ?? {}, { 'x8s.dev/holder': bob.options.holder });
    await bob.kube.replace(configMaps, stolen);
    await expect(held.confirm()).rejects.toThrow(/is held by bob@desk/);
    await held.release();
    expect((await bob.kube.get(configMaps, ref)).metadata.annotations?.['x8s.dev/holder']).toMatch(/^bob/);
  });

  test('confirm() renews after the machine slept, and costs nothing otherwise', async () => {
    const { clock, alice } = scene();
    const held = await take(alice);
    const calls = alice.kube.calls.length;
    await held.confirm();
    expect(alice.kube.calls).toHaveLength(calls);
    clock.jump(3_600_000);
    await held.confirm();
    expect(alice.kube.calls.slice(calls).map(({ verb }) => verb)).toEqual(['update']);
  });

  test('confirm() rejects where the machine slept and the cluster can’t be asked', async () => {
    const { clock, alice } = scene();
    const held = await take(alice);
    clock.jump(3_600_000);
    alice.kube.before = unreachable;
    await expect(held.confirm()).rejects.toThrow(UnreachableError);
    expect(held.signal.aborted).toBe(true);
  });
});

describe('a Lease', () => {
  const lease = { kind: leaseLock, ...ref };
  const takeLease = ({ kube, options }: { kube: FakeKube; options: LockOptions }) =>
    acquire(kube, { ...options, ...lease });
  const standBy = ({ kube, options }: { kube: FakeKube; options: LockOptions }) =>
    waitForLock(kube, { ...options, ...lease });

  test('is written as client-go writes it, and freed, not deleted', async () => {
    const { alice } = scene();
    const held = await takeLease(alice);
    expect((await alice.kube.get(leases, ref)).spec).toEqual({
      holderIdentity: alice.options.holder,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
      leaseDurationSeconds: 15,
      leaseTransitions: 1,
    });
    await held.release();
    expect((await alice.kube.get(leases, ref)).spec?.holderIdentity).toBe('');
  });

  test('goes to the standby soon after it is freed', async () => {
    const { clock, alice, bob } = scene();
    const held = await takeLease(alice);
    const standby = watched(standBy(bob));
    await clock.advance(60_000);
    expect(standby).toEqual({});
    await held.release();
    await clock.advance(1000);
    expect(standby.value?.holder).toMatch(/^bob/);
  });

  test('goes to the standby when its holder is stopped, which notices before it can write again', async () => {
    const { clock, alice, bob } = scene();
    const held = await takeLease(alice);
    const standby = watched(standBy(bob));
    alice.kube.before = () => new Promise(() => undefined);
    await clock.advance(16_000);
    expect(standby.value).toBeDefined();
    alice.kube.before = () => undefined;
    await expect(held.confirm()).rejects.toThrow(/could not be renewed/);
  });

  test('is stood by for through errors of the API server, until the signal', async () => {
    const { clock, alice, bob } = scene();
    await takeLease(alice);
    const stop = new AbortController();
    const standby = watched(waitForLock(bob.kube, { ...bob.options, ...lease, signal: stop.signal }));
    bob.kube.before = () => {
      throw apiError(503, 'etcd is away', 'ServiceUnavailable');
    };
    await clock.advance(10_000);
    expect(standby).toEqual({});
    stop.abort(new Error('enough'));
    await settle();
    expect(standby.error).toMatchObject({ message: 'enough' });
  });
});

describe('a task’s own record as the lock', () => {
  test('is freed, and keeps all else', async () => {
    const { cluster, alice } = scene();
    const { labels } = alice.options;
    const made = cluster.create('/configmaps', {
      metadata: { ...ref, labels: { ...labels } },
      data: { spec: '{}' },
    });
    const held = await take(alice, { existing: made.metadata.uid });
    await held.release();
    const now = await alice.kube.get(configMaps, ref);
    expect(now.data).toEqual({ spec: '{}' });
    expect(now.metadata.annotations).toEqual({});
  });

  test('is not made where it is gone', async () => {
    const { cluster, alice } = scene();
    await expect(take(alice, { existing: 'gone' })).rejects.toThrow(/was deleted meanwhile/);
    expect(cluster.all('/configmaps')).toEqual([]);
  });
});

describe('whatever happens', () => {
  /** A small generator of repeatable chance (Park and Miller). */
  function chance(seed: number) {
    let state = seed;
    return (below: number) => {
      state = (state * 48_271) % 2_147_483_647;
      return state % below;
    };
  }

  /** Runs workstations that come, go, lose the network and answers, and looks who believes to hold the lock. */
  async function story(seed: number): Promise<{ taken: number; most: number }> {
    const random = chance(seed);
    const cluster = new FakeCluster();
    const clock = fakeClock();
    const believers = new Set<HeldLock>();
    let taken = 0;
    let most = 0;
    const stop = new AbortController();
    const stations = ['a@one', 'b@two', 'c@three'].map((who) => workstation(cluster, clock, who));
    for (const { kube } of stations) {
      kube.before = () => {
        const dice = random(10);
        if (dice === 0) return unreachable();
        return dice < 4 ? clock.sleep(random(9000), stop.signal) : undefined;
      };
      kube.after = () => (random(12) === 0 ? unreachable() : undefined);
    }
    const live = async ({ kube, options }: { kube: FakeKube; options: LockOptions }, n: number) => {
      for (let life = 0; !stop.signal.aborted; life++) {
        const holder = `${options.holder}-${n}-${life}`;
        const attempt = life % 2 ? acquire : waitForLock;
        const held = await attempt(kube, { ...options, holder, signal: stop.signal }).catch(() => undefined);
        if (held && !held.signal.aborted) {
          taken += 1;
          believers.add(held);
          held.signal.addEventListener('abort', () => believers.delete(held));
          most = Math.max(most, believers.size);
          await clock
            .sleep(random(60_000), AbortSignal.any([stop.signal, held.signal]))
            .catch(() => undefined);
          believers.delete(held);
          await held.release();
        }
        await clock.sleep(random(3000), stop.signal).catch(() => undefined);
      }
    };
    const lives = stations.map(live);
    await clock.advance(900_000);
    stop.abort();
    await Promise.all([...lives, clock.advance(100_000)]);
    return { taken, most };
  }

  test.each([1, 22, 333, 4444])('there are never two holders (story %i)', async (seed) => {
    const { taken, most } = await story(seed);
    expect(taken).toBeGreaterThan(5);
    expect(most).toBe(1);
  });
});
