/** What a person meant who named a claim that does not exist. */
import { expect, test } from '@jest/globals';
import { asMeant } from '../../../../../../plugins/x8sync/commands/options/pair-options.ts';
import { X8sError } from '../../../../../../src/errors.ts';
import { apiError } from '../../../../support/fake-cluster.ts';

const contexts = async () => ['lab-a', 'lab-b'];
const missing = apiError(404, 'persistentvolumeclaims "ns" not found');

test('a context in the place of a namespace is told, with both ways to name it', async () => {
  expect(await asMeant(missing, { source: 'shop/data', target: 'lab-b/ns' }, contexts)).toMatchObject({
    message: missing.message,
    exitCode: missing.exitCode,
    hint: 'lab-b is a context, and was taken for a namespace: lab-b/ns/CLAIM names a claim there, --all copies all of namespace ns',
  });
});

test.each([
  ['namespaces are named', missing, 'shop/data', 'new/data'],
  ['all is named', missing, 'lab-a/shop/data', 'lab-b/shop/data'],
  ['something else is wrong', new X8sError('no'), 'lab-a/ns', 'lab-b/ns'],
])('nothing is added where %s', async (_what, error, source, target) => {
  expect(await asMeant(error, { source, target }, contexts)).toBe(error);
});
