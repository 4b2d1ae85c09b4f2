/** What failures of writes are called. */
import { expect, test } from '@jest/globals';
import { failureOf, messageAbout } from '../../../../../plugins/nsreplicate/clusters/failure.ts';
import { ApiError } from '../../../../../src/kube/api/api-error.ts';

test('what a server says of a Secret is said without the value that it quotes', () => {
  const message = 'Secret "tls" is invalid: data.key: Invalid value: "a \\"word\\"": too short';
  expect(messageAbout('Secret', { message })).toBe(
    'Secret "tls" is invalid: data.key: Invalid value: "…": too short',
  );
  expect(messageAbout('ConfigMap', { message })).toBe(message);
});

test.each([
  ['namespaces', 'namespace-missing'],
  ['rolebindings', 'role-missing'],
  ['clusterrolebindings', 'role-missing'],
  [undefined, 'kind-missing'],
])('what is not found is named by what the server says it is: %s, %s', (kind, reason) => {
  const details = { name: 'a', ...(kind !== undefined && { kind }) };
  const status = {
    kind: 'Status',
    status: 'Failure',
    code: 404,
    reason: 'NotFound',
    message: 'not found',
    details,
  } as const;
  expect(failureOf(new ApiError(404, status, 'not found'))).toMatchObject({ class: 'later', reason });
});
