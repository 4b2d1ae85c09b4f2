/** What the mover makes of what other programs say, and what it leaves for the pod's status. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { moverLib, onLinux } from '../support/mover-scripts.ts';

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'x8sync-'));
});
afterEach(() => rmSync(work, { recursive: true }));

/** The findings after rsync has said this. */
function findings(said: string): string[] {
  const awk = [
    '-v',
    `work=${work}`,
    ...['json', 'errors'].flatMap((name) => ['-f', join(moverLib, `${name}.awk`)]),
  ];
  execFileSync('awk', awk, { input: `${said}\n` });
  const lines = readFileSync(join(work, 'findings'), 'utf8').trim().split('\n');
  rmSync(join(work, 'findings'));
  return lines.filter((line) => /^(full|lost)/.test(line));
}

onLinux('a full disk is told from an attribute that the file system does not take', () => {
  const write = 'rsync: [receiver] write failed on "/target/a": No space left on device (28)';
  const attribute =
    'rsync: [receiver] rsync_xal_set: lsetxattr("/target/a","user.x") failed: No space left on device (28)';
  expect(findings(write)).toEqual(['full 1']);
  expect(findings(attribute)).toEqual(['lost xattrs', 'full 0']);
});

onLinux('the end line is left for the status of the pod where Kubernetes keeps all its bytes', () => {
  const log = join(work, 'log');
  const left = (message: string) => {
    writeFileSync(log, '');
    const script = `cd ${moverLib}; . ./json.sh; . ./report.sh; TERMINATION_LOG=$1; note_termination "$2"`;
    execFileSync('bash', ['-c', script, 'bash', log, message], {
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
    return readFileSync(log, 'utf8');
  };
  expect(left('é'.repeat(1900))).toBe(`x8s:end ${'é'.repeat(1900)}\n`);
  expect(left('é'.repeat(2100))).toBe('');
});
