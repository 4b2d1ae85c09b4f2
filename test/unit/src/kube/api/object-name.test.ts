import { expect, test } from '@jest/globals';
import { isNamespaceName, isObjectName } from '../../../../../src/kube/api/object-name.ts';

test.each(['web', 'web-0', 'a.b-c.d', '0', 'x'.repeat(253)])('%s is a name', (name) => {
  expect(isObjectName(name)).toBe(true);
});

test.each(['', 'Web', 'a,b', 'a/b', '-a', 'a-', 'a..b', '.a', 'a b', 'a\n', 'x'.repeat(254)])(
  '%j is none',
  (name) => {
    expect(isObjectName(name)).toBe(false);
  },
);

test.each(['shop', 'shop-2', '0', 'x'.repeat(63)])("%s is a namespace's name", (name) => {
  expect(isNamespaceName(name)).toBe(true);
});

test.each(['', 'Shop', 'a.b', '-a', 'a-', 'a\n', 'x'.repeat(64)])("%j is no namespace's name", (name) => {
  expect(isNamespaceName(name)).toBe(false);
});
