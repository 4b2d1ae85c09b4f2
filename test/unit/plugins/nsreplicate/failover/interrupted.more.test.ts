/**
 * A promotion beside the run that is at work, with a fault at each of its requests, and with each line cut at each of its
 * steps: what was interrupted is taken up by the same command, nothing of an older epoch is written after the first of the
 * newer one, and nothing is woken before a primary that is not said to be lost knows of it.
 */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  type PromotionReport,
  promotionSteps,
  stepText,
} from '../../../../../plugins/nsreplicate/failover/promote.ts';
import { readPromotion } from '../../../../../plugins/nsreplicate/state/promotion.ts';
import { runsOf, sampleOf } from '../../../../support/thoroughness.ts';
import type { FakeCall } from '../../../support/fake-kube.ts';
import { faultAt, toBoth } from '../../../support/faults.ts';
import { cut, PromotionAtWork, type Side } from '../../../support/promotion-at-work.ts';

let world: PromotionAtWork | undefined;
afterEach(() => world?.close());

/** The same command again, once all lines are there: it ends as one that nothing hindered. */
async function takenUp(work: PromotionAtWork, isLost = false) {
  await work.passes(1000);
  const report = await work.promote(work.workstation());
  // What has nothing to write looks at the epoch now and then only.
  for (let seconds = 0; seconds < 11 && work.runEnded === undefined; seconds++) await work.passes(1000);
  return {
    epoch: (report as { epoch?: number }).epoch,
    open: (report as { open?: unknown }).open,
    unfenced: (report as { unfenced?: unknown }).unfenced,
    isAwake: work.isAwake,
    fenced: [work.isFenced('from'), work.isFenced('to')],
    phase: (await readPromotion(work.workstation().to, 't'))?.phase,
    run: (work.runEnded as { exitCode?: number } | undefined)?.exitCode,
    violations: work.violations({ isLost }),
  };
}

const whole = {
  epoch: 1,
  open: [],
  unfenced: [],
  isAwake: true,
  fenced: [true, true],
  phase: 'Done',
  run: 3,
  violations: [],
};

/** How many requests a promotion makes by some of the lines. */
async function requests(on: (side: Side) => boolean = toBoth): Promise<number> {
  const work = await PromotionAtWork.begin();
  let calls = 0;
  await work.promote(work.workstation({ before: (side) => void (on(side) && calls++) }));
  await work.close();
  return calls;
}

const faults: readonly (readonly [string, string, (side: Side) => boolean])[] = [
  ['fails', 'both clusters', toBoth],
  ['loses its answer', 'both clusters', toBoth],
  ['is the last before the line is cut', 'both clusters', toBoth],
  ['is the last before the line is cut', 'the primary', (side) => side === 'from'],
  ['is the last before the line is cut', 'the replica', (side) => side === 'to'],
  ['ends the process', 'both clusters', toBoth],
];
test.each(faults)(
  'a request that %s, to %s, whichever it is: the same command ends as one that nothing hindered',
  async (kind, line, on) => {
    const count = await requests(on);
    expect(count).toBeGreaterThan(8);
    const offset = faults.findIndex((fault) => fault[0] === kind && fault[1] === line);
    for (const index of sampleOf(count, offset)) {
      world = await PromotionAtWork.begin();
      // What is killed does not come to an end by itself.
      const limitMs = kind === 'ends the process' ? 15_000 : undefined;
      const outcome = await world.promote(world.workstation(faultAt(index, kind, on)), {}, limitMs);
      const first = { index, violations: world.violations(), isDone: outcome !== undefined };
      expect(first).toEqual({ index, violations: [], isDone: kind !== 'ends the process' });
      expect({ index, ...(await takenUp(world)) }).toEqual({ index, ...whole });
      await world.close();
    }
  },
  60_000,
);

test('a primary that is said to be lost, whichever request is the last that it answers: it is fenced or named, and fenced once it is there', async () => {
  const count = await requests((side) => side === 'from');
  for (let index = -1; index < count; index++) {
    world = await PromotionAtWork.begin();
    const fault = faultAt(index, 'is the last before the line is cut', (side) => side === 'from');
    const lost = index < 0 ? { before: (side: Side) => void (side === 'from' && cut()) } : fault;
    const outcome = await world.promote(world.workstation(lost), { mayLack: () => true });
    const { open, unfenced } = outcome as PromotionReport;
    const isNamed = unfenced.some(({ name }) => name === 'from');
    expect({ index, open, isKnown: isNamed || world.isFenced('from') }).toEqual({
      index,
      open: [],
      isKnown: true,
    });
    expect({ index, isAwake: world.isAwake }).toEqual({ index, isAwake: true });
    expect({ index, ...(await takenUp(world, true)) }).toEqual({ index, ...whole });
    await world.close();
  }
}, 60_000);

describe.each<[string, readonly Side[]]>([
  ['the primary', ['from']],
  ['the replica', ['to']],
  ['both', ['from', 'to']],
])('the line of the run that is at work to %s', (_what, sides) => {
  test.each(promotionSteps)(
    'is cut as the step "%s" begins, and there again after the promotion',
    async (step) => {
      world = await PromotionAtWork.begin();
      const { run } = world;
      const info = (text: string) => {
        if (text === stepText(step))
          for (const side of sides) {
            run[side].before = cut;
            run[side].objects.cutWatches();
          }
      };
      const outcome = await world.promote(world.workstation(), { info });
      expect(outcome).toMatchObject({ epoch: 1, open: [], unfenced: [] });
      for (const side of sides) run[side].before = () => undefined;
      // A watch that was cut begins again after pauses that grow.
      await world.passes(40_000);
      expect(await takenUp(world)).toEqual(whole);
    },
  );
});

test('the runbook has a row for each step', () => {
  const runbook = readFileSync('docs/failover.md', 'utf8');
  const rows = [...runbook.matchAll(/^\| ([a-z]+) +\| [A-Z]/gm)].map(([, name]) => name);
  expect(rows).toEqual(promotionSteps);
});
test('an answer about the epoch that lay there while the machine slept is asked for again', async () => {
  const callsTo = async (slept: (index: number) => boolean) => {
    const work = await PromotionAtWork.begin();
    world = work;
    const calls: string[] = [];
    const before = (side: Side, { verb, name, notAfterMs }: FakeCall) => {
      if (side === 'to') calls.push(`${verb} ${name}${notAfterMs === undefined ? '' : ' in time'}`);
    };
    // Its monotonic clock stood still, too.
    const after = (side: Side) => {
      if (side === 'to' && slept(calls.length - 1)) work.clock.jump(3_600_000);
    };
    expect(await work.promote(work.workstation({ before, after }))).toMatchObject({ open: [] });
    await work.close();
    return calls;
  };
  const calls = await callsTo(() => false);
  const question = calls.findIndex((_call, index) => calls[index + 1]?.endsWith('in time'));
  expect(calls[question]).toMatch(/^get .*epoch$/);
  const again = await callsTo((index) => index === question);
  expect(again.slice(question, question + 3)).toEqual([
    ...[calls[question], calls[question]],
    calls[question + 1],
  ]);
});

test('one that stands still, whichever request it makes, while another cluster is promoted: it writes nothing when it goes on', async () => {
  const count = await requests();
  let stood = 0;
  for (const index of sampleOf(count)) {
    const work = await PromotionAtWork.begin();
    world = work;
    const goesOn = Promise.withResolvers<void>();
    let calls = 0;
    const standing = work.start(
      work.workstation({
        before: async (_side, { notAfterMs = Number.POSITIVE_INFINITY }) => {
          const until = work.clock.monotonic() + notAfterMs;
          if (calls++ >= index) await goesOn.promise;
          // As the server does that was told so.
          if (work.clock.monotonic() > until) cut();
        },
      }),
    );
    await work.passes(15_000);
    if (standing.outcome !== undefined || !work.isFenced('to')) {
      goesOn.resolve();
      await work.close();
      continue;
    }
    stood++;
    const kubes = work.workstation();
    const back = { replica: work.as('from', kubes), others: [work.as('to', kubes)], isPrimary: true };
    expect(await work.promote(kubes, back)).toMatchObject({ epoch: 2, open: [] });
    const { version } = work.objects.to;
    goesOn.resolve();
    await work.passes(30_000);
    const written = work.objects.to.events.filter((event) => event.version > version);
    expect({
      index,
      written: written.map(({ collection, after }) => `${collection} ${after?.metadata.name}`),
    }).toEqual({ index, written: [] });
    expect(standing.outcome).toMatchObject({ exitCode: expect.any(Number) });
    await work.close();
  }
  expect(stood).toBeGreaterThanOrEqual(runsOf(11));
}, 60_000);
