/** Merge patches: what they make of one object is the other one. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isJson, type Json } from '../../../../../plugins/nsreplicate/objects/draft.ts';
import { mergePatch } from '../../../../../plugins/nsreplicate/objects/merge-patch.ts';

test('names what differs, and says null of what goes', () => {
  const before = { data: { a: '1', b: '2' }, list: [1], same: { x: 1 } };
  const after = { data: { a: '1', c: '3' }, list: [1, 2], same: { x: 1 } };
  expect(mergePatch(before, after)).toEqual({ data: { b: null, c: '3' }, list: [1, 2] });
  expect(mergePatch(before, before)).toEqual({});
});

/** As RFC 7396 says it, section 2. */
function applied(target: unknown, patch: unknown): unknown {
  if (!isJson(patch)) return patch;
  const result: Json = isJson(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch))
    if (value === null) delete result[key];
    else result[key] = applied(result[key], value);
  return result;
}

test('applied as its specification says, it gives the other object', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(fc.string(), fc.integer(), fc.array(fc.integer(), { maxLength: 2 }), tie('map')),
    map: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('any'), { maxKeys: 3, noNullPrototype: true }),
  }));
  fc.assert(
    fc.property(value.map, value.map, (before, after) => {
      expect(applied(before, mergePatch(before as Json, after as Json))).toEqual(after);
    }),
  );
});
