/** What a process of the container could see of the one that comes into it, until that executes its program. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { enterScript } from '../../../../../plugins/devsync/node-agent/enter-script.ts';
import { startOf } from '../../../../../plugins/devsync/node-agent/processes.ts';
import { machine } from '../../../../../src/machine.ts';
import { eventually } from '../../../../support/eventually.ts';

jest.setTimeout(30_000);

const container = ['--pid', '--net', '--ipc', '--uts', '--mount', '--fork', '--kill-child', '--mount-proc'];
/** It takes what an agent has on its node: the script is run as it is there, and not in namespaces of a user. */
const usable =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('unshare', [...container, 'perl', '-e', 'exit 7']).status === 7;
/** Right after the child has begun, and at the last moment before it executes anything. */
const moments = ['sub run {', '{ no warnings; exec'];
/** Root, with all that a container could have of capabilities but the right to trace everything. */
const untraced = ['setpriv', '--bounding-set', '-sys_ptrace', '--inh-caps', '-sys_ptrace'];
/** Bits of CHOWN, DAC_OVERRIDE, FOWNER and FSETID. */
const kept = '27';

(usable ? describe : describe.skip)('a process on its way into a container', () => {
  const started: ChildProcess[] = [];
  afterEach(() => {
    for (const one of started.splice(0)) one.kill('SIGKILL');
  });

  /** A container's main process. */
  async function main(): Promise<number> {
    const { pid } = start('unshare', [...container, 'sleep', '60']);
    return eventually(() => {
      const [child] = childrenOf(pid as number);
      expect(readFileSync(`/proc/${child}/cmdline`, 'utf8')).toMatch(/^sleep/);
      return child as number;
    });
  }

  function start(program: string, args: string[], input: 'pipe' | number = 'pipe'): ChildProcess {
    const child = spawn(program, args, { stdio: [input, 'ignore', 'pipe'] });
    started.push(child);
    return child;
  }

  /** Enters, and stops the child where it has come to this place of the script. */
  async function stoppedAt(moment: string, target: number, uid: string, input?: number): Promise<number> {
    const pieces = enterScript.split(moment);
    expect(pieces).toHaveLength(2);
    // Of Perl 5.16 and newer, $$ is asked for each time.
    const stop = 'kill("STOP", $$);';
    const script = pieces.join(moment.startsWith('sub') ? `${moment} ${stop}` : `${stop} ${moment}`);
    const begun = startOf(readFileSync(`/proc/${target}/stat`, 'utf8')) ?? '';
    const who = [uid, uid, '', uid === '0' ? kept : '0'];
    const args = ['-e', script, machine.arch, `${target}`, begun, ...who, '/bin/true'];
    const helper = start('perl', args, input);
    let said = '';
    helper.stderr?.on('data', (data: Buffer) => {
      said += data.toString();
    });
    return eventually(() => {
      expect(said).toBe('');
      const [child] = childrenOf(helper.pid as number);
      expect(readFileSync(`/proc/${child}/stat`, 'utf8')).toMatch(/\) T /);
      return child as number;
    });
  }

  test.each(moments.flatMap((moment) => ['0', '1000'].map((uid) => [moment, uid] as const)))(
    'at `%s`, as user %s, holds nothing of the node, and nobody in the container may look',
    async (moment, uid) => {
      const target = await main();
      const child = await stoppedAt(moment, target, uid);
      const held = readdirSync(`/proc/${child}/fd`)
        .sort((a, b) => Number(a) - Number(b))
        .map((fd) => readlinkSync(`/proc/${child}/fd/${fd}`).replace(/:.*/, ''));
      // Its streams, the image that is its root, and what it says to the helper by.
      const more = held.slice(3).sort();
      expect(more).toEqual(moment.startsWith('sub') ? ['/', '/', 'socket', 'socket'] : ['socket']);
      const within = innerPid(child);
      expect(seen(target, ['ls', '/proc/1/fd'])).toMatch('0');
      for (const what of ['fd', 'root', 'ns', 'cwd'])
        expect(seen(target, ['ls', '-l', `/proc/${within}/${what}/`])).toMatch('Permission denied');
      // Who may not trace owns none of it: it is root's of the node.
      expect(execFileSync('stat', ['-c', '%u', `/proc/${child}/fd`], { encoding: 'utf8' })).toBe('0\n');
    },
  );

  test.each(moments)('at `%s`, has read nothing of what is on its line by then', async (moment) => {
    const folder = mkdtempSync(join(tmpdir(), 'enter-'));
    const line = join(folder, 'line');
    execFileSync('mkfifo', [line]);
    // Held open for both, so that neither side waits for the other one.
    const ours = openSync(line, constants.O_RDWR);
    const theirs = openSync(line, constants.O_RDONLY);
    try {
      writeSync(ours, 'early');
      const child = await stoppedAt(moment, await main(), '1000', theirs);
      const again = openSync(`/proc/${child}/fd/0`, constants.O_RDONLY | constants.O_NONBLOCK);
      const unread = Buffer.alloc(10);
      const length = readSync(again, unread);
      closeSync(again);
      expect(unread.toString('utf8', 0, length)).toBe('early');
    } finally {
      closeSync(ours);
      closeSync(theirs);
      rmSync(folder, { recursive: true });
    }
  });

  /** What root of the container sees there. */
  function seen(target: number, command: string[]): string {
    const inside = ['-t', `${target}`, '-p', '-m', '--', ...untraced, ...command];
    const { stdout, stderr } = spawnSync('nsenter', inside, { encoding: 'utf8' });
    return stdout + stderr;
  }
});

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

/** Its number in the container. */
const innerPid = (pid: number): string =>
  /^NSpid:.*\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
