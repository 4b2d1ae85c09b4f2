import { describe, expect, test } from '@jest/globals';
import {
  approvalDigest,
  approvalOf,
  digestIn,
  namesWaiting,
  waitingDeletions,
} from '../../../../../plugins/nsreplicate/decide/approval.ts';
import { keyOf } from '../../../../../plugins/nsreplicate/objects/keys.ts';

const keys = (count: number) =>
  Array.from({ length: count }, (_, index) => keyOf('ConfigMap', 'shop', `c-${index}`));

describe('what waits to be deleted', () => {
  test('has a digest that knows each object and the reason, and no order', () => {
    const { digest } = waitingDeletions('too many', keys(3));
    expect(waitingDeletions('too many', keys(3).reverse()).digest).toBe(digest);
    expect(waitingDeletions('too many', keys(4)).digest).not.toBe(digest);
    expect(waitingDeletions('another primary', keys(3)).digest).not.toBe(digest);
  });

  test('is named up to a limit, and counted and digested beyond it', () => {
    const [many, more] = [waitingDeletions('', keys(500)), waitingDeletions('', keys(501))];
    expect([many.count, many.objects.length]).toEqual([500, 100]);
    expect(more.digest).not.toBe(many.digest);
  });

  test('on all replicas together has one, where anything waits', () => {
    const waiting = waitingDeletions('too many', keys(1));
    const digest = approvalDigest([{ name: 'a', waiting }, { name: 'b' }]);
    expect(digest).toEqual(expect.any(String));
    expect(approvalDigest([{ name: 'b' }, { name: 'a', waiting }])).toBe(digest);
    expect(approvalDigest([{ name: 'b', waiting }])).not.toBe(digest);
    expect(approvalDigest([{ name: 'a' }])).toBeUndefined();
  });
});

test('an approval says when it was given, and of what where it is of something', () => {
  const at = new Date('2026-01-02T03:04:05Z');
  expect(digestIn(approvalOf(at, '0123456789abcdef'))).toBe('0123456789abcdef');
  expect(digestIn(approvalOf(at))).toBeUndefined();
  expect(approvalOf(at)).not.toBe(approvalOf(new Date(0)));
});

test('an approval is of what waits now only where it names just that', () => {
  const [stopped, free] = [
    { name: 'a', stopped: 'too many', toDelete: keys(2) },
    { name: 'b', stopped: undefined, toDelete: keys(1) },
  ];
  const waiting = waitingDeletions('too many', keys(2));
  const approval = approvalOf(new Date(0), approvalDigest([{ name: 'a', waiting }]));
  expect(namesWaiting(approval, [stopped, free])).toBe(true);
  expect(namesWaiting(approval, [{ ...stopped, toDelete: keys(3) }, free])).toBe(false);
  expect(namesWaiting(approval, [stopped, { ...free, stopped: 'too many' }])).toBe(false);
  expect(namesWaiting(approval, [free])).toBe(false);
  expect(namesWaiting(approvalOf(new Date(0)), [stopped])).toBe(false);
});
