import { expect, test } from '@jest/globals';
import { bytesTooMany } from '../../../../../plugins/nsreplicate/objects/annotations-size.ts';
import type { Draft } from '../../../../../plugins/nsreplicate/objects/draft.ts';
import { ProvenanceKey } from '../../../../../plugins/nsreplicate/objects/provenance.ts';

const LIMIT = 262_144;
const copy = (bytes: number): Draft => ({
  kind: 'ConfigMap',
  metadata: { name: 'a', annotations: { note: 'x'.repeat(bytes - 4), [ProvenanceKey.origin]: 'of=here' } },
});
const mark = ProvenanceKey.origin.length + 'of=here'.length;

test.each([
  ['fits beside a small one', 100, undefined],
  ['fits exactly', LIMIT - mark, undefined],
  ['is one byte too much', LIMIT - mark + 1, mark],
  ['is all that is too much', LIMIT, mark],
  ['is not what is too much', LIMIT + 1, undefined],
])('the mark of a copy %s', (_what, bytes, expected) => {
  expect(bytesTooMany(copy(bytes))).toBe(expected);
});
