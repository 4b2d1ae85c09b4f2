/** What a person leaves out of a cutover is said before it begins, in its end, and in its record. */
import { beforeEach, expect, test } from '@jest/globals';
import { describeCutover } from '../../../../../plugins/x8sync/cutover/report.ts';
import type { CopyRequest } from '../../../../../plugins/x8sync/run/request/request.ts';
import {
  cutOffBeforeStart,
  events,
  openShop,
  reconnect,
  recordNow,
  reporter,
  run,
} from '../../../support/cutover-scene.ts';

beforeEach(openShop);

const part: Partial<CopyRequest> = {
  selection: {
    sourcePath: 'data',
    targetPath: 'in/here',
    filters: [
      { action: 'include', pattern: 'keep.log' },
      { action: 'exclude', pattern: '*.log' },
      { action: 'exclude', pattern: '/cache/' },
    ],
  },
};
const outside = 'all that is outside of folder data (--source-path)';
const patterns = 'what fits *.log, /cache/, and not keep.log (your patterns)';

test('what is left out, and where the files go, is said first of all', async () => {
  const told: string[][] = [];
  await run(() => void told.push([...reporter.warnings]), 'target', undefined, false, part);
  expect(told[0]?.slice(0, 2)).toEqual([
    `Not all of the source goes over with its workload; left out: ${outside}; ${patterns}.`,
    "The files go to folder in/here of the target's volume (--target-path): what starts there has to look for them in it.",
  ]);
});

test('and in the end, in the document and in the record', async () => {
  const result = await run(undefined, 'target', undefined, false, part);
  expect(result).toMatchObject({ leftOut: [outside, patterns], targetPath: 'in/here' });
  const text = describeCutover(result);
  expect(text).toMatch(/^Cut over in part: /);
  expect(text).toContain(`\n  left out     ${outside}\n  left out     ${patterns}\n`);
  expect(text).toContain("\n  files in     folder in/here of the target's volume\n");
  const { message } = await recordNow();
  expect(message).toMatch(/^cut over in .*; left out: /);
  expect(message).toContain(`; left out: ${outside}; ${patterns}`);
});

test('also by a run that goes on from an earlier one', async () => {
  cutOffBeforeStart();
  await expect(run(undefined, 'target', undefined, false, part)).rejects.toThrow('no answer');
  reconnect();
  expect(await run(undefined, 'target', undefined, false, part)).toMatchObject({
    leftOut: [outside, patterns],
  });
});

test('nothing is said of it where all goes over', async () => {
  const result = await run();
  expect(result.leftOut).toEqual([]);
  expect(describeCutover(result)).not.toMatch(/left out|in part|files in/);
  expect((await recordNow()).message).not.toMatch(/left out/);
  expect(events).toContain('last copy');
});
