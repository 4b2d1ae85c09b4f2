import { expect, test } from '@jest/globals';
import { compareSpecs, differences } from '../../../../../plugins/devsync/config/compare.ts';
import { asSpec, type SyncSpec } from '../../../../../plugins/devsync/spec/spec.ts';
import { specOf } from '../support/specs.ts';

const wanted = specOf('/src', '/app');
/** As the cluster has it. */
const known: SyncSpec = asSpec(
  JSON.parse(JSON.stringify({ ...wanted, local: { ...wanted.local, rootId: 'made' } })),
);

test.each<[string, Partial<SyncSpec>, string]>([
  ['as it is', {}, 'same'],
  ['with other rules', { ignore: ['*.log'], mode: 'two-way-resolved' }, 'revise'],
  ['with another writer', { target: { ...wanted.target, writer: 'web-1' } }, 'revise'],
  ['with another way of writing', { write: [{ pattern: '*', mode: 'in-place' }] }, 'revise'],
  ['with kept times', { scan: { ...wanted.scan, times: 'kept' } }, 'revise'],
  ['with another pod', { target: { pod: 'web-1' } }, 'replace'],
  ['with another directory there', { remote: '/srv' }, 'replace'],
  ['with all permissions', { scan: { permissions: 'kept', symlinks: 'portable' } }, 'replace'],
  ['of another directory here', { local: { ...wanted.local, path: '/other' } }, 'foreign'],
  ['of another workstation', { local: { ...wanted.local, workstation: 'v' } }, 'foreign'],
])('a sync %s', (_, change, comparison) => {
  expect(compareSpecs(known, { ...wanted, ...change })).toBe(comparison);
});

test('what differs is named', () => {
  expect(differences(known, { ...wanted, ignore: ['*.log'] })).toEqual(['ignore: [] → ["*.log"]']);
});
