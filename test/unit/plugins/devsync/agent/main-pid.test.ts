/** What the main process of a container can be told, in a real process namespace. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const module = join(import.meta.dirname, '../../../../../plugins/devsync/agent/main-pid.ts');
const namespace = ['-Urpf', '--mount-proc', 'sh', '-c'];
const canUnshare =
  process.platform === 'linux' && spawnSync('unshare', [...namespace, 'exit 7']).status === 7;

/** What an agent in the namespace of a shell with these traps would do for each signal that is wanted. */
function plansWith(traps: string, wanted: readonly (string | undefined)[]): unknown[] {
  const code = `
    const { planSignal } = await import(${JSON.stringify(module)});
    const plan = (signal) => { try { return planSignal('containerd://none', signal ?? undefined); } catch (error) { return error.message; } };
    console.log(JSON.stringify(${JSON.stringify(wanted.map((one) => one ?? null))}.map(plan)));`;
  const script = `${traps}; "$0" --no-warnings --input-type=module -e "$1"; exit $?`;
  const { stdout, stderr } = spawnSync('unshare', [...namespace, script, process.execPath, code], {
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

(canUnshare ? test : test.skip)('process 1 gets the signals that it handles, and others are refused', () => {
  expect(plansWith('trap : HUP TERM', ['HUP', 'USR1', undefined])).toEqual([
    { pid: 1, signal: 'HUP' },
    expect.stringMatching(/^the main process handles no SIGUSR1/),
    { pid: 1, signal: 'TERM' },
  ]);
  expect(plansWith('trap : INT', [undefined])).toEqual([{ pid: 1, signal: 'INT' }]);
  expect(plansWith('trap "" TERM INT QUIT', [undefined])).toEqual([
    expect.stringMatching(/^the main process handles none of SIGTERM, SIGINT, SIGQUIT/),
  ]);
});
