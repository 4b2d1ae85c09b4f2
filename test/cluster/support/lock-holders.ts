/** Locks of tasks, and other processes that hold them. */
import { join } from 'node:path';
import { afterEach } from '@jest/globals';
import { type Clock, systemClock } from '../../../src/clock.ts';
import type { LockOptions } from '../../../src/tasks/lock.ts';
import { taskLabels } from '../../../src/tasks/names.ts';
import { type Child, startChild } from './child.ts';
import type { Place } from './namespace.ts';
import type { TaskProcessSettings } from './task-process.ts';

/** A holder may be kept from its heartbeat for some seconds by what runs beside. */
export const timing = { staleAfterMs: 8000, heartbeatMs: 1000 };

/** For the tests of a file: locks in its namespace, and processes that are ended after each test. */
export function lockHolders(place: () => Place) {
  const children: Child[] = [];
  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
      await child.ended();
    }
  });

  /** Another process that holds the lock of a task and has begun its run. */
  async function otherProcess(
    task: string,
    change: Partial<Pick<TaskProcessSettings, 'lock' | 'staleAfterMs'>> = {},
  ): Promise<Child> {
    const child = startChild(join(import.meta.dirname, 'task-process.ts'));
    children.push(child);
    const settings: TaskProcessSettings = {
      namespace: place().namespace,
      task,
      lock: 'ConfigMap',
      ...timing,
      ...change,
    };
    child.tell(JSON.stringify(settings));
    await child.hear('held: ');
    return child;
  }

  function lockOf(task: string): LockOptions {
    return {
      namespace: place().namespace,
      name: `lock-${task}`,
      labels: taskLabels('test', task, 'lock'),
      about: `the test's claim`,
      purpose: 'the test itself',
      clock: systemClock,
      ...timing,
    };
  }

  return { lockOf, otherProcess };
}

/** The machine's clock, and the milliseconds of each sleep that is over. */
export function recordingClock(): { clock: Clock; sleeps: number[] } {
  const sleeps: number[] = [];
  const sleep: Clock['sleep'] = async (ms, signal) => {
    await systemClock.sleep(ms, signal);
    sleeps.push(ms);
  };
  return { clock: { ...systemClock, sleep }, sleeps };
}
