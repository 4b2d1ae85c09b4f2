/** What several sessions send at about the same time is read once, and no more of it is kept than has a bound. */
import { expect, test } from '@jest/globals';
import { SharedChunks } from '../../../../../../plugins/devsync/session/transfers/shared-chunks.ts';
import { SharedContents } from '../../../../../../plugins/devsync/session/transfers/shared-contents.ts';
import type { Chunk, ContentRequest } from '../../../../../../plugins/devsync/sync/endpoint.ts';
import { chunkSize } from '../../../../../../plugins/devsync/sync/scan/digest.ts';
import { sharedBodyOf } from '../../../../../../plugins/devsync/wire/shared-body.ts';
import { fakeClock, hastyClock, settle } from '../../../../support/fake-clock.ts';

const { signal } = new AbortController();
const request = (name: string, size = 3): ContentRequest => ({ digest: name, size, path: name, offset: 0 });

/** A fake of this workstation's side, which counts what is read. */
class FakeLocal {
  readonly reads: string[] = [];
  readonly gone = new Set<string>();

  async *read(needs: readonly ContentRequest[]): AsyncGenerator<Chunk> {
    for (const { digest, size, offset } of needs) {
      if (this.gone.has(digest)) continue;
      for (let at = offset; at < size; at += chunkSize) {
        this.reads.push(size > chunkSize ? `${digest} ${at}` : digest);
        yield { digest, size, offset: at, data: new Uint8Array(Math.min(chunkSize, size - at)) };
      }
    }
  }
}

function group(sessions: number, limit?: number) {
  const shared = new SharedContents(limit, hastyClock());
  const members = Array.from({ length: sessions }, () => shared.join());
  const leave = members.map((one) => () => one.leave());
  return { shared, local: new FakeLocal(), members, leave };
}

test('three sessions that want the same get what was read for the first one, in one body', async () => {
  const { shared, local } = group(3);
  const needs = [request('a'), request('b')];
  const lent = await Promise.all([1, 2, 3].map(() => shared.take(needs, local, signal)));
  expect(local.reads).toEqual(['a', 'b']);
  expect(new Set(lent.map(({ contents }) => sharedBodyOf(contents))).size).toBe(1);
  expect(sharedBodyOf(lent[0]?.contents ?? {})?.parts.length).toBe(2);
});

test('nothing is kept once all have had it, nor where nothing is under way', async () => {
  const { shared, local } = group(2);
  for (const one of await Promise.all([1, 2].map(() => shared.take([request('a')], local, signal))))
    one.release(true);
  (await shared.take([request('a')], local, signal)).release(true);
  await shared.take([request('a')], local, signal);
  expect(local.reads).toEqual(['a', 'a', 'a']);
});

test('one that lags behind reads for itself what is beyond the limit, and the others go on', async () => {
  const { shared, local } = group(2, 5);
  // Something is under way all the time.
  await shared.take([request('busy')], local, signal);
  for (const name of ['a', 'b', 'c']) (await shared.take([request(name)], local, signal)).release(true);
  local.reads.length = 0;
  for (const name of ['c', 'b', 'a']) (await shared.take([request(name)], local, signal)).release(true);
  expect(local.reads).toEqual(['b', 'a']);
});

/** Four batches of two mebibytes. */
const large = ['a', 'b', 'c', 'd'].map((name) => [{ ...request(name, 2 << 20) }]);
/** Fakes have no such contents; what counts is what they are said to be. */
class FakeLargeLocal extends FakeLocal {
  override async *read(needs: readonly ContentRequest[]): AsyncGenerator<Chunk> {
    for (const { digest, size } of needs) {
      this.reads.push(digest);
      yield { digest, size, offset: 0, data: new Uint8Array(1) };
    }
  }
}

test('one that begins later finds what the first one has sent: that waits for it, and nothing is read twice', async () => {
  const clock = fakeClock();
  const shared = new SharedContents(8 << 20, clock);
  const [first, later] = [shared.join(), shared.join()];
  const local = new FakeLargeLocal();
  const done = { first: 0, later: 0 };
  const run = async (who: 'first' | 'later') => {
    let release = () => {};
    for (const needs of large) {
      const lent = await (who === 'first' ? first : later).take(needs, local, signal);
      // The one before is answered.
      release();
      release = () => lent.release(true);
      done[who]++;
    }
    release();
  };
  const running = run('first');
  await settle();
  expect(done.first).toBe(3);
  await Promise.all([run('later'), running]);
  expect(local.reads).toEqual(['a', 'b', 'c', 'd']);
});

test('one that never begins keeps nobody for longer than a second', async () => {
  const clock = fakeClock();
  const shared = new SharedContents(8 << 20, clock);
  const first = shared.join();
  shared.join();
  const local = new FakeLargeLocal();
  let done = 0;
  const run = async () => {
    for (const needs of large) {
      await first.take(needs, local, signal);
      done++;
    }
  };
  const running = run();
  await clock.advance(999);
  expect(done).toBe(3);
  await clock.advance(1);
  await running;
  expect(done).toBe(4);
});

test('what was not what it was said to be, or had gone, is read anew', async () => {
  const { shared, local } = group(2);
  await shared.take([request('busy')], local, signal);
  (await shared.take([request('a')], local, signal)).release(false);
  local.gone.add('b');
  expect((await shared.take([request('a'), request('b')], local, signal)).contents.size).toBe(1);
  local.gone.clear();
  expect((await shared.take([request('a'), request('b')], local, signal)).contents.size).toBe(2);
  await shared.take([request('a')], local, signal);
  expect(local.reads).toEqual(['busy', 'a', 'a', 'a', 'b', 'a']);
});

test('a session alone shares with nobody', async () => {
  const { shared, local, leave } = group(2);
  leave[1]?.();
  const { contents } = await shared.take([request('a')], local, signal);
  expect(sharedBodyOf(contents)).toBeUndefined();
});

test('the parts of a large content are read once, whoever is ahead', async () => {
  const { shared, local } = group(2);
  const size = 3 * chunkSize + 5;
  const begin = () => shared.read([request('large', size)], local, signal)[Symbol.asyncIterator]();
  const readers = [begin(), begin()];
  const got: Chunk[][] = [[], []];
  for (const which of [0, 1, 0, 0, 1, 1, 1, 0]) {
    const step = await readers[which]?.next();
    if (step?.done === false) got[which]?.push(step.value);
  }
  const offsets = [0, 1, 2, 3].map((part) => part * chunkSize);
  expect(got.map((chunks) => chunks.map(({ offset }) => offset))).toEqual([offsets, offsets]);
  expect(local.reads).toEqual(offsets.map((offset) => `large ${offset}`));
  expect(got[0]?.[2]?.data).toBe(got[1]?.[2]?.data);
  expect(await Promise.all(readers.map((one) => one.next()))).toEqual([
    { done: true, value: undefined },
    { done: true, value: undefined },
  ]);
});

test('the last of several takes what the others had before it, though it is alone by then', async () => {
  const { shared, local, leave } = group(2);
  const size = 3 * chunkSize;
  const behind = shared.read([request('large', size)], local, signal)[Symbol.asyncIterator]();
  await behind.next();
  for await (const _ of shared.read([request('large', size)], local, signal));
  leave[0]?.();
  for (let step = await behind.next(); !step.done; step = await behind.next())
    expect(sharedBodyOf(step.value.data)).toBeDefined();
  expect(local.reads.length).toBe(3);
});

test('of a large content no more is kept than the limit, and all parts come for one that lags far behind', async () => {
  const { shared, local } = group(2);
  const size = 40 * chunkSize;
  const slow = shared.read([request('large', size)], local, signal)[Symbol.asyncIterator]();
  await slow.next();
  let bytes = 0;
  for await (const { data } of shared.read([request('large', size)], local, signal)) bytes += data.length;
  expect(bytes).toBe(size);
  expect(local.reads.length).toBe(40);
  for (let step = await slow.next(); !step.done; step = await slow.next()) bytes += step.value.data.length;
  expect(bytes).toBe(2 * size - chunkSize);
  expect(local.reads.length).toBeGreaterThan(40);
});

test('who is ahead waits for who is behind, but not for long for one that stands still', async () => {
  const clock = fakeClock();
  const chunks = new SharedChunks(() => false, clock, 3 * chunkSize);
  const local = new FakeLocal();
  const size = 12 * chunkSize;
  const begin = () => chunks.read([request('large', size)], local, signal)[Symbol.asyncIterator]();
  const [ahead, behind] = [begin(), begin()];
  await behind.next();
  // What is asked for is taken once it is there.
  let taken = 0;
  const take = async () => {
    await ahead.next();
    taken++;
  };
  for (let part = 0; part < 3; part++) await take();
  const waiting = take();
  await settle();
  expect(taken).toBe(3);
  await behind.next();
  await waiting;
  const late = take();
  await clock.advance(400);
  expect(taken).toBe(4);
  await clock.advance(200);
  await late;
  for (let part = 5; part < 12; part++) await take();
  expect(local.reads.length).toBe(12);
  expect(taken).toBe(12);
});

test('who has a content whole waits before the next one pushes out what others still want of it', async () => {
  const chunks = new SharedChunks(() => false, fakeClock(), 3 * chunkSize);
  const local = new FakeLocal();
  const both = ['one', 'two'].map((path) => request(path, 3 * chunkSize));
  const begin = () => chunks.read(both, local, signal)[Symbol.asyncIterator]();
  const [ahead, behind] = [begin(), begin()];
  await behind.next();
  for (let part = 0; part < 3; part++) await ahead.next();
  const next = ahead.next();
  await settle();
  expect(local.reads).toEqual([0, 1, 2].map((part) => `one ${part * chunkSize}`));
  for (let part = 0; part < 2; part++) await behind.next();
  expect((await next).value).toMatchObject({ offset: 0 });
  expect(local.reads.filter((one) => one.startsWith('one'))).toHaveLength(3);
});
