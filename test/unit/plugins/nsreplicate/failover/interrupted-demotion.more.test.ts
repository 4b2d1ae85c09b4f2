/**
 * An old primary that becomes the standby of the new one, with a fault at each request: the same command ends as one that
 * nothing hindered, what runs on the new primary runs on, and nothing of an older epoch is written on the old one.
 */
import { afterEach, expect, test } from '@jest/globals';
import { sampleOf } from '../../../../support/thoroughness.ts';
import { faultAt, toBoth } from '../../../support/faults.ts';
import { epochOf, PromotionAtWork, type Side } from '../../../support/promotion-at-work.ts';

let world: PromotionAtWork | undefined;
afterEach(() => world?.close());

/** The standby is promoted, its old primary is there, and nobody works on it any more. */
async function promoted(): Promise<PromotionAtWork> {
  const work = await PromotionAtWork.begin();
  await work.promote(work.workstation());
  await work.passes(2000);
  work.isBusy = false;
  return work;
}

const held = [
  ['db', { replicas: 0 }],
  ['web', { replicas: 0 }],
  ['nightly', { suspend: true }],
];

/** Copies that were written on the old primary, by their epoch. */
const epochsOn = (work: PromotionAtWork, since: number) =>
  new Set(
    work.objects.from.events
      .filter(({ version }) => version > since)
      .flatMap(({ after }) => epochOf(after) ?? []),
  );

async function requests(on: (side: Side) => boolean): Promise<number> {
  const work = await promoted();
  let calls = 0;
  expect(await work.demote(work.workstation({ before: (side) => void (on(side) && calls++) }))).toBe('Done');
  expect([work.toldOn('from'), work.isAwake]).toEqual([held, true]);
  await work.close();
  return calls;
}

const faults: readonly (readonly [string, string, (side: Side) => boolean])[] = [
  ['loses its answer', 'both clusters', toBoth],
  ['is the last before the line is cut', 'the old primary', (side) => side === 'from'],
  ['is the last before the line is cut', 'the new primary', (side) => side === 'to'],
  ['ends the process', 'both clusters', toBoth],
];
test.each(faults)(
  'a request that %s, to %s, whichever it is',
  async (kind, line, on) => {
    const count = await requests(on);
    expect(count).toBeGreaterThan(8);
    const offset = faults.findIndex((fault) => fault[0] === kind && fault[1] === line);
    for (const index of sampleOf(count, offset)) {
      world = await promoted();
      const { version } = world.objects.from;
      // What is killed, or waits for a cluster that is away, does not come to an end by itself.
      await world.demote(world.workstation(faultAt(index, kind, on)), 15_000);
      const older = [...epochsOn(world, version)].filter((epoch) => epoch < 1);
      expect({ index, isAwake: world.isAwake, older }).toEqual({ index, isAwake: true, older: [] });
      const ended = { index, phase: await world.demote(world.workstation()), told: world.toldOn('from') };
      expect(ended).toEqual({ index, phase: 'Done', told: held });
      expect({ index, isAwake: world.isAwake, epochs: epochsOn(world, version) }).toEqual({
        index,
        isAwake: true,
        epochs: new Set([1]),
      });
      await world.close();
    }
  },
  60_000,
);
