import { describe, expect, test } from '@jest/globals';
import { parseClaim } from '../../../../../plugins/x8sync/claims/claim-ref.ts';
import { UsageError } from '../../../../../src/errors.ts';

describe('parseClaim', () => {
  test.each([
    ['data', { claim: 'data' }],
    ['shop/data', { namespace: 'shop', claim: 'data' }],
    ['prod/shop/data', { context: 'prod', namespace: 'shop', claim: 'data' }],
    [
      'arn:aws:eks:eu-west-1:123456789012:cluster/prod/shop/data',
      { context: 'arn:aws:eks:eu-west-1:123456789012:cluster/prod', namespace: 'shop', claim: 'data' },
    ],
    [
      'shop/api-example-com:6443/kube:admin/shop/data',
      { context: 'shop/api-example-com:6443/kube:admin', namespace: 'shop', claim: 'data' },
    ],
    ['shop/data.v1', { namespace: 'shop', claim: 'data.v1' }],
  ])('%s', (text, expected) => {
    expect(parseClaim(text, 'SOURCE')).toEqual(expected);
  });

  test.each([
    ['', 'is not a claim'],
    ['shop/', 'is not a claim'],
    ['/data', 'is not a namespace'],
    ['/shop/data', 'the context is empty'],
    ['shop/Data', 'is not a claim'],
    ['shop.eu/data', 'is not a namespace'],
    [`shop/${'x'.repeat(254)}`, 'is not a claim'],
    [`${'n'.repeat(64)}/data`, 'is not a namespace'],
    ['a/../data', 'is not a namespace'],
  ])('refuses %j', (text, message) => {
    expect(() => parseClaim(text, 'TARGET')).toThrow(UsageError);
    expect(() => parseClaim(text, 'TARGET')).toThrow(message);
  });
});
