/** What is told as downtime: from the recorded stop to a start that was seen, or that it is not known. */
import { beforeEach, expect, test } from '@jest/globals';
import { describeCutover } from '../../../../../plugins/x8sync/cutover/report.ts';
import type { CutoverResult } from '../../../../../plugins/x8sync/cutover/result.ts';
import { type CutoverState, cutoverRole } from '../../../../../plugins/x8sync/records/cutover-state.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/request/task-store.ts';
import {
  clock,
  counts,
  cutOffBeforeStart,
  killedOnceStarted,
  kube,
  openShop,
  pass,
  reconnect,
  recordNow,
  replicas,
  run,
  scaleWeb,
} from '../../../support/cutover-scene.ts';

beforeEach(openShop);

/** A run that ends once all is copied, and before anything of the target was started. */
async function cutShort(): Promise<void> {
  cutOffBeforeStart();
  await expect(run()).rejects.toThrow('no answer');
  reconnect();
}

async function edit(change: Partial<CutoverState>): Promise<void> {
  await storeOf(kube, { clock }).update(await recordNow(), ({ checkpoints }) => {
    checkpoints[cutoverRole] = { ...(checkpoints[cutoverRole] as CutoverState), ...change };
  });
}

const headOf = (result: CutoverResult): string => describeCutover(result).split('\n')[0] ?? '';

test('counts from the stop of an earlier run to the start that this one has seen', async () => {
  await cutShort();
  pass(100_000);
  const result = await run();
  expect(result.resumed).toBe(true);
  expect(result.downtimeSeconds).toBeGreaterThanOrEqual(100);
  expect(result.standsStillSeconds).toBeUndefined();
  expect(headOf(result)).toMatch(/ of downtime$/);
  expect(await recordNow()).toMatchObject({ message: expect.stringMatching(/^cut over in /) });
});

test('is not known where an earlier run has started it, which ran before this one looked', async () => {
  await killedOnceStarted();
  pass(100_000);
  const result = await run();
  expect(result.downtimeSeconds).toBeUndefined();
  expect(headOf(result)).toMatch(/, its downtime is not known: /);
  expect(await counts()).toEqual({ web: 0, next: replicas });
  expect(await recordNow()).toMatchObject({
    phase: 'Succeeded',
    message: 'cut over; its downtime is not known',
  });
});

test.each([
  ['was not recorded', undefined],
  ['can not be read', 'yesterday'],
  ['is to come, by the clock of another machine', '2999-01-01T00:00:00.000Z'],
])('is not known where the moment of the stop %s', async (_, stoppedAt) => {
  await cutShort();
  await edit({ stoppedAt } as Partial<CutoverState>);
  const result = await run();
  expect(result.downtimeSeconds).toBeUndefined();
  expect(headOf(result)).toMatch(/, its downtime is not known: /);
});

test('that nothing was started is told with how long it has stood still, which is no downtime: it goes on', async () => {
  const result = await run(undefined, 'nothing');
  expect(headOf(result)).toMatch(/, stopped .* ago, and nothing was started$/);
  expect([result.downtimeSeconds, result.standsStillSeconds]).toEqual([undefined, expect.any(Number)]);
  // The pause goes on: its record tells no end of it.
  expect(await recordNow()).toMatchObject({ phase: 'Succeeded', message: 'cut over; nothing was started' });
});

test('where nothing had to be stopped, there is none', async () => {
  await scaleWeb(0);
  const result = await run(undefined, 'nothing');
  expect([result.stopped, result.downtimeSeconds]).toEqual([[], undefined]);
  expect(await recordNow()).toMatchObject({ message: 'cut over; nothing was stopped' });
});
