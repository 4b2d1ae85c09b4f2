/** Hard links take no room: a target that holds every file of the source once is large enough. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { moverLib, onLinux } from '../support/mover-scripts.ts';

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'x8sync-'));
  const growth = readFileSync(join(moverLib, 'growth.awk'), 'utf8');
  writeFileSync(join(work, 'growth.awk'), growth.replace('/target', work).replace('mawk', 'awk'));
});
afterEach(() => rmSync(work, { recursive: true }));

/** What `check_room` returns where the file system of the source is fuller than the target has room. */
function answer(freeInodes: number, mode: 'force' | 'merge'): number {
  const script = `
    cd ${moverLib}; . ./json.sh; . ./run.sh; . ./room.sh; LIB=${work} WORK=${work} X8S_MODE=${mode}
    SOURCE_BYTES=1000000 SOURCE_INODES=1000 RSYNC_ARGS=()
    read_free() { FREE_BYTES=9000000 FREE_INODES=${freeInodes}; }
    add_wiped() { :; }; persist() { "$@"; }
    ask() { REPLY='{"allocatedBytes":8192,"entries":300,"inodes":3}'; }
    mawk() { awk "$@"; }
    rsync() { echo 'cd+++++++++|4096|./'; echo '>f+++++++++|4096|a'; echo 'hf+++++++++|4096|b => a'; }
    check_room; echo $?`;
  return Number(execFileSync('bash', ['-c', script], { encoding: 'utf8' }));
}

onLinux.each(['force', 'merge'] as const)('in a %s each file needs one inode, whatever its names', (mode) => {
  expect(answer(3, mode)).toBe(0);
});

onLinux('what a merge makes is counted where not all of the source has to be', () => {
  expect(answer(2, 'merge')).toBe(0);
  expect(answer(1, 'merge')).toBe(1);
  expect(answer(2, 'force')).toBe(1);
});
