import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import {
  describeHolder,
  formatHolder,
  livenessOf,
  parseHolder,
  thisProcess,
} from '../../../../src/tasks/holder.ts';

const onLinux = process.platform === 'linux' ? describe : describe.skip;

test('a holder is read as it was written', () => {
  const me = thisProcess();
  expect(parseHolder(formatHolder(me))).toEqual(me);
  expect(me.pid).toBe(process.pid);
  expect(thisProcess().id).not.toBe(me.id);
});

test('a holder is named as a person would', () => {
  expect(describeHolder(parseHolder('alice@laptop pid=42 id=9f'))).toBe('alice@laptop (process 42)');
  expect(describeHolder(parseHolder('some-controller_77c2'))).toBe('some-controller_77c2');
});

onLinux('on this machine', () => {
  /** A process that sleeps, as a holder would describe itself. */
  async function sleeper() {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const { readFileSync } = await import('node:fs');
    const start = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(' ')[21];
    return { child, holder: { ...thisProcess(), pid: child.pid ?? 0, start } };
  }

  test('a process is alive until it is killed', async () => {
    const { child, holder } = await sleeper();
    expect(livenessOf(holder)).toBe('alive');
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(livenessOf(holder)).toBe('dead');
  });

  test('a process id that is used again is another process', async () => {
    const { child, holder } = await sleeper();
    expect(livenessOf({ ...holder, start: '1' })).toBe('dead');
    child.kill('SIGKILL');
  });

  test('this process itself, another boot, and what says too little are unknown', () => {
    const me = thisProcess();
    expect(livenessOf(me)).toBe('unknown');
    expect(livenessOf({ ...me, pid: 1, machine: 'another' })).toBe('unknown');
    expect(livenessOf({ ...me, pid: 999_999_999, machine: undefined })).toBe('unknown');
    expect(livenessOf({ ...me, pid: 999_999_999, start: undefined })).toBe('unknown');
    expect(livenessOf(parseHolder('some-controller_77c2'))).toBe('unknown');
  });
});
