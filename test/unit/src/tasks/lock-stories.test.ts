import { describe, expect, test } from '@jest/globals';
import type { HeldLock } from '../../../../src/tasks/held-lock.ts';
import { acquire, type LockOptions, waitForLock } from '../../../../src/tasks/lock.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { FakeCluster } from '../../support/fake-cluster.ts';
import type { FakeKube } from '../../support/fake-kube.ts';
import { unreachable, workstation } from './lock-scene.ts';

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
    // The first has a bad network, each next one a better one, so that it is quick where the others are slow.
    for (const [n, { kube }] of stations.entries()) {
      const late = () => (random(4 + 12 * n) === 0 ? clock.sleep(random(25_000), stop.signal) : undefined);
      kube.before = () => (random(10 + 20 * n) === 0 ? unreachable() : late());
      kube.after = () => (random(12 + 20 * n) === 0 ? unreachable() : late());
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
    expect(taken).toBeGreaterThan(10);
    expect(most).toBe(1);
  });
});
