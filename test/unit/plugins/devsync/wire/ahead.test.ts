/** Small contents that come along with news of the container's tree: which do, and how much of them is kept. */
import { expect, test } from '@jest/globals';
import type { Entry } from '../../../../../plugins/devsync/reconcile/entry.ts';
import type { Edit } from '../../../../../plugins/devsync/reconcile/tree.ts';
import type { Chunk } from '../../../../../plugins/devsync/sync/endpoint.ts';
import { sha256 } from '../../../../../plugins/devsync/sync/scan/digest.ts';
import { AheadContents, aheadOf } from '../../../../../plugins/devsync/wire/ahead.ts';
import { packContents } from '../../../../../plugins/devsync/wire/content.ts';

const kibi = 1024;
const file = (path: string, size: number): Edit => [
  path,
  { kind: 'file', digest: sha256(Buffer.from(path)), size, mode: 0o644 } as unknown as Entry,
];
const chunkOf = (data: Buffer): Chunk => ({ digest: sha256(data), size: data.length, offset: 0, data });

async function come(ahead: AheadContents, ...chunks: Chunk[]): Promise<void> {
  const all = async function* () {
    yield* chunks;
  };
  for await (const { header, body } of packContents(0, all()))
    ahead.take(header, Buffer.concat(body as Uint8Array[]));
}

const needOf = ({ digest, size }: Chunk) => ({ digest, size, path: 'a', offset: 0 });

test('files go along that are small together; of a flood none does', () => {
  const edits = [file('a', 10 * kibi), ['gone', undefined] as const, file('b', 50 * kibi)];
  expect(aheadOf(edits).map(({ path }) => path)).toEqual(['a', 'b']);
  expect(aheadOf([...edits, file('c', 5 * kibi)])).toEqual([]);
});

test('what has come is given once, and only for what was asked', async () => {
  const ahead = new AheadContents();
  const [one, other] = [chunkOf(Buffer.from('one')), chunkOf(Buffer.from('other'))];
  await come(ahead, one);
  const needs = [needOf(one), needOf(other)];
  const given = ahead.give(needs);
  expect(given.here.map(({ data }) => Buffer.from(data).toString())).toEqual(['one']);
  expect(given.rest).toEqual([needOf(other)]);
  expect(ahead.give(needs).here).toEqual([]);
});

test('a part of a content is none, nor is one of another size', async () => {
  const ahead = new AheadContents();
  const whole = chunkOf(Buffer.from('content'));
  await come(ahead, { ...whole, data: whole.data.subarray(0, 3) });
  expect(ahead.give([needOf(whole)]).here).toEqual([]);
  await come(ahead, whole);
  expect(ahead.give([{ ...needOf(whole), size: 8 }]).here).toEqual([]);
});

test('what nobody needs is not kept without end', async () => {
  const ahead = new AheadContents();
  const chunks = Array.from({ length: 40 }, (_, index) => chunkOf(Buffer.alloc(60 * kibi, index)));
  for (const chunk of chunks) await come(ahead, chunk);
  const { here } = ahead.give(chunks.map(needOf));
  expect(here.length).toBeLessThanOrEqual(18);
  expect(here.at(-1)?.digest).toBe(chunks.at(-1)?.digest);
});
