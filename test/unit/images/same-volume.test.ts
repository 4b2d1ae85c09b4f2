/** A volume that is source and target at once is not emptied, however it is mounted. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { moverRoot, onLinux } from '../support/mover-scripts.ts';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'x8sync-'));
  for (const name of ['target', 'other', 'run/serve', 'work'])
    mkdirSync(join(place, name), { recursive: true });
  const gate = readFileSync(join(moverRoot, 'bin/x8s-gate'), 'utf8');
  writeFileSync(
    join(place, 'gate'),
    gate.replaceAll('/run/x8s', join(place, 'run')).replaceAll('/source', '"$SOURCE"'),
  );
});
afterEach(() => rmSync(place, { recursive: true }));

/** What `is_source` returns for a target of this task, where the source is one of the two folders. */
function answer(source: 'target' | 'other', task = 'this'): number {
  const script = `
    cd ${moverRoot}/lib/x8s; . ./run.sh; FOLDER=${place}/target/.x8sync WORK=${place}/work X8S_TASK=this; . ./folder.sh
    ask() { REPLY=$(SSH_ORIGINAL_COMMAND=$1 SOURCE=${place}/${source} sh ${place}/gate); }
    mkdir -p "$FOLDER"; note_phase wiping
    mkdir -p ${place}/other/.x8sync; [ ${task} = this ] || echo 'x8sync wiping ${task}' >${place}/other/.x8sync/state
    is_source; echo $?`;
  return Number(execFileSync('bash', ['-c', script], { encoding: 'utf8' }));
}

onLinux('the source is the target where it has the mark of this task, and no other', () => {
  expect(answer('target')).toBe(0);
  expect(answer('other')).toBe(1);
  expect(answer('other', 'another')).toBe(1);
});
