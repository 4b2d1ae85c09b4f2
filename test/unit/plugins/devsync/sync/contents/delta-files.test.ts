/** Differences between real files, and what becomes of them when the file that they are to is changed meanwhile. */
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DeltaBases } from '../../../../../../plugins/devsync/session/transfers/delta-bases.ts';
import { sumSize } from '../../../../../../plugins/devsync/sync/delta/block-sizes.ts';
import { crcTable } from '../../../../../../plugins/devsync/sync/delta/crc32.ts';
import {
  type Chunk,
  type ContentRequest,
  lengthOf,
} from '../../../../../../plugins/devsync/sync/endpoint.ts';
import { LocalEndpoint } from '../../../../../../plugins/devsync/sync/local/local-endpoint.ts';
import { sha256 } from '../../../../../../plugins/devsync/sync/scan/digest.ts';
import { partsIn } from '../../../../../../plugins/devsync/wire/channel.ts';
import { asNeeds, packNeeds } from '../../../../../../plugins/devsync/wire/check.ts';
import { askedFor, packContents, unpackContents } from '../../../../../../plugins/devsync/wire/content.ts';

let base: string;
let [sender, receiver]: LocalEndpoint[] = [];
const old = randomBytes(3_000_000);
const edited = Buffer.concat([old.subarray(0, 1_000_000), Buffer.from('new'), old.subarray(1_000_000)]);
const wanted = { digest: sha256(edited), size: edited.length, path: 'large' };

beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'delta-'));
  for (const name of ['sender', 'receiver']) mkdirSync(join(base, name));
  writeFileSync(join(base, 'sender', 'large'), edited);
  writeFileSync(join(base, 'receiver', 'large'), old);
  [sender, receiver] = ['sender', 'receiver'].map(open);
});
afterEach(async () => {
  await sender?.close();
  await receiver?.close();
  rmSync(base, { recursive: true, force: true });
});

const open = (name: string) =>
  new LocalEndpoint({
    root: join(base, name),
    scan: { permissions: 'portable', symlinks: 'portable' },
    ignores: { lists: [], vcs: false },
    trashLimit: 1e9,
    metadataCandidates: [join(base, `${name}-kept`)],
  });

async function request(): Promise<ContentRequest> {
  const signature = await receiver?.signature(wanted);
  if (signature === undefined) return { ...wanted, offset: 0 };
  return { ...wanted, offset: 0, basis: { path: 'large', signature } };
}

/** Over the wire, as between two processes. */
async function* read(need: ContentRequest): AsyncGenerator<Chunk> {
  const [asked] = asNeeds(JSON.parse(JSON.stringify(packNeeds([need]))));
  for await (const { header, body } of packContents(1, sender?.read([asked as ContentRequest]) ?? none()))
    yield* askedFor(new Map([[need.digest, need]]), unpackContents(header, Buffer.concat(partsIn(body))));
}
async function* none(): AsyncGenerator<Chunk> {}

async function all(chunks: AsyncIterable<Chunk>): Promise<Chunk[]> {
  const list: Chunk[] = [];
  for await (const chunk of chunks) list.push(chunk);
  return list;
}

const isThere = async () => (await receiver?.missing([wanted]))?.length === 0;

test('only what is new travels, and the content is whole', async () => {
  const chunks = await all(read(await request()));
  expect(chunks.reduce((sum, { data }) => sum + data.length, 0)).toBeLessThan(10_000);
  await receiver?.receive(read(await request()));
  expect(await isThere()).toBe(true);
});

test.each([
  ['was changed', () => writeFileSync(join(base, 'receiver', 'large'), randomBytes(old.length))],
  ['was cut off', () => truncateSync(join(base, 'receiver', 'large'), 500_000)],
  ['is gone', () => rmSync(join(base, 'receiver', 'large'))],
  [
    'is a link now',
    () => {
      writeFileSync(join(base, 'outside'), old);
      rmSync(join(base, 'receiver', 'large'));
      symlinkSync(join(base, 'outside'), join(base, 'receiver', 'large'));
    },
  ],
])('where the file that it replaces %s meanwhile, it is not there; then it goes whole', async (_, change) => {
  const need = await request();
  change();
  await receiver?.receive(read(need));
  expect(await isThere()).toBe(false);
  const again = await request();
  expect(again.basis).toBeUndefined();
  await receiver?.receive(read(again));
  expect(await isThere()).toBe(true);
});

test('where the content itself is changed while it is read, it is not there, either', async () => {
  const need = await request();
  writeFileSync(join(base, 'sender', 'large'), Buffer.concat([edited.subarray(0, -1), Buffer.from('x')]));
  await receiver?.receive(read(need));
  expect(await isThere()).toBe(false);
});

test('where two blocks have the same weak sum, the content is found to be wrong; then it goes whole', async () => {
  const twin = Buffer.from(old);
  // CRC-32 is linear: what changes the first byte is taken back by the next four.
  const effect = Buffer.alloc(4);
  effect.writeUInt32LE(crcTable[1] as number);
  for (const [index, bits] of [1, ...effect].entries()) (twin[index] as number) ^= bits;
  writeFileSync(join(base, 'receiver', 'large'), twin);
  const chunks = await all(read(await request()));
  expect(chunks[0]?.copied).toMatchObject({ from: 0 });
  await receiver?.receive(read(await request()));
  expect(await isThere()).toBe(false);
  await receiver?.receive(read(await request()));
  expect(await isThere()).toBe(true);
});

test('differences to a file that nobody asked for are refused, and so are signatures of a wrong shape', async () => {
  const need = await request();
  const [chunk] = (await all(read(need))).filter(({ copied }) => copied);
  const foreign = { ...(chunk as Chunk), copied: { path: 'other', from: 0, length: 1 } };
  const whole = { ...wanted, offset: 0 };
  expect(() => [...askedFor(new Map([[need.digest, need]]), [foreign])]).toThrow('not asked for');
  expect(() => [...askedFor(new Map([[need.digest, whole]]), [chunk as Chunk])]).toThrow('not asked for');
  const sums = (length: number) => Buffer.alloc(length).toString('base64');
  for (const signature of [
    [1, ''],
    [5000, ''],
    [2 ** 40, ''],
    [4096, sums(7)],
    [4096, sums(2 ** 18 * sumSize)],
  ])
    expect(() => asNeeds([[wanted.digest, wanted.size, 'large', 0, signature]])).toThrow(
      'the other end sent',
    );
  for (const ranges of [
    [[0, 0]],
    [
      [5, 5],
      [9, 1],
    ],
    [[0, wanted.size + 1]],
    [[-1, 1]],
    'ranges',
    [1],
  ])
    expect(() => asNeeds([[wanted.digest, wanted.size, 'large', 0, null, ranges]])).toThrow(
      'the other end sent',
    );
  const item = [wanted.digest, wanted.size, 0, wanted.size + 1, 0];
  const header = { form: 'delta', stream: 1, basis: 'large', items: [item] };
  expect(() => [...unpackContents(header, Buffer.alloc(0))]).toThrow('longer than announced');
  const outside = { ...header, basis: '../large' };
  expect(() => [...unpackContents(outside, Buffer.alloc(0))]).toThrow();
});

test('what is put together elsewhere is left as it was', async () => {
  await receiver?.receive(read(await request()));
  expect(readFileSync(join(base, 'receiver', 'large')).equals(old)).toBe(true);
});

describe('where both versions were read here', () => {
  const inPlace = Buffer.from(old);
  inPlace.write('here', 1_500_000);
  const there = { digest: sha256(inPlace), size: inPlace.length, path: 'large' };
  const bases = () => new DeltaBases();
  const asked = async (by: DeltaBases) =>
    await by.withBasis(
      { ...there, offset: 0 },
      { digest: sha256(old), size: old.length, path: 'large' },
      sides(),
    );
  const sides = () => ({ from: sender as LocalEndpoint, to: receiver as LocalEndpoint });
  const sent = read;
  const hasArrived = async () => (await receiver?.missing([there]))?.length === 0;

  beforeEach(async () => {
    for (const content of [old, inPlace]) {
      writeFileSync(join(base, 'sender', 'large'), content);
      await sender?.refresh(true);
    }
  });

  test('only what differs is read and travels, without a signature', async () => {
    const need = await asked(bases());
    expect(need.basis).not.toHaveProperty('signature');
    const chunks = await all(sent(need));
    expect(chunks.reduce((sum, { data }) => sum + data.length, 0)).toBe(32 << 10);
    await receiver?.receive(sent(need));
    expect(await hasArrived()).toBe(true);
  });

  test('what has arrived in part goes on from there', async () => {
    const need = { ...(await asked(bases())), offset: 1_400_000 };
    const [first] = await all(sent(need));
    expect(first?.offset).toBe(1_400_000);
    const chunks = await all(sent(need));
    expect(chunks.reduce((sum, chunk) => sum + lengthOf(chunk), 1_400_000)).toBe(inPlace.length);
  });

  test.each([
    ['the file there is another one', () => writeFileSync(join(base, 'receiver', 'large'), edited)],
    ['the file here was changed since', () => writeFileSync(join(base, 'sender', 'large'), old)],
    ['the file here was cut off since', () => truncateSync(join(base, 'sender', 'large'), 1_500_000)],
  ])('where %s, it is not there; then it is not tried again', async (_, change) => {
    change();
    const by = bases();
    await receiver?.receive(sent(await asked(by)));
    expect(await hasArrived()).toBe(false);
    expect((await asked(by)).basis ?? {}).not.toHaveProperty('unchanged');
  });

  test('a side that takes no differences gets it whole', async () => {
    const to = { takesDeltas: false, signature: async () => undefined };
    const need = { ...there, offset: 0 };
    const replaced = { digest: sha256(old), size: old.length, path: 'large' };
    expect(await bases().withBasis(need, replaced, { ...sides(), to })).toBe(need);
  });
});
