/** Cutting files into partitions, and handing these out. */
import { describe, expect, test } from '@jest/globals';
import { PartitionCutter } from '../../../../../../plugins/x8sync/mover/parallel/partitions.ts';
import { StreamsProgress } from '../../../../../../plugins/x8sync/mover/parallel/progress.ts';
import { WorkQueue } from '../../../../../../plugins/x8sync/mover/parallel/queue.ts';
import { shareOf } from '../../../../../../plugins/x8sync/mover/parallel/rate.ts';

const all = Number.POSITIVE_INFINITY;
const unlimited = { weight: all, files: all, bytes: all, partitions: all };

function cut(limits: Partial<typeof unlimited>, sizes: readonly number[]) {
  const cutter = new PartitionCutter({ ...unlimited, ...limits }, '');
  const parts = sizes.map((bytes, index) => cutter.add(bytes, Buffer.from(`f${index}`)));
  return [...parts, cutter.rest()].filter((part) => part !== undefined);
}

describe('a partition', () => {
  test('is full by files, by bytes and by weight', () => {
    expect(cut({ files: 2 }, [1, 1, 1, 1, 1]).map(({ files }) => files)).toEqual([2, 2, 1]);
    expect(cut({ bytes: 10 }, [4, 7, 1, 20, 3]).map(({ bytes }) => bytes)).toEqual([11, 21, 3]);
    // An empty file has a weight too.
    expect(cut({ weight: 40_000 }, [0, 0, 0, 0]).map(({ files }) => files)).toEqual([3, 1]);
  });

  test('that is the last one takes all the rest', () => {
    const parts = cut({ files: 1, partitions: 3 }, [1, 1, 1, 1, 1]);
    expect(parts.map(({ number, files }) => [number, files])).toEqual([
      [1, 1],
      [2, 1],
      [3, 3],
    ]);
  });

  test('names its files so that no name is an option, a comment or two names', () => {
    const cutter = new PartitionCutter(unlimited, '');
    for (const name of ['-rf', '#x', 'two\nlines']) cutter.add(1, Buffer.from(name));
    cutter.add(1, Buffer.from([0xff]));
    const list = Buffer.concat([Buffer.from('./-rf\0./#x\0./two\nlines\0./'), Buffer.from([0xff, 0])]);
    expect(cutter.rest()?.list).toEqual(list);
  });
});

describe('the queue', () => {
  test('hands out again what was given back, and ends once nobody is at anything', async () => {
    const queue = new WorkQueue<string>(2);
    await queue.put('a');
    queue.end();
    expect(await queue.take()).toBe('a');
    const other = queue.take();
    queue.giveBack('a');
    expect(await other).toBe('a');
    expect(queue.again).toBe(1);
    queue.finish('a');
    expect(await queue.take()).toBeUndefined();
  });

  test('does not hand out for ever what nobody gets done', async () => {
    const queue = new WorkQueue<string>(2);
    await queue.put('a');
    queue.end();
    for (let times = 0; times < 3; times += 1) {
      expect(await queue.take()).toBe('a');
      queue.giveBack('a');
    }
    expect(await queue.take()).toBeUndefined();
    expect(queue.dropped).toBe(1);
  });

  test('lets who makes the work wait for who takes it, and not once it is closed', async () => {
    const queue = new WorkQueue<number>(1);
    await queue.put(1);
    const order: string[] = [];
    const second = queue.put(2).then(() => order.push('put'));
    await new Promise(setImmediate);
    order.push('take');
    await queue.take();
    await second;
    expect(order).toEqual(['take', 'put']);
    const third = queue.put(3);
    queue.close();
    await third;
    queue.giveBack(1);
    expect(await queue.take()).toBeUndefined();
  });
});

test('the progress of all streams is one', () => {
  const progress = new StreamsProgress(() => ({ bytes: 1000, entries: 20 }), 0);
  progress.moved(1, 100);
  progress.moved(2, 50);
  expect(progress.at(1000)).toEqual({
    ...{ bytes: 150, totalBytes: 1000, files: 0, totalFiles: 20, rate: 150, scanning: false },
  });
  progress.finished(1, 5, 120);
  expect(progress.at(2000)).toMatchObject({ bytes: 170, files: 5, rate: 20 });
});

test('totals are none as long as the source counts, and true from then on', () => {
  let totals: { bytes: number; entries: number } | undefined;
  const progress = new StreamsProgress(() => totals, 0);
  progress.moved(1, 100);
  expect(progress.at(1000)).toMatchObject({ bytes: 100, scanning: true });
  totals = { bytes: 400, entries: 2 };
  expect(progress.at(2000)).toMatchObject({ bytes: 100, totalBytes: 400, totalFiles: 2, scanning: false });
  progress.finished(1, 2, 400);
  expect(progress.at(3000)).toMatchObject({ bytes: 400, totalBytes: 400, files: 2, scanning: false });
});

test('each stream has its own figures, by which those of all are made up', () => {
  const progress = new StreamsProgress(() => undefined, 0);
  progress.placed(2, 1);
  progress.finished(2, 5, 100);
  progress.moved(2, 20);
  progress.moved(1, 50);
  expect(progress.each(2000)).toEqual([
    { stream: 1, worker: undefined, files: 0, bytes: 50, rate: 25 },
    { stream: 2, worker: 1, files: 5, bytes: 120, rate: 60 },
  ]);
  expect(progress.at(2000)).toMatchObject({ bytes: 170, files: 5 });
  // The worker is gone, and what it was at is handed out again.
  progress.finished(2, 0, 0);
  progress.placed(2, undefined);
  expect(progress.each(4000)[1]).toEqual({ stream: 2, worker: undefined, files: 5, bytes: 100, rate: 0 });
});

test('a limit of the rate is shared', () => {
  expect(shareOf('10M', 4)).toBe('2.5M');
  expect(shareOf('', 4)).toBe('');
});
