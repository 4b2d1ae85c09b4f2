import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stripElf } from '../../../../scripts/release/elf.ts';

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux("Node.js's own executable without what a debugger reads", () => {
  let folder: string;
  let path: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'x8s-elf-'));
    path = join(folder, 'node');
    writeFileSync(path, stripElf(readFileSync(process.execPath)), { mode: 0o755 });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('runs', () => {
    expect(execFileSync(path, ['-p', '6 * 7'], { encoding: 'utf8' })).toBe('42\n');
  });

  test('is smaller by what was left out, and the same when it is done again', () => {
    const stripped = readFileSync(path);
    expect(stripped.length).toBeLessThan(readFileSync(process.execPath).length);
    expect(stripElf(stripped).equals(stripped)).toBe(true);
  });

  (existsSync('/usr/bin/readelf') ? test : test.skip)('is whole for another reader', () => {
    const { stdout, stderr } = spawnSync('readelf', ['-SW', '--dyn-syms', path], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    expect(stderr).toBe('');
    const names = [...stdout.matchAll(/^ +\[ *\d+\] (\.\S+)/gm)].map(([, name]) => name);
    expect(names).toEqual(expect.arrayContaining(['.text', '.dynsym', '.shstrtab']));
    expect(names).not.toContain('.symtab');
    expect(stdout).toContain('napi_create_function');
  });
});

test('what is no executable of Linux is refused', () => {
  expect(() => stripElf(Buffer.from('MZ\u0000\u0000\u0000\u0000'))).toThrow(
    'no 64-bit little-endian ELF file',
  );
});
