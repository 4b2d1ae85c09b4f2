import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { notRunning } from '../../../../../../plugins/devsync/commands/base/sync-command.ts';
import { formatHolder, thisProcess } from '../../../../../../src/tasks/holder.ts';

type Given = Parameters<typeof notRunning>;

function told(holder: string | undefined) {
  const sync = { name: 'web', record: { holder }, spec: { local: { who: 'me@here' } } };
  const { message, hint } = notRunning(sync as Given[0], { binaryName: 'kubectl devsync' } as Given[1]);
  return [message, hint];
}

const begins = 'the sync web of me@here does not run on this workstation';

test('who asks a sync that does not run is told who holds it', () => {
  expect(told(undefined)).toEqual([begins, 'kubectl devsync watch web starts it.']);
  expect(told('you@there pid=1')).toEqual([
    `${begins}; you@there holds it`,
    'kubectl devsync watch web starts it.',
  ]);
});

(process.platform === 'linux' ? test : test.skip)('and that one of this machine is gone', () => {
  const { pid = 0 } = spawnSync('true');
  const gone = formatHolder({ ...thisProcess(), who: 'me@here', pid });
  expect(told(gone)).toEqual([
    `${begins}; me@here (process ${pid}) held it, and was ended without letting go`,
    'kubectl devsync watch web goes on where that was.',
  ]);
});
