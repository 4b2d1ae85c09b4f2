/** What a person approved is done; all else is measured, whatever happened in between. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type BrakeState, released } from '../../../../../plugins/nsreplicate/decide/brake.ts';
import { keyOf } from '../../../../../plugins/nsreplicate/objects/keys.ts';
import { Deletions } from '../../../../../plugins/nsreplicate/reconcile/deletions.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

const limits = { objects: 12, percent: 50, floor: 10, windowMs: 600_000 };
const key = (name: string | number) => keyOf('ConfigMap', 'shop', String(name));
const keys = (count: number, prefix = '') => Array.from({ length: count }, (_, index) => key(prefix + index));

function scene(state: BrakeState = released, copies = 1000) {
  const clock = fakeClock();
  const deletions = new Deletions({
    replica: 'standby',
    replicaCache: { countIn: () => copies } as never,
    limits,
    state,
    clock,
    warn: () => undefined,
    changed: () => undefined,
  });
  /** As after a restart. */
  const again = () => scene(JSON.parse(JSON.stringify(deletions.state)) as BrakeState).deletions;
  const allowed = (some: readonly string[], count = 1) =>
    some.filter((one) => deletions.mayDelete(one, count)).length;
  return { deletions, clock, allowed, again };
}

const stopped: BrakeState = { deletions: [], stopped: 'too many' };

describe('an approval', () => {
  test('is of what was shown, and of each once', () => {
    const { deletions, allowed } = scene(stopped);
    deletions.release(keys(40));
    deletions.check(keys(40));
    expect([allowed(keys(40)), deletions.stopped]).toEqual([40, undefined]);
    expect(deletions.state).toEqual(released);
    expect(allowed(keys(40))).toBe(12);
  });

  test('is not of others, however few of those that were shown are done', () => {
    const { deletions, allowed } = scene(stopped);
    deletions.release(keys(40));
    expect([allowed(keys(40, 'other')), deletions.stopped]).toEqual([12, expect.any(String)]);
  });

  test('is of as much as was shown to go along', () => {
    const { deletions } = scene();
    expect(deletions.mayDelete(key('ns'), 31)).toBe(false);
    deletions.release([key('ns')]);
    const [same, more] = [scene(deletions.state).deletions, scene(deletions.state).deletions];
    expect(same.mayDelete(key('ns'), 31)).toBe(true);
    expect(more.mayDelete(key('ns'), 32)).toBe(false);
  });

  test('survives a restart, and what was refused is still approved', () => {
    const { deletions, again } = scene(stopped);
    deletions.release(keys(40));
    deletions.mayDelete(key(0), 1);
    deletions.wasRefused(key(0), 1);
    const revived = again();
    expect(keys(40).filter((one) => revived.mayDelete(one, 1))).toHaveLength(40);
  });

  test('that was given before anything was compared is of what the first comparison finds', () => {
    const { deletions, allowed, again } = scene({ deletions: [], approved: 'all-found' });
    const revived = again();
    expect(keys(40).filter((one) => revived.mayDelete(one, 1))).toHaveLength(40);
    expect(allowed(keys(20))).toBe(20);
    deletions.wasRefused(key(3), 1);
    deletions.found(keys(10, 'late'));
    expect(allowed([key(3), ...keys(10, 'late')])).toBe(11);
    expect(deletions.state).toEqual(released);
  });

  test('of something that waited no more when a run had compared everything is over', () => {
    const { deletions, allowed } = scene(stopped);
    deletions.release(keys(40));
    deletions.found(keys(2));
    expect(deletions.state.approved).toHaveLength(2);
    expect([allowed(keys(2)), allowed(keys(40, 'other'))]).toEqual([2, 12]);
  });

  test('of a number, as an earlier version kept it, lapses', () => {
    const earlier = { deletions: [], allowance: 500 } as BrakeState;
    const { deletions, allowed } = scene(earlier);
    expect([allowed(keys(40)), deletions.stopped]).toEqual([12, expect.any(String)]);
    expect(deletions.state).not.toHaveProperty('allowance');
  });

  test('of very many is kept in part for the next run: the others are measured anew', () => {
    const { deletions, again, allowed } = scene(stopped);
    deletions.release(keys(5000));
    expect(JSON.stringify(deletions.state).length).toBeLessThan(30_000);
    const revived = again();
    expect(keys(5000).filter((one) => revived.mayDelete(one, 1))).toHaveLength(2012);
    expect(allowed(keys(5000))).toBe(5000);
  });
});

/** What a task would do with sixty objects, and what a person has seen of it. */
class Model {
  nowMs = 0;
  deletions = this.#begin(released);
  /** Objects that are to be deleted. */
  readonly waiting = new Set<string>();
  /** Those of them that were shown to whoever approved last. */
  #shown = new Set<string>();
  /** When each object went that nobody was shown, since the last approval. */
  #unseen: number[] = [];

  #begin(state: BrakeState): Deletions {
    return new Deletions({
      replica: 'standby',
      replicaCache: { countIn: () => 1000 } as never,
      limits,
      state,
      clock: { now: () => new Date(this.nowMs) } as never,
      warn: () => undefined,
      changed: () => undefined,
    });
  }

  restart(): void {
    this.deletions = this.#begin(JSON.parse(JSON.stringify(this.deletions.state)));
  }

  work(refused: readonly string[] = []): void {
    for (const one of [...this.waiting]) {
      if (!this.deletions.mayDelete(one, 1)) continue;
      if (refused.includes(one)) {
        this.deletions.wasRefused(one, 1);
        continue;
      }
      if (!this.#shown.delete(one)) this.#unseen.push(this.nowMs);
      this.waiting.delete(one);
      this.deletions.lapse(one);
    }
  }

  comeBack(one: string): void {
    this.waiting.delete(one);
    this.#shown.delete(one);
    this.deletions.lapse(one);
  }

  approve(): void {
    if (this.deletions.stopped === undefined) return;
    this.#shown = new Set(this.waiting);
    this.#unseen = [];
    this.deletions.release([...this.waiting]);
  }

  get unseen(): number {
    return this.#unseen.filter((at) => this.nowMs - at < limits.windowMs).length;
  }

  get measured(): number {
    return this.deletions.state.deletions.reduce((sum, { count }) => sum + count, 0);
  }

  get areShownLeft(): boolean {
    return [...this.waiting].some((one) => this.#shown.has(one));
  }
}

test('whatever happens, all goes that was shown, and of what was not no more than the limits allow', () => {
  const some = fc.array(fc.integer({ min: 0, max: 59 }).map(key), { maxLength: 60, size: 'max' });
  const step = fc.oneof(
    fc.record({ does: fc.constant('vanish' as const), some }),
    fc.record({ does: fc.constant('come back' as const), some }),
    fc.record({ does: fc.constant('refuse' as const), some }),
    fc.record({ does: fc.constant('approve' as const), some }),
    fc.record({ does: fc.constant('restart' as const) }),
    fc.record({ does: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 700_000 }) }),
  );
  const take = (model: Model, one: typeof step extends fc.Arbitrary<infer Step> ? Step : never) => {
    if (one.does === 'restart') model.restart();
    if (one.does === 'wait') model.nowMs += one.ms;
    if (one.does === 'come back') for (const name of one.some) model.comeBack(name);
    if (one.does === 'vanish') for (const name of one.some) model.waiting.add(name);
    if (one.does === 'approve') model.approve();
    model.work(one.does === 'refuse' || one.does === 'approve' ? one.some : []);
  };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const model = new Model();
      for (const one of steps) {
        take(model, one);
        expect(model.unseen).toBeLessThanOrEqual(limits.objects);
        expect(model.measured).toBeGreaterThanOrEqual(model.unseen);
      }
      if (model.deletions.stopped !== undefined) return;
      model.work();
      expect(model.areShownLeft && model.deletions.stopped === undefined).toBe(false);
    }),
  );
});
