import { describe, expect, jest, test } from '@jest/globals';
import { RefusedError } from '../../../../src/errors.ts';
import { configMaps, leases } from '../../../../src/kube/api/resources.ts';
import { acquire, type LockOptions, waitForLock } from '../../../../src/tasks/lock.ts';
import { leaseLock } from '../../../../src/tasks/lock-object.ts';
import { settle } from '../../support/fake-clock.ts';
import { apiError } from '../../support/fake-cluster.ts';
import type { FakeKube } from '../../support/fake-kube.ts';
import { ref, scene, take, unreachable, watched, workstation } from './lock-scene.ts';

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

  test('is taken once more where the answer came so late that another might have it by now', async () => {
    const { clock, alice } = scene();
    alice.kube.after = ({ verb }) => (verb === 'create' ? clock.sleep(13_000) : undefined);
    const attempt = watched(take(alice));
    await clock.advance(13_100);
    expect(attempt).toEqual({});
    await clock.advance(500);
    expect(attempt.value?.signal.aborted).toBe(false);
    expect(alice.kube.calls.filter(({ verb }) => verb === 'update')).toHaveLength(1);
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

  test('is held for one’s own patience, where its holder’s promise can’t be read', async () => {
    const { clock, alice, bob } = scene();
    await take(alice);
    alice.kube.before = unreachable;
    const annotations = { 'x8s.dev/stale-after': 'for ever' };
    await bob.kube.patch(configMaps, ref, { metadata: { annotations } }, { type: 'merge' });
    const attempt = watched(take(bob));
    await clock.advance(14_400);
    expect(attempt).toEqual({});
    await clock.advance(1000);
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

  const denied = (code: number) => () => {
    throw apiError(code, 'RBAC: role.rbac.authorization.k8s.io "x" not found', 'Forbidden');
  };

  test.each([401, 403])('outlives a server that has forgotten its rights for a while (%i)', async (code) => {
    const { clock, alice, bob } = scene();
    const held = await takeLease(alice);
    const told: unknown[] = [];
    const standby = watched(
      waitForLock(bob.kube, { ...bob.options, ...lease, denied: (error) => told.push(error) }),
    );
    await clock.advance(2000);
    bob.kube.before = denied(code);
    const calls = bob.kube.calls.length;
    await clock.advance(60_000);
    expect(standby).toEqual({});
    expect(told).toMatchObject([{ code }]);
    // Not as often as it is looked otherwise.
    expect(bob.kube.calls.length - calls).toBeLessThan(20);
    bob.kube.before = () => undefined;
    await held.release();
    await clock.advance(9000);
    expect(standby.value?.holder).toMatch(/^bob/);
  });

  test('does not wait for rights that it never had, unless it is known to have had them', async () => {
    const { clock, bob } = scene();
    bob.kube.before = denied(403);
    await expect(standBy(bob)).rejects.toMatchObject({ code: 403 });
    const again = watched(waitForLock(bob.kube, { ...bob.options, ...lease, known: true }));
    await clock.advance(5000);
    expect(again).toEqual({});
    bob.kube.before = () => undefined;
    await clock.advance(9000);
    expect(again.value?.holder).toMatch(/^bob/);
  });

  test('says at once that it may read the lock and not take it', async () => {
    const { bob } = scene();
    bob.kube.before = ({ verb }) => (verb === 'create' ? denied(403)() : undefined);
    await expect(standBy(bob)).rejects.toMatchObject({ code: 403 });
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
