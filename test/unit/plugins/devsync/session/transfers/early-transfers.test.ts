/** A large file that was changed in place goes to the container while it is still read here, with a real agent. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import type { CycleOptions } from '../../../../../../plugins/devsync/session/cycle/sync-cycle.ts';
import { EarlyReading } from '../../../../../../plugins/devsync/sync/contents/early-content.ts';
import { eventually } from '../../../../../support/eventually.ts';
import { openPair, type Pair } from '../../support/pair.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

const size = 12_000_000;

/** Both sides have a large file, and agree on it. */
async function agreed(sync: Partial<CycleOptions> = {}) {
  const it = openPair({ sync });
  const data = randomBytes(size);
  for (const side of [it.local, it.container]) writeFileSync(join(side, 'large'), data);
  await it.start();
  await it.synchronizer.flush();
  const early = jest.spyOn(it.remote, 'receiveEarly');
  const read = jest.spyOn(it.here, 'read');
  // In one go: a half of it that is seen on the way would be another content.
  const save = (content: Uint8Array) => {
    writeFileSync(join(it.base, 'new'), content);
    renameSync(join(it.base, 'new'), join(it.local, 'large'));
  };
  const there = () => readFileSync(join(it.container, 'large'));
  const arrives = (content: Buffer) => eventually(() => expect(there().equals(content)).toBe(true));
  return { it, data, early, read, save, there, arrives };
}

/** What is on its way into the container's tree. */
function staged(it: Pair): string[] {
  const all = readdirSync(it.metadataFolders.container, { recursive: true }) as string[];
  return all.filter((path) => /[0-9a-f]{64}(\.\w+)?$/.test(path));
}

function changed(data: Buffer, text: string, at = 5_000_000): Buffer {
  const copy = Buffer.from(data);
  copy.write(text, at);
  return copy;
}

test('a change in place is there when it is planned, and nothing is read again', async () => {
  const { it, data, early, read, save, arrives } = await agreed();
  for (const text of ['first', 'second']) {
    save(changed(data, text));
    await arrives(changed(data, text));
    await it.synchronizer.flush();
  }
  expect(early).toHaveBeenCalledTimes(2);
  expect(read).not.toHaveBeenCalled();
  await eventually(() => expect(staged(it)).toEqual([]));
});

test('an agent that checks by digests gets it as well', async () => {
  const { it, data, early, read, save, arrives } = await agreed();
  early.mockImplementationOnce((content) => {
    early.mockRestore();
    return it.remote.receiveEarly(Object.assign(content, { key: undefined }));
  });
  save(changed(data, 'mine'));
  await arrives(changed(data, 'mine'));
  await it.synchronizer.flush();
  expect(read).not.toHaveBeenCalled();
});

test('it may be longer or shorter, and differ in its last block', async () => {
  const { it, data, read, save, arrives } = await agreed();
  for (const content of [
    Buffer.concat([data, Buffer.from('more')]),
    data.subarray(0, -70_000),
    changed(data, 'end', size - 5),
  ]) {
    save(content);
    await arrives(content);
    await it.synchronizer.flush();
  }
  expect(read).not.toHaveBeenCalled();
});

test('where most has moved it is given up, and goes as its differences', async () => {
  const { it, data, early, read, save, arrives } = await agreed();
  const content = Buffer.concat([Buffer.from('a line in front\n'), data]);
  save(content);
  await arrives(content);
  await it.synchronizer.flush();
  expect(early).toHaveBeenCalledTimes(1);
  expect(read).toHaveBeenCalledTimes(1);
  await eventually(() => expect(staged(it)).toEqual([]));
});

test('a file that was only touched leaves nothing there', async () => {
  const { it, data, early, save, there } = await agreed();
  save(data);
  await eventually(() => expect(early).toHaveBeenCalledTimes(1));
  await it.synchronizer.flush();
  expect(there().equals(data)).toBe(true);
  await eventually(() => expect(staged(it)).toEqual([]));
});

test('where the file there is another one by now it is a conflict, and both stay', async () => {
  const { it, data, save, there } = await agreed();
  const theirs = changed(data, 'theirs', 100);
  jest.spyOn(EarlyReading.prototype, 'end').mockImplementationOnce(function (this: EarlyReading, digest) {
    writeFileSync(join(it.container, 'large'), theirs);
    EarlyReading.prototype.end.call(this, digest);
  });
  save(changed(data, 'mine'));
  await eventually(() => expect(it.synchronizer.state.conflicts.map(({ path }) => path)).toEqual(['large']));
  expect(there().equals(theirs)).toBe(true);
  expect(readFileSync(join(it.local, 'large')).equals(changed(data, 'mine'))).toBe(true);
});

test('what is not to be sent does not go ahead', async () => {
  const { it, data, early, save } = await agreed({ mode: 'one-way-safe', from: 'container' });
  save(changed(data, 'mine'));
  await it.synchronizer.flush();
  expect(early).not.toHaveBeenCalled();
});

test.each([
  ['a stream that breaks', (it: Pair) => it.connection?.close('lost')],
  ['an agent that is killed', (it: Pair) => it.process?.kill('SIGKILL')],
])('%s leaves nothing of it behind', async (_, end) => {
  const { it, data, save } = await agreed();
  jest.spyOn(EarlyReading.prototype, 'end').mockImplementationOnce(() => end(it));
  save(changed(data, 'mine'));
  await eventually(() => expect(it.failure).toBeDefined());
  await it.stop();
  await it.start();
  await it.synchronizer.flush();
  await eventually(() => expect(staged(it)).toEqual([]));
  expect(readFileSync(join(it.container, 'large')).equals(changed(data, 'mine'))).toBe(true);
});

test('where its beginning finds no place ahead of time, it goes as usual', async () => {
  const { it, data, early, save, arrives } = await agreed();
  early.mockImplementationOnce(async (content) => {
    const chunks = content.chunks.bind(content);
    content.chunks = async function* () {
      let count = 0;
      for await (const chunk of chunks()) if (count++ > 0) yield chunk;
    };
    early.mockRestore();
    await it.remote.receiveEarly(content);
  });
  save(changed(data, 'mine'));
  await arrives(changed(data, 'mine'));
  const { problems } = await it.synchronizer.flush();
  expect(problems).toEqual([]);
});

test.each([
  ['its code', {}],
  ['its digest, as an older agent does', { key: undefined }],
])('where it was put together wrongly %s tells so, it is not used, and goes again', async (_, given) => {
  const { it, data, save, read, arrives } = await agreed();
  const { mtimeMs } = statSync(join(it.container, 'large'));
  // A lie about one block, as a weak sum that is the same by chance would be.
  const lie = jest.spyOn(it.remote, 'receiveEarly').mockImplementationOnce(async (early) => {
    const chunks = early.chunks.bind(early);
    Object.assign(early, given);
    early.chunks = async function* () {
      for await (const chunk of chunks())
        yield chunk.copied && chunk.offset > 0 ? { ...chunk, copied: { ...chunk.copied, from: 0 } } : chunk;
    };
    lie.mockRestore();
    await it.remote.receiveEarly(early);
  });
  save(changed(data, 'mine'));
  await arrives(changed(data, 'mine'));
  expect(read).toHaveBeenCalledTimes(1);
  expect(statSync(join(it.container, 'large')).mtimeMs).not.toBe(mtimeMs);
});
