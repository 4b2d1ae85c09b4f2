/** What sshd of the source pod is told. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { sshdConfig } from '../../../../../../plugins/x8sync/mover/ssh/sshd-config.ts';
import { stage } from '../../../../support/mover-stage.ts';

const home = mkdtempSync(join(tmpdir(), 'x8s-home-'));
const trace = join(home, 'start-up-file-was-read');
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Runs bash as sshd does, and tells whether it read its start-up file. */
function readsStartUpFile(env: Readonly<Record<string, string>>): boolean {
  rmSync(trace, { force: true });
  execFileSync('/bin/bash', ['-c', 'true'], {
    env: { PATH: process.env.PATH, HOME: home, SSH_CLIENT: '127.0.0.1 1 2', ...env },
  });
  return existsSync(trace);
}

test('the shell that runs the forced command reads no start-up file', () => {
  using scene = stage();
  writeFileSync(join(home, '.bashrc'), `: >${trace}\n`);
  const config = sshdConfig(2222, 'root', scene.runtime.paths);
  const set = [...config.matchAll(/^SetEnv (\w+)=(\S+)$/gm)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
  expect(readsStartUpFile(Object.fromEntries(set))).toBe(false);
  // Without what sshd sets, it does: so does every bash of Debian's.
  expect(readsStartUpFile({})).toBe(true);
});
