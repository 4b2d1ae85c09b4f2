import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cut, LineSplitter } from '../../../../../../plugins/x8sync/mover/system/lines.ts';
import { anyCharacter } from '../../../../support/characters.ts';

function linesOf(
  chunks: readonly Buffer[],
  options?: ConstructorParameters<typeof LineSplitter>[1],
): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line), options);
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return lines;
}

test('lines are whole, whatever pieces they come in', () => {
  const text = fc.string({ unit: anyCharacter, maxLength: 30 }).map((line) => line.replaceAll('\n', ' '));
  fc.assert(
    fc.property(fc.array(text), fc.infiniteStream(fc.integer({ min: 1, max: 5 })), (lines, sizes) => {
      const all = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const chunks: Buffer[] = [];
      for (let at = 0; at < all.length; ) {
        const size = sizes.next().value ?? 1;
        chunks.push(all.subarray(at, at + size));
        at += size;
      }
      expect(linesOf(chunks)).toEqual(lines);
    }),
  );
});

test('a carriage return ends a line too where that is asked for, and an end of the stream any', () => {
  const chunks = [Buffer.from('1%\r2%'), Buffer.from('\r3'), Buffer.from('%')];
  expect(linesOf(chunks, { ends: /[\r\n]/ })).toEqual(['1%', '2%', '3%']);
  expect(linesOf([Buffer.from([0xff, 0x0a, 0xfe])], { encoding: 'latin1' })).toEqual(['\xff', '\xfe']);
});

test('a text is cut between characters', () => {
  expect(cut('abc', 3)).toBe('abc');
  expect(cut('aéé', 4)).toBe('aé…');
  expect(cut('a😀', 3)).toBe('a…');
});
