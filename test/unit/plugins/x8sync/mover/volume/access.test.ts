/** Who is kept from a real folder, and in which words: asked by a process that is that user. */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { accessProblem } from '../../../../../../plugins/x8sync/mover/volume/access.ts';

const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? test : test.skip;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'x8s-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a folder that may be used', () => {
  expect(accessProblem(folder, 'read', 'the source volume', 0)).toBeUndefined();
  expect(accessProblem(folder, 'write', 'the target volume', 0)).toBeUndefined();
});

/** What a process of another user says of the folder. It takes that user once it has read the program. */
function barredAs(uid: number, to: 'read' | 'write', what: string): string {
  const module = join(import.meta.dirname, '../../../../../../plugins/x8sync/mover/volume/access.ts');
  const program = `
    const [module, folder, to, what, uid] = process.argv.slice(1);
    const { accessProblem } = await import(module);
    process.setgroups([]);
    process.setgid(+uid);
    process.setuid(+uid);
    process.stdout.write(accessProblem(folder, to, what, +uid) ?? '');`;
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program, '--'];
  const args = [...flags, module, folder, to, what, String(uid)];
  return execFileSync(process.execPath, args, { encoding: 'utf8' });
}

asRoot.each([
  [
    'write',
    0o755,
    "user 65532 can't write to the root folder of the volume: it belongs to 0:0 and has mode 0755",
  ],
  [
    'write',
    0o700,
    "user 65532 can't write to the root folder of the volume: it belongs to 0:0 and has mode 0700",
  ],
  ['read', 0o700, "user 65532 can't read the root folder of the volume: it belongs to 0:0 and has mode 0700"],
  ['read', 0o755, ''],
  ['write', 0o777, ''],
] as const)('another user wants to %s a folder of root with mode %o', (to, mode, words) => {
  chmodSync(folder, mode);
  expect(barredAs(65_532, to, 'the volume')).toBe(words);
});

asRoot('a folder of somebody else, who alone may write to it', () => {
  chownSync(folder, 1000, 1001);
  chmodSync(folder, 0o2750);
  expect(barredAs(65_532, 'write', 'the target volume')).toBe(
    "user 65532 can't write to the root folder of the target volume: it belongs to 1000:1001 and has mode 2750",
  );
  expect(barredAs(1000, 'write', 'the target volume')).toBe('');
});

asRoot('a volume that is mounted read-only is one for root as well', () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'x8s-test', folder]);
  try {
    expect(accessProblem(folder, 'write', 'the target volume', 0)).toBe(
      'the target volume is mounted read-only: nobody can write to it',
    );
  } finally {
    execFileSync('umount', [folder]);
  }
});

(isRoot ? test.skip : test)('one that may not be written to', () => {
  chmodSync(folder, 0o500);
  expect(accessProblem(folder, 'write', 'the target volume', 1000)).toMatch(
    /user 1000 can't write to the root folder of the target volume: it belongs to \d+:\d+ and has mode 0500/,
  );
});
