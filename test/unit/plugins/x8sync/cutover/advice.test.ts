/** What a refusal is told with: where it is about, a line to copy, and what to do next. */
import { beforeEach, expect, test } from '@jest/globals';
import { movedTarget } from '../../../../../plugins/x8sync/cutover/moved-here.ts';
import { copyUntilQuick, requireWhole } from '../../../../../plugins/x8sync/cutover/passes.ts';
import { changedBesides } from '../../../../../plugins/x8sync/cutover/standstill.ts';
import {
  movedBefore,
  movedHere,
  stoppedForAnother,
  stoppedUnrecorded,
  unreadableMark,
} from '../../../../../plugins/x8sync/cutover/stop-refusals.ts';
import type {
  CopyContext,
  CopyRequest,
  CopyResult,
} from '../../../../../plugins/x8sync/run/request/request.ts';
import type { X8sError } from '../../../../../src/errors.ts';
import {
  failLast,
  kube,
  makeNextAnew,
  namespace,
  openShop,
  recordNow,
  reporter,
  run,
} from '../../../support/cutover-scene.ts';

beforeEach(openShop);

const place = () => ({ kube, namespace });
const workload = { kind: 'Deployment', name: 'web', uid: 'u', replicas: 3 } as const;
const mark = { task: 'other', target: 'shop/elsewhere', targetUid: '99', replicas: 3 };
const marked = { workload, mark };
const ref = (claim: string) => ({ ...place(), claim });

/** All that a person reads of it. */
const textOf = ({ message, details, hint = '' }: X8sError) => [message, ...details, hint].join('\n');

const refusals: Readonly<Record<string, () => X8sError>> = {
  stoppedForAnother: () => stoppedForAnother(marked, place()),
  stoppedUnrecorded: () => stoppedUnrecorded(marked, place()),
  movedBefore: () => movedBefore(marked, place()),
  movedHere: () => movedHere(marked, place()),
  unreadableMark: () => unreadableMark(workload, place()),
  changedBesides: () => changedBesides(place(), workload),
};

test.each(Object.keys(refusals))(
  '%s names the workload, its cluster and namespace, and what to do',
  (name) => {
    const error = refusals[name]?.() as X8sError;
    expect(error.message).toMatch(/Deployment web/);
    expect(textOf(error)).toMatch(/fake\/shop|--context fake -n shop/);
    expect(error.hint).toMatch(/\w/);
  },
);

test('a target that was cut over to is told with how to see what differs', async () => {
  await run();
  const error = movedTarget(await recordNow(), { source: ref('old'), target: ref('new') });
  expect(error.hint).toMatch(/^kubectl x8sync verify fake\/shop\/old fake\/shop\/new /);
});

test('what only the target has is told with how to list it', async () => {
  const result = {
    ...{ source: 'fake/shop/old', target: 'fake/shop/new', lost: [], failures: [] },
    stats: { extraneous: 3 },
  } as unknown as CopyResult;
  const copying = copyUntilQuick({} as CopyRequest, 1, {} as CopyContext, async () => result);
  await expect(copying).rejects.toMatchObject({
    message: expect.stringMatching(/fake\/shop\/new/),
    details: ['kubectl x8sync --delete --dry-run fake/shop/old fake/shop/new'],
  });
});

test('a last copy that is not whole is told with how to see what differs', () => {
  const result = { outcome: 'partial', message: 'one', failures: [], source: 'a', target: 'b' };
  expect(() => requireWhole(result as unknown as CopyResult)).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(/^kubectl x8sync verify a b /) }),
  );
});

test('a target’s workload that was made anew is told with how to look at it', async () => {
  const late = run(async ({ isLast }) => {
    if (isLast) await makeNextAnew(0);
  });
  await expect(late).rejects.toMatchObject({ hint: expect.stringMatching(/\w/) });
});

test('that the source is told to start is told with how to see whether it does', async () => {
  await expect(run(failLast)).rejects.toThrow('the disk is gone');
  expect(reporter.warnings.at(-1)).toMatch(/: kubectl --context fake -n shop get deployment\/web/);
});
