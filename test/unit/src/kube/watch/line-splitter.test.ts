import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LineSplitter } from '../../../../../src/kube/watch/line-splitter.ts';
import { anyCharacter } from '../../../support/characters.ts';

describe('LineSplitter', () => {
  test('gives the lines of any text, however it was cut', () => {
    const texts = fc.array(fc.string({ unit: anyCharacter }).map((text) => text.replaceAll('\n', '')));
    fc.assert(
      fc.property(texts, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (lines, sizes) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const splitter = new LineSplitter();
        const got: string[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          got.push(...splitter.push(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(got).toEqual(lines.filter((line) => line !== ''));
        expect(splitter.unfinished).toBe(false);
      }),
    );
  });

  test('knows of a line that has no end yet', () => {
    const splitter = new LineSplitter();
    expect(splitter.push(Buffer.from('{"a":1}\n{"b"'))).toEqual(['{"a":1}']);
    expect(splitter.unfinished).toBe(true);
    expect(splitter.push(Buffer.from(':2}\n'))).toEqual(['{"b":2}']);
    expect(splitter.unfinished).toBe(false);
  });

  test('refuses a line beyond any object', () => {
    const splitter = new LineSplitter();
    const part = Buffer.alloc(16 * 1024 * 1024, 0x61);
    const fill = () => {
      for (let count = 0; count < 5; count++) splitter.push(part);
    };
    expect(fill).toThrow(/a line of more than/);
  });
});
