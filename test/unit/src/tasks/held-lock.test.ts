import { describe, expect, test } from '@jest/globals';
import { RefusedError, UnreachableError } from '../../../../src/errors.ts';
import { configMaps } from '../../../../src/kube/api/resources.ts';
import { ref, scene, take, unreachable, watched } from './lock-scene.ts';

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

  test('not by one renewal that hangs', async () => {
    const { clock, alice } = scene();
    const held = await take(alice);
    const { replace } = alice.kube;
    alice.kube.replace = async (_resource, _object, { timeoutMs = 60_000 } = {}) => {
      alice.kube.replace = replace;
      await clock.sleep(timeoutMs);
      return unreachable();
    };
    await clock.advance(30_000);
    expect(held.signal.aborted).toBe(false);
  });

  test('by silence, counted from when the last renewal was sent and not from when its answer came', async () => {
    const { clock, alice } = scene();
    const held = await take(alice);
    alice.kube.after = ({ verb }) => (verb === 'update' ? clock.sleep(3000) : undefined);
    await clock.advance(11_500);
    alice.kube.before = unreachable;
    await clock.advance(5000);
    expect(held.signal.aborted).toBe(false);
    await clock.advance(1000);
    expect(held.signal.aborted).toBe(true);
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
    expect(await held.isHeld()).toBe(false);
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

  test('confirm() tells how long a step may take that is to end before another may take the lock', async () => {
    const { clock, alice, bob } = scene();
    const held = await take(alice);
    await clock.advance(4000);
    expect(await held.confirm()).toBe(8000);
    expect(await held.isHeld()).toBe(true);
    await clock.advance(1000);
    alice.kube.before = unreachable;
    await clock.advance(7000);
    const left = await held.confirm();
    expect(left).toBe(5000);
    const taking = watched(take(bob));
    await clock.advance(left);
    expect([held.signal.aborted, taking.value]).toEqual([true, undefined]);
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
