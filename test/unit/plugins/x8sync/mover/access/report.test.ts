/** What the mover leaves for the pod's status. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { noteTermination } from '../../../../../../plugins/x8sync/mover/access/report.ts';
import type { Messages } from '../../../../../../plugins/x8sync/mover/protocol/protocol.ts';
import { onLinux, type Stage, stage } from '../../../../support/mover-stage.ts';

let scene: Stage;
beforeEach(() => {
  scene = stage();
});
afterEach(() => scene[Symbol.dispose]());

onLinux('the end line is left for the status of the pod where Kubernetes keeps all its bytes', () => {
  const log = join(scene.root, 'log');
  const figures = {
    task: 't',
    mode: 'merge',
    code: 0,
    stats: {},
    failures: ['a'],
    lost: [],
    attempts: 1,
    seconds: 1,
  };
  const left = (message: string) => {
    writeFileSync(log, '');
    const end: Messages['end'] = { nonce: 'n', outcome: 'ok', ...figures, message };
    noteTermination(log, end);
    return readFileSync(log, 'utf8');
  };
  expect(left('é'.repeat(1900))).toMatch(/^x8s:end \{.*"failures":\[\].*"message":"é{1900}"\}\n$/);
  expect(left('é'.repeat(2100))).toBe('');
});
