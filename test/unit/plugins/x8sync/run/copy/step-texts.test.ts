import { describe, expect, test } from '@jest/globals';
import type { ClaimState } from '../../../../../../plugins/x8sync/claims/claim.ts';
import {
  earlierMoverNotice,
  sourceWarnings,
  targetWarnings,
} from '../../../../../../plugins/x8sync/run/copy/step-texts.ts';
import { fakeKube } from '../../../../support/fake-kube.ts';

const claim = {
  ref: { kube: fakeKube(), namespace: 'shop', claim: 'data' },
  object: { metadata: { name: 'data' }, spec: {} },
  mounts: [],
} as unknown as ClaimState;

describe('of the source', () => {
  test('nothing is said where all can be read and nobody writes', () => {
    expect(sourceWarnings(claim, 'root', {})).toEqual([]);
  });

  test('a pod that is no root may not read all, by wish or since no other one is admitted', () => {
    const [admitted] = sourceWarnings(claim, 'user', {});
    expect(admitted).toMatch(/\/shop admits no root .* what it may not read is not copied\.$/);
    const [wished] = sourceWarnings(claim, 'user', { runAs: { uid: 7, gid: 8 } });
    expect(wished).toMatch(/\/shop runs as .* \(--run-as\): what it may not read is not copied\.$/);
  });
});

test('a pod that writes to the source is told, but not of a cutover, whose last copy is made without it', () => {
  const mounts = [{ pod: 'web-1', task: undefined, mayWrite: true, phase: 'Running' }];
  const used = { ...claim, mounts } as unknown as ClaimState;
  expect(sourceWarnings(used, 'root', {})).toEqual([expect.stringMatching(/in use by web-1.* half changed/)]);
  expect(sourceWarnings(used, 'root', { cutover: true })).toEqual([]);
});

describe('of the target', () => {
  const asked = { trustedXattrs: false };

  test('what a pod that is no root can’t keep is said', () => {
    expect(targetWarnings(claim, 'user', { ...asked, fsGroup: 7 })).toEqual([
      expect.stringMatching(/owners, devices and file capabilities are not kept\.$/),
    ]);
  });

  test('a wish that means nothing to a pod that is root is said to be left', () => {
    expect(targetWarnings(claim, 'root', { ...asked, fsGroup: 7 })).toEqual([
      expect.stringMatching(/^--fs-group is not used/),
    ]);
  });

  test('attributes that only CAP_SYS_ADMIN keeps are kept by it alone', () => {
    const wished = { ...asked, trustedXattrs: true };
    expect(targetWarnings(claim, 'root', wished)).toEqual([
      expect.stringMatching(/trusted\.\* attributes are not kept\.$/),
    ]);
    expect(targetWarnings(claim, 'admin', wished)).toEqual([]);
  });
});

test('a mover that had ended before is told with how to copy what has changed since', () => {
  expect(earlierMoverNotice('2026-11-28', { mode: 'force', name: 'db' })).toMatch(
    /had ended at 2026-11-28\. .* run it again without --force and --name for that\.$/,
  );
});
