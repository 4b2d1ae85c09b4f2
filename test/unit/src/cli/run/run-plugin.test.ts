import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterEach, describe, expect, test } from '@jest/globals';
import { binaryNameOf } from '../../../../../src/cli/run/run-plugin.ts';
import { eventually } from '../../../../support/eventually.ts';

const program = join(import.meta.dirname, '..', '..', '..', 'support', 'signal-plugin.ts');

class Run {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  stdout = '';
  stderr = '';

  constructor(how: string) {
    this.child = spawn(process.execPath, [program, how], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
  }

  async says(text: string): Promise<void> {
    while (!this.stderr.includes(text)) await once(this.child.stderr, 'data');
  }

  async end(): Promise<number | null> {
    const [code] = (await once(this.child, 'close')) as [number | null];
    return code;
  }
}

describe('a plugin as a process', () => {
  const runs: Run[] = [];
  const start = (how: string) => {
    const run = new Run(how);
    runs.push(run);
    return run;
  };

  afterEach(() => {
    for (const { child } of runs.splice(0)) child.kill('SIGKILL');
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 143],
  ] as const)('ends in good order after %s', async (signal, code) => {
    const run = start('polite');
    await run.says('ready');
    run.child.kill(signal);
    expect(await run.end()).toBe(code);
    expect(run.stderr).toContain('Interrupted: finishing up.');
    expect(run.stderr).toMatch(/error: interrupted\n$/);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends at once after a second %s, and names what is left', async (signal, code) => {
    const run = start('stubborn');
    await run.says('ready');
    run.child.kill(signal);
    await run.says('Interrupted');
    const ended = run.end();
    // One that comes with the first is the same wish.
    await eventually(() => {
      run.child.kill(signal);
      expect(run.child.exitCode).toBe(code);
    });
    expect(await ended).toBe(code);
    expect(run.stderr).toMatch(
      /error: stopped at once\nleft behind:\n {2}job copy-x in lab-b\/shop\n {2}secret copy-x in lab-b\/shop\n$/,
    );
  });

  test('that runs out of things to wait for has failed', async () => {
    const run = start('empty');
    expect(await run.end()).toBe(1);
    expect(run.stderr).toContain('error: stopped before it was finished; this is a bug\n');
  });

  test.each([
    ['uncaught', 'out of thin air'],
    ['rejected', 'nobody listens'],
  ])('stops in good order when an error is %s', async (how, message) => {
    const run = start(how);
    expect(await run.end()).toBe(1);
    expect(run.stderr).toContain(`error: ${message}\nThis is a bug in fake v`);
  });

  test('writes all of its output before it ends', async () => {
    const run = start('flood');
    expect(await run.end()).toBe(0);
    expect(run.stdout).toHaveLength(1_000_001);
  });

  test('stops when nobody reads its output any more', async () => {
    const run = start('stream');
    await once(run.child.stdout, 'data');
    run.child.stdout.destroy();
    expect(await run.end()).toBe(1);
    expect(run.stderr).toContain('error: writing the output failed');
  });
});

test.each([
  ['kubectl-fake', 'kubectl fake'],
  ['/home/me/.krew/bin/kubectl-fake', 'kubectl fake'],
  ['C:\\krew\\kubectl-fake.exe', 'kubectl fake'],
  ['/usr/bin/node', 'kubectl fake'],
  ['/usr/local/bin/fake', 'fake'],
])('called as %s it names itself %s', (argv0, name) => {
  expect(binaryNameOf('fake', argv0)).toBe(name);
});
