/** A process that is about to execute a container's program is held there, and never left so. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { gateScript } from '../../../../../plugins/devsync/node-agent/gate-script.ts';
import { machine } from '../../../../../src/machine.ts';
import { eventually } from '../../../../support/eventually.ts';

jest.setTimeout(30_000);

const pod = '/kubepods/pod89af0910-3a0d-4013-80fa-60164f33de45/';
const [old, next, beside] = ['a', 'b', 'c'].map((one) => one.repeat(64)) as [string, string, string];
const usable =
  process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('perl', ['-e', '1']).status === 0;

/** Executes a program once it is told to, as a runtime's process does. */
const program =
  '$SIG{USR1} = sub { print STDERR "signal " }; print STDERR "made "; <STDIN>; exec "echo", "begun"';

/** A child, and what it has said. */
interface Started {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly ended: Promise<unknown>;
}

(usable ? describe : describe.skip)('the main process of a container that begins', () => {
  let proc: string;
  const started: ChildProcess[] = [];
  beforeEach(() => {
    proc = mkdtempSync(join(tmpdir(), 'gate-'));
  });
  afterEach(() => {
    for (const one of started.splice(0)) one.kill('SIGKILL');
    rmSync(proc, { recursive: true });
  });

  function start(program: string, args: readonly string[]): Started {
    const child = spawn(program, args, { stdio: 'pipe' });
    started.push(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => {
        text += data.toString();
      });
    child.stdin.on('error', () => {});
    const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
    return { child, said: () => text, ended };
  }

  /** What the node says of a process. */
  function place({ child: { pid } }: Started, group: string, numbers = `${pid}\t1`): void {
    mkdirSync(join(proc, `${pid}`), { recursive: true });
    writeFileSync(join(proc, `${pid}`, 'cgroup'), `3:cpu:/\n1:name=a:b:${group}\n0::${group}\n`);
    writeFileSync(join(proc, `${pid}`, 'status'), `Name:\tx\nState:\tS (sleeping)\nNSpid:\t${numbers}\n`);
  }

  async function gate(hold = 60, under: readonly string[] = []): Promise<Started> {
    const main = start('sleep', ['60']);
    place(main, `${pod}${old}`);
    const args = [machine.arch, proc, `${main.child.pid}`, pod, '', '60', `${hold}`];
    const [first = '', ...rest] = [...under, 'perl', '-e', gateScript, ...args];
    const one = start(first, rest);
    await eventually(() => expect(one.said()).toBe('{"looking":true}\n'));
    return one;
  }

  /** A process on its way to a container's program. */
  async function init(): Promise<Started> {
    const one = start('perl', ['-e', program]);
    await eventually(() => expect(one.said()).toBe('made '));
    return one;
  }
  const go = ({ child }: Started) => child.stdin?.write('go\n');

  const statusOf = ({ child: { pid } }: Started) => readFileSync(`/proc/${pid}/status`, 'utf8');
  const isTraced = (one: Started) => eventually(() => expect(statusOf(one)).toMatch(/^TracerPid:\t[1-9]/m));
  const isHeld = (one: Started) =>
    eventually(() => expect(statusOf(one)).toMatch(/^Name:\techo\n[\s\S]*^State:\tt /m));

  /** One that has begun, and is held. */
  async function held(holding: Started, id = next): Promise<Started> {
    const one = await init();
    place(one, `${pod}${id}`);
    await isTraced(one);
    go(one);
    await eventually(() => expect(holding.said()).toMatch(`{"held":"${id}"}\n`));
    await isHeld(one);
    return one;
  }

  test('is held before its program does anything, and goes on when it is told to', async () => {
    const holding = await gate();
    const one = await held(holding);
    expect(one.said()).toBe('made ');
    holding.child.stdin?.write(`{"letGo":"${next}"}\n`);
    expect(await one.ended).toBe(0);
    expect(one.said()).toBe('made begun\n');
    // Others are held as before.
    await held(holding, beside);
  });

  test('is not held up before that: the runtime does what it has to', async () => {
    await gate();
    const one = await init();
    place(one, `${pod}${next}`);
    await isTraced(one);
    one.child.kill('SIGUSR1');
    await eventually(() => expect(one.said()).toBe('made signal '));
    expect(statusOf(one)).toMatch(/^State:\tS /m);
  });

  test('is process 1 of a namespace, which is held and goes on like any other', async () => {
    const holding = await gate();
    const runtime = start('unshare', ['--pid', '--fork', '--kill-child', 'perl', '-e', program]);
    await eventually(() => expect(runtime.said()).toBe('made '));
    const [pid] = readFileSync(`/proc/${runtime.child.pid}/task/${runtime.child.pid}/children`, 'utf8').split(
      ' ',
    );
    const one = { ...runtime, child: { ...runtime.child, pid: Number(pid) } as ChildProcess };
    const numbers = /^NSpid:\t(.*)$/m.exec(statusOf(one))?.[1];
    expect(numbers).toMatch(/\t1$/);
    place(one, `${pod}${next}`, numbers);
    await isTraced(one);
    go(runtime);
    await isHeld(one);
    expect(runtime.said()).toBe('made ');
    holding.child.kill('SIGKILL');
    expect(await runtime.ended).toBe(0);
    expect(runtime.said()).toBe('made begun\n');
  });

  test('becomes what its program makes of it: a trace takes nothing from a file with rights of its own', async () => {
    const file = join(proc, 'id');
    copyFileSync('/usr/bin/id', file);
    chmodSync(file, 0o4755);
    chmodSync(proc, 0o755);
    const become = `$( = $) = "65534 65534"; $< = $> = 65534; print STDERR "made "; <STDIN>; exec "${file}", "-u"`;
    const holding = await gate();
    const one = start('perl', ['-e', become]);
    await eventually(() => expect(one.said()).toBe('made '));
    place(one, `${pod}${next}`);
    await isTraced(one);
    go(one);
    await eventually(() => expect(holding.said()).toMatch(next));
    holding.child.stdin?.end();
    await one.ended;
    expect(one.said()).toBe('made 0\n');
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)('goes on when what holds it ends by %s', async (signal) => {
    const holding = await gate();
    const one = await held(holding);
    holding.child.kill(signal);
    expect(await one.ended).toBe(0);
    expect(one.said()).toBe('made begun\n');
  });

  test('goes on when the line ends', async () => {
    const holding = await gate();
    const one = await held(holding);
    holding.child.stdin?.end();
    expect([await holding.ended, await one.ended]).toEqual([0, 0]);
  });

  test('goes on when its time is over', async () => {
    const holding = await gate(1);
    const one = await held(holding);
    expect([await holding.ended, await one.ended]).toEqual(['SIGALRM', 0]);
  });

  test('can be killed, which its parent learns', async () => {
    const holding = await gate();
    const one = await held(holding);
    one.child.kill('SIGKILL');
    expect(await one.ended).toBe('SIGKILL');
    expect(holding.child.exitCode).toBe(null);
  });

  test('is let be where it is of a container that was there, of another pod, or not the main one', async () => {
    const holding = await gate();
    const others = [await init(), await init(), await init(), await init()] as const;
    place(others[0], `${pod}${old}`);
    place(others[1], `/kubepods/podelse/${next}`);
    place(others[2], `${pod}${next}`, `${others[2].child.pid}\t7`);
    place(others[3], `${pod}${next}extra`);
    // It is looked at after them.
    await held(holding, beside);
    for (const one of others) {
      expect(statusOf(one)).toMatch(/^TracerPid:\t0$/m);
      go(one);
      expect(await one.ended).toBe(0);
    }
  });

  /** What the kernel says of whether it has executed anything, too. */
  function placeTruly(one: Started, group: string): void {
    mkdirSync(join(proc, `${one.child.pid}`));
    symlinkSync(`/proc/${one.child.pid}/stat`, join(proc, `${one.child.pid}`, 'stat'));
    place(one, group);
  }

  test('one whose program has begun before it was traced is told so, goes on, and is not held by what it executes then', async () => {
    const holding = await gate();
    const late = await init();
    placeTruly(late, `${pod}${next}`);
    await eventually(() => expect(holding.said()).toMatch(`{"late":"${next}"}\n`));
    await eventually(() => expect(statusOf(late)).toMatch(/^TracerPid:\t0$/m));
    go(late);
    expect([await late.ended, late.said()]).toEqual([0, 'made begun\n']);
    expect(holding.said()).not.toMatch('held');
    // Others are held as before.
    await held(holding, beside);
  });

  test('one that was made without executing anything, as a runtime makes it, has not begun', async () => {
    const holding = await gate();
    const runtime = start('perl', ['-e', `if (fork() == 0) { ${program} } wait`]);
    await eventually(() => expect(runtime.said()).toBe('made '));
    const task = `/proc/${runtime.child.pid}/task/${runtime.child.pid}/children`;
    const pid = Number(readFileSync(task, 'utf8').split(' ')[0]);
    const one = { ...runtime, child: { ...runtime.child, pid } as ChildProcess };
    placeTruly(one, `${pod}${next}`);
    await isTraced(one);
    go(runtime);
    await eventually(() => expect(holding.said()).toMatch(`{"held":"${next}"}\n`));
    await isHeld(one);
    expect(holding.said()).not.toMatch('late');
    holding.child.stdin?.end();
    expect([await runtime.ended, runtime.said()]).toEqual([0, 'made begun\n']);
  });

  test('one that cannot be traced is told, but where another gate has it', async () => {
    const [holding, other] = [await gate(), await gate()];
    const one = await init();
    place(one, `${pod}${next}`, `${one.child.pid}\t1\nTracerPid:\t2`);
    await isTraced(one);
    go(one);
    await eventually(() => expect(holding.said() + other.said()).toMatch(next));
    // Nobody is traced twice, and the other one goes on looking.
    expect([holding.child.exitCode, other.child.exitCode]).toEqual([null, null]);

    chmodSync(proc, 0o755);
    const powerless = await gate(60, ['setpriv', '--reuid', '65534', '--clear-groups']);
    place(await init(), `${pod}${beside}`);
    expect(await powerless.ended).toBe(1);
    expect(powerless.said()).toMatch(/^\{"looking":true\}\n\{"trouble":"Operation not permitted"\}\n$/);
  });
});
