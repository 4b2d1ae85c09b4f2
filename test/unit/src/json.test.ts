import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exactInteger, own, parseExactly, setOwn } from '../../../src/json.ts';

describe('JSON without loss', () => {
  test.each([
    '{"a":1234567890123456789}',
    '{"a":-9223372036854775808}',
    '{"a":[9007199254740993,1,-9007199254740993]}',
    '{"a":[1,2,[18446744073709551615]]}',
    '9007199254740993',
    '{"a":0.1,"b":1.5e-9,"c":1e+21,"d":"1234567890123456789","e":[null,true,"x"]}',
    '{"__proto__":{"constructor":9007199254740993}}',
  ])('%s is written as it was read', (text) => {
    expect(JSON.stringify(parseExactly(text))).toBe(text);
  });

  test('white space before a long number hides it from nobody', () => {
    expect(parseExactly('{"a": \n\t 9007199254740993}')).toEqual({ a: 9007199254740993n });
  });

  test('a long number is seen wherever in a text it begins', () => {
    for (let before = 0; before < 40; before++)
      expect(parseExactly(`{"${'x'.repeat(before)}":9007199254740993}`)).toEqual({
        ['x'.repeat(before)]: 9007199254740993n,
      });
  });

  test('integers that numbers hold exactly stay numbers, also in a text that has longer ones', () => {
    expect(parseExactly('[9007199254740991,9007199254740992,1,1.0,1e3,1e20,0.1234567890123456]')).toEqual([
      9007199254740991,
      9007199254740992n,
      1,
      1,
      1000,
      1e20,
      0.1234567890123456,
    ]);
  });

  test('every 64-bit integer comes back as it was, at any depth', () => {
    const integers = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(fc.array(integers), fc.string(), (list, key) => {
        const text = `{${JSON.stringify(key)}:[{"deep":[${list.join()}]}]}`;
        expect(JSON.stringify(parseExactly(text))).toBe(text);
      }),
    );
  });

  test('every other JSON is what JSON.parse makes of it', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        // Longer integers are the one difference.
        fc.pre(!/\d{16}/.test(text));
        expect(parseExactly(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test('an integer is a number wherever that is exact', () => {
    expect([exactInteger(3n), exactInteger(2n ** 53n)]).toEqual([3, 2n ** 53n]);
  });
});

describe('keys of maps', () => {
  test.each(['__proto__', 'constructor', 'toString', 'plain'])('%s is a key like any other', (key) => {
    const map: Record<string, string> = {};
    expect(own(map, key)).toBeUndefined();
    setOwn(map, key, 'x');
    expect([own(map, key), Object.keys(map), JSON.stringify(map)]).toEqual(['x', [key], `{"${key}":"x"}`]);
  });
});
