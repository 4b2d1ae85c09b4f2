/** A stream's place: the worker's while it is there, the mover's own all other time. */
import { expect, test } from '@jest/globals';
import { Lane, type LaneParts } from '../../../../../../plugins/x8sync/mover/parallel/lane.ts';
import type { Partition } from '../../../../../../plugins/x8sync/mover/parallel/partitions.ts';
import { WorkQueue } from '../../../../../../plugins/x8sync/mover/parallel/queue.ts';
import type { Work } from '../../../../../../plugins/x8sync/mover/parallel/stream.ts';
import type { Handed } from '../../../../../../plugins/x8sync/mover/workers/link.ts';

const partition = (number: number): Partition => ({ number, files: 2, bytes: 10, list: Buffer.from('x') });

const through = (code = 0, full = false): Handed => ({
  result: { list: 1, code, moved: 3, full, refused: false, stats: { transferredFiles: 2 }, said: ['a word'] },
});

/** A lane with partitions, a worker that answers as is said, and a stream of the mover's that does the rest. */
async function scene(partitions: number, answers: (Handed | 'goes')[]) {
  const queue = new WorkQueue<Work>(100);
  for (let number = 1; number <= partitions; number += 1) await queue.put(partition(number));
  queue.end();
  const [done, said, noted]: [string[], string[], number[]] = [[], [], []];
  const placed: (number | undefined)[] = [];
  const link = {
    worker: 1,
    isThere: answers.length > 0,
    hand: async (): Promise<Handed> => {
      const answer = answers.shift() ?? 'again';
      if (answer === 'goes') link.isThere = false;
      done.push(`worker ${answer === 'goes' || answer === 'again' ? 'not' : 'done'}`);
      return answer === 'goes' ? 'again' : answer;
    },
  };
  const stream: LaneParts['stream'] = {
    run: async (isRelieved = () => false) => {
      for (;;) {
        if (isRelieved()) return true;
        const work = await queue.take();
        if (!work) return false;
        done.push('mover');
        queue.finish(work);
      }
    },
  };
  const lane = new Lane({
    ...{ number: 2, link, stream, queue },
    progress: {
      moved: () => {},
      finished: (_, files) => noted.push(files),
      placed: (_, worker) => placed.push(worker),
    },
    note: () => {},
    log: (_, text) => said.push(text),
  });
  await lane.run();
  return { done, said, noted, placed, queue };
}

test('without a worker all is done by the mover', async () => {
  expect((await scene(2, [])).done).toEqual(['mover', 'mover']);
});

test('a worker does it while it is there; what it gives back is done by the mover, and then it is asked again', async () => {
  const { done, noted, said } = await scene(4, [through(), 'again', through(), through()]);
  expect(done).toEqual(['worker done', 'worker not', 'mover', 'worker done', 'worker done']);
  expect(noted).toEqual([2, 0, 2, 2]);
  expect(said[0]).toBe('stream 2: a word');
});

test('once it is gone, the mover does the rest', async () => {
  const { done, placed } = await scene(3, [through(), 'goes']);
  expect(done).toEqual(['worker done', 'worker not', 'mover', 'mover']);
  // Whose figures the stream's are.
  expect([placed[0], placed.at(-1)]).toEqual([1, undefined]);
});

test('a worker whose rsync breaks again and again is asked no more', async () => {
  const { done } = await scene(
    5,
    Array.from({ length: 9 }, () => through(12)),
  );
  expect(done.filter((one) => one === 'worker done')).toHaveLength(3);
  expect(done.filter((one) => one === 'mover')).toHaveLength(5);
});

test('a target that is full ends it for all', async () => {
  const { done, queue } = await scene(3, [through(11, true)]);
  expect(done).toEqual(['worker done']);
  expect(queue.isDone).toBe(true);
});

test('ranges of large files are left to the mover', async () => {
  const queue = new WorkQueue<Work>(10);
  const range = { file: {}, index: 0 } as unknown as Work;
  await queue.put(range);
  await queue.put(partition(1));
  expect(await queue.take((work) => !('file' in work))).toMatchObject({ number: 1 });
  expect(await queue.take()).toBe(range);
});
