/** What an unprivileged copy loses is known at its end, or it is said that it is not known. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { moverLib, onLinux } from '../support/mover-scripts.ts';

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'x8sync-'));
});
afterEach(() => rmSync(work, { recursive: true }));

/** The kinds that count as lost, with an ssh and a second question that end so. */
function lost(ssh: string, again: string): string {
  const script = `
    cd ${moverLib}; . ./json.sh; . ./run.sh; . ./room.sh; . ./copy.sh
    WORK=${work} X8S_FIDELITY=user SSH_CONFIG=none
    ssh() { ${ssh}; }; ask() { ${again}; }; log() { :; }
    start_survey; finish_survey; echo "\${!LOST[*]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim();
}

const counts = '{"ownership":3,"devices":0,"capabilities":0}';

onLinux('a survey that the connection broke is asked for again', () => {
  expect(lost(`echo '${counts}'`, 'return 255')).toBe('ownership');
  expect(lost('return 255', `REPLY='${counts}'`)).toBe('ownership');
  expect(lost('return 255', 'return 255')).toBe('unknown');
});
