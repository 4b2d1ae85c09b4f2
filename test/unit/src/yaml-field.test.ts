import { describe, expect, test } from '@jest/globals';
import { fieldsOf, parseYaml } from '../../../src/yaml-field.ts';

const json = (text: string) => parseYaml(text, 'file.yaml').json();

describe('a value of a YAML document', () => {
  test('has its integers as they are written, as numbers where those are exact', () => {
    expect(json('{a: 1234567890123456789, b: [3, 0x1F, -9007199254740993], c: 1.5, d: "12"}')).toEqual({
      a: 1234567890123456789n,
      b: [3, 31, -9007199254740993n],
      c: 1.5,
      d: '12',
    });
  });

  test('has all of its keys', () => {
    expect(JSON.stringify(json('{__proto__: 1, constructor: {__proto__: []}}'))).toBe(
      '{"__proto__":1,"constructor":{"__proto__":[]}}',
    );
  });

  test('has what its aliases stand for', () => {
    expect(json('{a: &one {b: 1}, c: *one}')).toEqual({ a: { b: 1 }, c: { b: 1 } });
  });
});

test('a value that was parsed already complains by its paths', () => {
  const same = { b: 1234567890123456789n };
  const { a, c } = fieldsOf({ a: [same, same], c: null, d: undefined }, 'resource').map(['a', 'c']);
  expect(a?.json()).toEqual([same, same]);
  expect(() => a?.list()[1]?.map(['x'])).toThrow('resource: unknown key "a[1].b".');
  expect(() => c?.string()).toThrow('resource: c: must be a text.');
});
