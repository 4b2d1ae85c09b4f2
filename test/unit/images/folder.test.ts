/** Which folder of the target volume the mover takes for its own. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect } from '@jest/globals';
import { moverLib, onLinux } from '../support/mover-scripts.ts';

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'x8sync-')), '.x8sync');
});
afterEach(() => rmSync(dirname(folder), { recursive: true }));

/** What `open_folder` says against it; empty where it takes it. */
function objection(): string {
  const script = `cd ${moverLib}; . ./run.sh; FOLDER=${folder} X8S_TASK=t; . ./folder.sh; open_folder || echo "$REASON"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' });
}

describe('the folder in the target', () => {
  onLinux.each([
    ['there is none', []],
    ['it is empty', ['.']],
    ['the mover was killed before it wrote its mark', ['tmp', 'partial']],
    ['there was no room for the mark', ['tmp', 'partial', 'state.new']],
    ['the mover was killed while it took it away', ['partial', 'partial/big']],
  ])('is ours where %s', (_, names) => {
    for (const name of names) mkdirSync(join(folder, name), { recursive: true });
    expect(objection()).toBe('');
  });

  onLinux("is somebody else's where anything else is in it", () => {
    mkdirSync(join(folder, 'tmp'), { recursive: true });
    writeFileSync(join(folder, 'file'), 'mine');
    expect(objection()).toContain('was not made by x8sync');
  });
});

/** What is left in the target by a mover that fails in the middle of a file. */
function leftBy(keepPartial: 0 | 1): string {
  const script = `
    cd ${moverLib}; . ./json.sh; . ./run.sh; FOLDER=${folder} X8S_TASK=t; . ./folder.sh; . ./report.sh
    X8S_NONCE=n X8S_MODE=merge X8S_KEEP_PARTIAL=${keepPartial} X8S_LINGER_SECONDS=0; close_connection() { :; }
    open_folder; note_phase copying; echo half >"$FOLDER/partial/big"
    (end unreachable gone) >/dev/null; ls -A ${dirname(folder)}`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim();
}

onLinux('the folder goes with a mover that nobody takes up, however it ends', () => {
  expect(leftBy(1)).toBe('.x8sync');
  expect(leftBy(0)).toBe('');
});
