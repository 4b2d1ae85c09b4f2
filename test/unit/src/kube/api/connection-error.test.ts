/** What a failed connection is said to mean. */
import { expect, test } from '@jest/globals';
import { connectionError } from '../../../../../src/kube/api/connection-error.ts';

const cluster = { context: 'here', server: 'https://here.test:6443', namespace: 'default', user: 'me' };

test.each([
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['CERT_NOT_YET_VALID', 'its certificate is not valid yet'],
])('%s: the clock is asked about, which may be the one that is wrong', (code, why) => {
  const error = connectionError(cluster, Object.assign(new Error(code), { code }));
  expect(error.message).toBe(`here: no answer from https://here.test:6443: ${why}`);
  expect(error.hint).toMatch(/clock of this machine/);
  expect(error.transient).toBe(false);
});
