/** Bindings of roles of which a server has not heard yet. */
import { expect, test } from '@jest/globals';
import { X8sError } from '../../../../../src/errors.ts';
import { ApiError } from '../../../../../src/kube/api/api-error.ts';
import { bindRole } from '../../../../../src/kube/cluster/role-binding.ts';
import { hastyClock } from '../../../support/fake-clock.ts';

const notFound = (kind: string, name: string) =>
  new ApiError(
    404,
    { kind: 'Status', status: 'Failure', code: 404, reason: 'NotFound', details: { kind, name } },
    'not found',
  );

/** How many attempts it took, which fail with what a function says of each. No time passes but that between them. */
async function attempts(failure: (attempt: number) => Error | undefined): Promise<number> {
  let count = 0;
  const make = async () => {
    const error = failure(++count);
    if (error) throw error;
  };
  await bindRole(make, { clock: hastyClock() });
  return count;
}

test.each(['rolebindings', 'clusterrolebindings'])(
  'a role that the server of %s has not seen yet is bound as soon as it has',
  async (kind) => {
    expect(await attempts((count) => (count < 4 ? notFound(kind, 'reader') : undefined))).toBe(4);
  },
);

test('one that is not there after ten seconds is named', async () => {
  const failing = attempts(() => notFound('rolebindings', 'reader'));
  await expect(failing).rejects.toThrow(X8sError);
  await expect(failing).rejects.toThrow('the server has no role reader');
});

test.each([
  ['a namespace that is missing', notFound('namespaces', 'shop')],
  ['what may not be', new ApiError(403, undefined, 'forbidden')],
  ['what is no answer', new Error('reset')],
])('%s is told at once', async (_what, error) => {
  let tried = 0;
  const failing = attempts(() => {
    tried++;
    return error;
  });
  await expect(failing).rejects.toBe(error);
  expect(tried).toBe(1);
});
