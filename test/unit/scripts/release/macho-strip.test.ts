/** Symbols of a small executable made here; test/long has other programs read what real ones became. */
import { describe, expect, test } from '@jest/globals';
import { stripMachO } from '../../../../scripts/release/macho-strip.ts';

const local = 0x80000000;
const commandsEnd = 32 + 72 + 24 + 80 + 16;
const linkEdit = 0x200;
const strings = Buffer.from(' \0_secret\0_inner\0_main\0_puts\0');
/** Name and kind of each symbol: two local ones, one that others may bind to, one that it binds to. */
const symbols = [
  [2, 0x0e],
  [10, 0x0e],
  [17, 0x0f],
  [23, 0x01],
] as const;
const indirect = [3, local, 2];

/** A Mach-O file with a last segment of symbols, indirect symbols, strings and a signature. */
function executable(): Buffer {
  const indirectAt = linkEdit + symbols.length * 16;
  const stringsAt = indirectAt + indirect.length * 4;
  const signature = Math.ceil((stringsAt + strings.length) / 16) * 16;
  const file = Buffer.alloc(signature + 32);
  const put = (at: number, ...values: number[]) =>
    values.forEach((value, index) => {
      file.writeUInt32LE(value, at + index * 4);
    });
  put(0, 0xfeedfacf);
  put(16, 4, commandsEnd - 32);
  put(32, 0x19, 72);
  file.write('__LINKEDIT', 40);
  file.writeBigUInt64LE(BigInt(linkEdit), 32 + 40);
  file.writeBigUInt64LE(BigInt(file.length - linkEdit), 32 + 48);
  put(104, 0x2, 24, linkEdit, symbols.length, stringsAt, strings.length);
  put(128, 0xb, 80, 0, 2, 2, 1, 3, 1);
  put(128 + 56, indirectAt, indirect.length);
  put(208, 0x1d, 16, signature, 32);
  symbols.forEach(([name, kind], index) => {
    put(linkEdit + index * 16, name);
    file.writeUInt8(kind, linkEdit + index * 16 + 4);
    file.writeBigUInt64LE(BigInt(index), linkEdit + index * 16 + 8);
  });
  put(indirectAt, ...indirect);
  strings.copy(file, stringsAt);
  return file;
}

describe('stripMachO', () => {
  const stripped = stripMachO(executable());
  const number = (at: number) => stripped.readUInt32LE(at);
  const nameAt = (symbol: number) => {
    const at = number(120) + number(number(112) + symbol * 16);
    return stripped.toString('latin1', at, stripped.indexOf(0, at));
  };

  test('keeps what others bind to and what it binds to, with their names and values', () => {
    expect(number(116)).toBe(2);
    expect([nameAt(0), nameAt(1)]).toEqual(['_main', '_puts']);
    expect(stripped.readBigUInt64LE(number(112) + 8)).toBe(2n);
    expect(stripped.includes('_secret')).toBe(false);
    expect([128 + 8, 128 + 12, 128 + 16, 128 + 20, 128 + 24, 128 + 28].map(number)).toEqual([
      0, 0, 0, 1, 1, 1,
    ]);
  });

  test('renumbers the symbols of stubs, and leaves what is no symbol', () => {
    const at = number(128 + 56);
    expect([number(at), number(at + 4), number(at + 8)]).toEqual([1, local, 0]);
  });

  test('ends where the signature is to begin, and so does the last segment', () => {
    expect([number(216), number(220)]).toEqual([stripped.length, 0]);
    expect(stripped.length % 16).toBe(0);
    expect(stripped.readBigUInt64LE(32 + 48)).toBe(BigInt(stripped.length - linkEdit));
  });

  test('refuses what it does not know, and never makes an executable that binds to the wrong thing', () => {
    expect(() => stripMachO(Buffer.from('#!/bin/sh\n'))).toThrow('no thin 64-bit Mach-O');
    const toLocal = executable();
    toLocal.writeUInt32LE(1, toLocal.readUInt32LE(128 + 56));
    expect(() => stripMachO(toLocal)).toThrow('names a local symbol');
    const otherOrder = executable();
    otherOrder.writeUInt32LE(linkEdit - 16, 120);
    expect(() => stripMachO(otherOrder)).toThrow('in another order');
    const neverSigned = executable();
    neverSigned.writeUInt32LE(3, 16);
    expect(() => stripMachO(neverSigned)).toThrow('was never signed');
  });
});
