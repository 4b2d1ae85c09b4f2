import { expect, test } from '@jest/globals';
import { type Measured, roomFindings, usageOf } from '../../../../../plugins/x8sync/doctor/room.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const MiB = 1 << 20;

function measured(
  capacity: number,
  used?: number,
  { inodesUsed = 10, inodesFree = 1000, of = capacity } = {},
): Measured {
  if (used === undefined) return { capacity: capacity * MiB, usage: undefined };
  const [usedBytes, capacityBytes] = [used * MiB, of * MiB];
  const usage = {
    usedBytes,
    capacityBytes,
    availableBytes: capacityBytes - usedBytes,
    inodesUsed,
    inodesFree,
  };
  return { capacity: capacity * MiB, usage };
}

test('what the source holds is held against what is free', () => {
  expect(roomFindings(measured(100, 40), measured(100, 10))).toMatchObject([
    { verdict: 'ok', message: 'the source holds 40 MiB, and 90 MiB are free at the target' },
    { verdict: 'ok' },
  ]);
  expect(roomFindings(measured(100, 40), measured(100, 70))).toMatchObject([
    {
      verdict: 'note',
      message: expect.stringMatching(/it fits only where the target has much of it already/),
    },
    { verdict: 'ok' },
  ]);
});

test('a target that could not hold it even when it is empty fails', () => {
  expect(roomFindings(measured(100, 40), measured(30, 1))).toMatchObject([
    { verdict: 'failed', exitCode: 3 },
  ]);
  expect(roomFindings(measured(100, 40), measured(30))).toMatchObject([{ verdict: 'failed', exitCode: 3 }]);
});

test('inodes that are not there are named', () => {
  const [, inodes] = roomFindings(
    measured(100, 1, { inodesUsed: 5000 }),
    measured(100, 1, { inodesFree: 4000 }),
  );
  expect(inodes).toMatchObject({
    verdict: 'note',
    message: expect.stringMatching(/5,000 inodes in use, and 4,000 are free/),
  });
});

test('a folder of a larger file system shows what all of that holds: nothing is said by it', () => {
  const [finding] = roomFindings(measured(100, 900, { of: 1000 }), measured(100));
  expect(finding).toMatchObject({ verdict: 'ok', message: expect.stringMatching(/is not known/) });
});

test('where nothing is measured, a smaller target is named', () => {
  expect(roomFindings(measured(100), measured(50))).toMatchObject([
    { verdict: 'note', message: expect.stringMatching(/which is less; what the source holds is not known/) },
  ]);
});

test("a claim's figures are those of its own volume in what the node says", async () => {
  const kube = fakeKube();
  const figures = { usedBytes: 1, availableBytes: 2, capacityBytes: 3, inodesUsed: 4, inodesFree: 5 };
  const volume = [
    { name: 'tmp', ...figures, usedBytes: 9 },
    { name: 'data', ...figures, usedBytes: 8, pvcRef: { name: 'data', namespace: 'other' } },
    { name: 'data', ...figures, pvcRef: { name: 'data', namespace: 'shop' } },
    { name: 'new', pvcRef: { name: 'new', namespace: 'shop' } },
  ];
  kube.answers.set('/api/v1/nodes/one/proxy/stats/summary', () => ({ pods: [{}, { volume }] }));
  const of = (claim: string) =>
    usageOf(kube, { namespace: 'shop', claim, node: 'one' }, new AbortController().signal);
  expect(await of('data')).toEqual(figures);
  expect(await of('new')).toBeUndefined();
});
