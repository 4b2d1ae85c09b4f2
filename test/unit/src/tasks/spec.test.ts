import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, diffSpecs, specHash } from '../../../../src/tasks/spec.ts';

/** The same value with the keys of all its objects the other way round. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, field]) => [key, turned(field)] as const);
  return Object.fromEntries(entries.reverse());
}

describe('the hash of a specification', () => {
  test('does not depend on the order of keys, and canonical JSON is the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(specHash(1, turned(value))).toBe(specHash(1, value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('does not see fields that are undefined', () => {
    expect(specHash(1, { a: 1, b: undefined })).toBe(specHash(1, { a: 1 }));
  });

  test('depends on the order of lists, on values and on the schema', () => {
    const hashes = [
      specHash(1, { paths: ['a', 'b'] }),
      specHash(1, { paths: ['b', 'a'] }),
      specHash(1, { paths: ['a'] }),
      specHash(2, { paths: ['a', 'b'] }),
      specHash(1, { paths: 'a,b' }),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('stays what it is, or tasks of an older build are not known again', () => {
    expect(specHash(1, { source: { uid: 'a' }, delete: false })).toBe('v1-ae1d56f20a6764e0a43908dc26088775');
  });
});

describe('the differences of two specifications', () => {
  test('are one field a line, old and new', () => {
    const before = { source: { claim: 'data', uid: '1' }, delete: false, paths: ['a'], gone: 1 };
    const after = { source: { claim: 'logs', uid: '1' }, delete: true, paths: ['a', 'b'], extra: null };
    expect(diffSpecs(before, after)).toEqual([
      'delete: false → true',
      'extra: (not set) → null',
      'gone: 1 → (not set)',
      'paths: ["a"] → ["a","b"]',
      'source.claim: data → logs',
    ]);
  });

  test('tell a number from a text that looks like it', () => {
    expect(diffSpecs({ a: 1 }, { a: '1' })).toEqual(['a: 1 → "1"']);
  });

  test('are none exactly where the hashes are equal', () => {
    const spec = fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.constantFrom(1, '1', [1], { d: 1 }, {}, { d: {} }),
    );
    fc.assert(
      fc.property(spec, spec, (a, b) => {
        expect(diffSpecs(a, b).length === 0).toBe(specHash(1, a) === specHash(1, b));
      }),
    );
  });
});
