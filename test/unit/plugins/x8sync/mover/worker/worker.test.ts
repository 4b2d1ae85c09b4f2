/** What a worker makes of what it is told, without files and processes. */
import { expect, test } from '@jest/globals';
import { Worker, type WorkerParts } from '../../../../../../plugins/x8sync/mover/worker/worker.ts';
import type {
  Given,
  ListResult,
  WorkerState,
} from '../../../../../../plugins/x8sync/mover/workers/messages.ts';
import { fakeClock } from '../../../../support/fake-clock.ts';

const rsync = {
  ...{ sparse: false, hasSmallFilesOnly: true, fractions: true, owners: true, modes: true },
  ...{ unsupported: [], hasExcluded: false },
};
const first: Given = {
  ...{ run: 'a', key: 'k', beat: 1, root: 'same', rsync, streams: 4, slots: 2, id: '', lists: [] },
};

/** A worker, what it is told, and what it does. */
function scene() {
  const clock = fakeClock();
  const stop = new AbortController();
  const copies = new Map<number, { result: PromiseWithResolvers<ListResult>; signal: AbortSignal }>();
  const world = {
    given: first as Given | 'gone' | undefined,
    state: undefined as WorkerState | undefined,
    root: 'same',
    refuses: [] as number[],
    isGone: false,
    said: [] as string[],
  };
  const parts: WorkerParts = {
    ...{ worker: 1, id: 'w', name: 'pod', key: 'k', signal: stop.signal },
    readGiven: async () => world.given,
    readState: async () => world.state,
    writeState: async (state) => {
      if (world.isGone) throw new Error('ENOENT');
      world.state = state;
    },
    root: async () => world.root,
    take: async (_, list) => !world.refuses.includes(list),
    copy: (_, list, moved, signal) => {
      const result = Promise.withResolvers<ListResult>();
      signal.addEventListener('abort', () => result.reject(signal.reason));
      copies.set(list, { result, signal });
      moved(7);
      return result.promise;
    },
    monotonic: () => clock.monotonic(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    log: (_, text) => world.said.push(text),
  };
  const ended = new Worker(parts).run();
  const next = () => clock.advance(500);
  return { world, clock, copies, stop, ended, next };
}

const result = (list: number, code = 0): ListResult => ({
  ...{ list, code, moved: 9, full: false, refused: false, stats: { transferredFiles: 2 }, said: [] },
});

test('copies what it is given, tells how far it is, and what came of it until that is heard', async () => {
  const { world, copies, next, stop } = scene();
  await next();
  expect(world.state).toMatchObject({ run: 'a', id: 'w', name: 'pod', works: [], done: [] });
  world.given = { ...first, beat: 2, id: 'w', lists: [1, 2] };
  await next();
  await next();
  expect(world.state?.works).toEqual([
    { list: 1, bytes: 7 },
    { list: 2, bytes: 7 },
  ]);
  copies.get(1)?.result.resolve(result(1));
  await next();
  expect(world.state).toMatchObject({ works: [{ list: 2 }], done: [{ list: 1, code: 0 }] });
  await next();
  expect(world.state?.done).toHaveLength(1);
  world.given = { ...first, beat: 3, id: 'w', lists: [2] };
  await next();
  expect(world.state?.done).toEqual([]);
  stop.abort();
});

test('what is given to others is copied no further, and what the mover has taken back is not begun', async () => {
  const { world, copies, next, stop } = scene();
  world.refuses = [2];
  await next();
  world.given = { ...first, beat: 2, id: 'w', lists: [1, 2] };
  await next();
  expect([...copies.keys()]).toEqual([1]);
  world.given = { ...first, beat: 3, id: 'w', lists: [] };
  await next();
  expect(copies.get(1)?.signal.aborted).toBe(true);
  expect(world.state).toMatchObject({ works: [], done: [] });
  stop.abort();
});

test('a list that can not be read is told as one that broke', async () => {
  const { world, copies, next, stop } = scene();
  await next();
  world.given = { ...first, beat: 2, id: 'w', lists: [1] };
  await next();
  copies.get(1)?.result.reject(new Error('ESTALE'));
  await next();
  expect(world.state?.done).toMatchObject([{ list: 1, code: 255, said: ['ESTALE'] }]);
  stop.abort();
});

test('a mover that began anew is followed, and what was of the former run ends', async () => {
  const { world, copies, next, stop } = scene();
  await next();
  world.given = { ...first, beat: 2, id: 'w', lists: [1] };
  await next();
  world.given = 'gone';
  await next();
  expect(copies.get(1)?.signal.aborted).toBe(true);
  world.given = { ...first, run: 'b', id: 'w', lists: [1] };
  await next();
  await next();
  expect(world.state).toMatchObject({ run: 'b', works: [{ list: 1 }] });
  stop.abort();
});

test.each([
  ['after half a minute without a folder', 'gone', 31_000, 'over'],
  ['after ten minutes without a sign', undefined, 601_000, 'over'],
] as const)('it ends %s', async (_, given, ms, end) => {
  const { world, clock, ended, next } = scene();
  await next();
  world.given = given ?? { ...first };
  let how = '';
  void ended.then((one) => {
    how = one;
  });
  await clock.advance(ms - 5000);
  expect(how).toBe('');
  await clock.advance(5000);
  expect(how).toBe(end);
});

test('it ends where another process has its place', async () => {
  const { world, ended, next } = scene();
  await next();
  world.state = { ...(world.state as WorkerState), id: 'other' };
  await next();
  expect(await ended).toBe('superseded');
  expect(world.state.id).toBe('other');
});

test('asked to end, it says so once nothing of it runs', async () => {
  const { world, copies, stop, ended, next } = scene();
  await next();
  world.given = { ...first, beat: 2, id: 'w', lists: [1] };
  await next();
  stop.abort();
  await next();
  expect(await ended).toBe('stopped');
  expect(copies.get(1)?.signal.aborted).toBe(true);
  expect(world.state).toMatchObject({ isLeaving: true, works: [] });
});

test('it does nothing for a mover of another Job, nor where the source is another one here', async () => {
  const { world, next, stop } = scene();
  world.root = 'another';
  await next();
  world.root = 'same';
  world.given = { ...first, run: 'b', key: 'other' };
  await next();
  expect(world.state).toBeUndefined();
  expect(world.said).toEqual(['the source is not the same here as in the pod of the mover']);
  stop.abort();
});
