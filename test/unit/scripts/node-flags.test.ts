/** All programs of ours that end by `process.exit` are started so that this comes to an end. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { agentLaunch } from '../../../plugins/devsync/agent/loader.ts';
import { bundleMover } from '../../../scripts/mover-bundle.ts';
import { endingFlags } from '../../../src/node-flags.ts';

test('an agent is started with them, before its code', () => {
  const { command } = agentLaunch('exports.start=()=>{}');
  expect(command.slice(0, command.indexOf('-e'))).toEqual(expect.arrayContaining([...endingFlags]));
});

test('the mover names them in its first line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mover-'));
  try {
    const [first = ''] = readFileSync(await bundleMover(join(folder, 'mover.cjs')), 'utf8').split('\n');
    expect(first.split(' ')).toEqual(expect.arrayContaining([...endingFlags]));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
