import { describe, expect, test } from '@jest/globals';
import { SerialQueue } from '../../../../src/async/serial-queue.ts';

describe('SerialQueue', () => {
  test('begins each piece of work when the one before has ended, however it ended', async () => {
    const queue = new SerialQueue();
    const told: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = queue.run(async () => {
      told.push('first begins');
      await gate.promise;
      told.push('first ends');
      throw new Error('failed');
    });
    const second = queue.run(() => {
      told.push('second');
      return 2;
    });
    await Promise.resolve();
    expect(told).toEqual(['first begins']);
    gate.resolve();
    await expect(first).rejects.toThrow('failed');
    await expect(second).resolves.toBe(2);
    expect(told).toEqual(['first begins', 'first ends', 'second']);
  });

  test('is idle once all that was given has ended', async () => {
    const queue = new SerialQueue();
    let ended = false;
    queue
      .run(async () => {
        await Promise.resolve();
        ended = true;
        throw new Error('failed');
      })
      .catch(() => {});
    await queue.idle();
    expect(ended).toBe(true);
  });
});
