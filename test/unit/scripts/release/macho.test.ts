/** Signatures on a small executable made here; test/long signs real ones and has another program read them. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { signAdHoc } from '../../../../scripts/release/macho.ts';

const codeEnd = 0x5000;

/** A Mach-O file of two segments, with the load command of a signature that no longer fits. */
function executable(): Buffer {
  const file = Buffer.alloc(codeEnd + 100, 0xab);
  file.fill(0, 0, 32 + 72 * 2 + 16);
  file.writeUInt32LE(0xfeedfacf, 0);
  file.writeUInt32LE(3, 16);
  file.writeUInt32LE(72 * 2 + 16, 20);
  const segment = (at: number, name: string, offset: number, size: number) => {
    file.writeUInt32LE(0x19, at);
    file.writeUInt32LE(72, at + 4);
    file.write(name, at + 8);
    file.writeBigUInt64LE(BigInt(offset), at + 40);
    file.writeBigUInt64LE(BigInt(size), at + 48);
  };
  segment(32, '__TEXT', 0, 0x4000);
  segment(104, '__LINKEDIT', 0x4000, file.length - 0x4000);
  file.writeUInt32LE(0x1d, 176);
  file.writeUInt32LE(16, 180);
  file.writeUInt32LE(codeEnd - 3, 184);
  file.writeUInt32LE(103, 188);
  return file;
}

describe('signAdHoc', () => {
  const signed = signAdHoc(executable(), 'kubectl-x8sync');
  const at = signed.readUInt32LE(184);

  test('puts the signature at the end, where load commands say', () => {
    expect(at % 16).toBe(0);
    expect(at + signed.readUInt32LE(188)).toBe(signed.length);
    expect(signed.readBigUInt64LE(104 + 48)).toBe(BigInt(signed.length - 0x4000));
    expect(signed.readBigUInt64LE(104 + 32) % 0x4000n).toBe(0n);
    expect(signed.readUInt32BE(at)).toBe(0xfade0cc0);
    expect(signed.readUInt32BE(at + 20)).toBe(0xfade0c02);
  });

  test('has the digest of each page of what is before it, load commands included', () => {
    const directory = at + 20;
    const digests = directory + signed.readUInt32BE(directory + 16);
    const pages = signed.readUInt32BE(directory + 28);
    expect(signed.readUInt32BE(directory + 32)).toBe(at);
    expect(pages).toBe(Math.ceil(at / 4096));
    for (let page = 0; page < pages; page++) {
      const code = signed.subarray(page * 4096, Math.min(at, (page + 1) * 4096));
      const digest = createHash('sha256').update(code).digest();
      expect(signed.subarray(digests + page * 32, digests + (page + 1) * 32)).toEqual(digest);
    }
  });

  test('is the same when it is made again, also of what is signed already', () => {
    expect(signAdHoc(executable(), 'kubectl-x8sync')).toEqual(signed);
    expect(signAdHoc(signed, 'kubectl-x8sync')).toEqual(signed);
  });

  test('adds the load command where there is none, and room for it', () => {
    const bare = executable();
    bare.writeUInt32LE(2, 16);
    bare.writeUInt32LE(72 * 2, 20);
    bare.fill(0, 176, 192);
    const result = signAdHoc(bare, 'kubectl-x8sync');
    expect([result.readUInt32LE(16), result.readUInt32LE(20)]).toEqual([3, 72 * 2 + 16]);
    expect([result.readUInt32LE(176), result.readUInt32LE(180)]).toEqual([0x1d, 16]);
    expect(result.readUInt32LE(184)).toBe(Math.ceil(bare.length / 16) * 16);
    expect(signAdHoc(result, 'kubectl-x8sync')).toEqual(result);
  });

  test('refuses what is no such executable', () => {
    expect(() => signAdHoc(Buffer.from('#!/bin/sh\n'), 'x')).toThrow('no thin 64-bit Mach-O');
    const full = executable();
    full.writeUInt32LE(2, 16);
    expect(() => signAdHoc(full, 'x')).toThrow('no place for a signature');
  });
});
