/** What goes over the stream, and what need not: it is counted there. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { describe, expect, jest, test } from '@jest/globals';
import { AgentConnection } from '../../../../../../plugins/devsync/launch/agent-connection.ts';
import { sha256 } from '../../../../../../plugins/devsync/sync/scan/digest.ts';
import { eventually } from '../../../../../support/eventually.ts';
import { firstOf } from '../../../../../support/thoroughness.ts';
import { openPair, type Pair } from '../../support/pair.ts';

/** A pair whose stream is counted, and may be told to fall silent for good after so many bytes one way. */
function counted() {
  const count = { to: 0, from: 0, limit: Number.POSITIVE_INFINITY };
  const meter = (way: 'to' | 'from') =>
    new Transform({
      transform(chunk: Buffer, _, done) {
        count[way] += chunk.length;
        if (count[way] > count.limit) pair.process?.kill('SIGKILL');
        // A copy: what was written is given back to the system once it is taken.
        else this.push(Buffer.from(chunk));
        done();
      },
    });
  const pair = openPair({ between: () => ({ toAgent: meter('to'), fromAgent: meter('from') }) });
  const fresh = () => Object.assign(count, { to: 0, from: 0, limit: Number.POSITIVE_INFINITY });
  return { pair, count, fresh };
}

test('a rename and a copy of what is there cost nothing', async () => {
  const { pair: it, count, fresh } = counted();
  mkdirSync(join(it.local, 'd'));
  for (let index = 0; index < 20; index++)
    writeFileSync(join(it.local, 'd', `${index}`), randomBytes(100_000));
  await it.start();
  await it.synchronizer.flush();
  expect(count.to).toBeGreaterThan(2_000_000);
  fresh();
  renameSync(join(it.local, 'd'), join(it.local, 'e'));
  writeFileSync(join(it.local, 'copy'), readFileSync(join(it.local, 'e', '0')));
  await it.synchronizer.flush();
  for (let index = 0; index < 20; index++)
    expect(readFileSync(join(it.container, 'e', `${index}`)).length).toBe(100_000);
  expect(readFileSync(join(it.container, 'copy')).length).toBe(100_000);
  expect(count.to).toBeLessThan(100_000);
});

/** Cut, moved, overwritten and longer: five places of 12 MB. */
function edited(data: Buffer): Buffer {
  const parts = [0, 1_000_000, 3_000_000, 5_000_000, 12_000_000].map((from, index, all) =>
    data.subarray(from, all[index + 1]),
  ) as [Buffer, Buffer, Buffer, Buffer, Buffer];
  const [one, two, three, four] = parts;
  return Buffer.concat([one, Buffer.from('inserted'), three, two, four.subarray(1000), randomBytes(5000)]);
}

const ways = [
  ['to', 'local', 'container'],
  ['from', 'container', 'local'],
] as const;

test.each(ways)(
  'of a large file that was edited, the differences go: %s the container',
  async (way, from, to) => {
    const { pair: it, count, fresh } = counted();
    const data = randomBytes(12_000_000);
    for (const side of [it.local, it.container]) writeFileSync(join(side, 'large'), data);
    await it.start();
    await it.synchronizer.flush();
    fresh();
    writeFileSync(join(it[from], 'large'), edited(data));
    await it.synchronizer.flush();
    expect(readFileSync(join(it[to], 'large')).equals(readFileSync(join(it[from], 'large')))).toBe(true);
    expect(count[way]).toBeLessThan(150_000);
  },
  30_000,
);

/** Both sides have a large file in a directory, and small ones after it; then the whole is changed on one side. */
async function differencesOf(
  [way, from, to]: (typeof ways)[number],
  change: (root: string, data: Buffer) => void,
): Promise<number> {
  const { pair: it, count, fresh } = counted();
  const [data, other] = [randomBytes(12_000_000), randomBytes(3_000_000)];
  for (const side of [it.local, it.container]) {
    mkdirSync(join(side, 'd'));
    writeFileSync(join(side, 'd', 'large.bin'), data);
    writeFileSync(join(side, 'd', 'other.bin'), other);
    for (let index = 0; index < 3; index++) writeFileSync(join(side, 'd', `small${index}`), `${index}`);
  }
  await it.start();
  await it.synchronizer.flush();
  fresh();
  change(it[from], data);
  await it.synchronizer.flush();
  expect(digestsOf(it[to])).toEqual(digestsOf(it[from]));
  return count[way];
}

/** The files below a directory, and the digest of each. */
const digestsOf = (root: string): string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .map((path) => `${path.slice(root.length)} ${sha256(readFileSync(path))}`)
    .sort();

const underOthers: [string, (root: string, data: Buffer) => void][] = [
  [
    'renamed and edited',
    (root, data) => {
      writeFileSync(join(root, 'd', 'large.bin'), edited(data));
      renameSync(join(root, 'd', 'large.bin'), join(root, 'moved.dat'));
    },
  ],
  [
    'in a directory that was renamed, and edited',
    (root, data) => {
      writeFileSync(join(root, 'd', 'large.bin'), edited(data));
      renameSync(join(root, 'd'), join(root, 'elsewhere'));
    },
  ],
  ['copied and edited', (root, data) => writeFileSync(join(root, 'd', 'copy.bin'), edited(data))],
];

describe.each(ways)('%s the container', (...way) => {
  test.each(underOthers)(
    'of a large file that was %s, the differences go',
    async (_what, change) => {
      expect(await differencesOf(way, change)).toBeLessThan(200_000);
    },
    30_000,
  );
});

test.each(ways)(
  'of a large file that was changed in place, no side reads its own for a signature: %s the container',
  async (way, from, to) => {
    const { pair: it, count, fresh } = counted();
    const data = randomBytes(12_000_000);
    for (const side of [it.local, it.container]) writeFileSync(join(side, 'large'), data);
    await it.start();
    await it.synchronizer.flush();
    const signatures = [jest.spyOn(it.here, 'signature'), jest.spyOn(it.remote, 'signature')];
    fresh();
    data.write('changed', 5_000_000);
    writeFileSync(join(it[from], 'large'), data);
    await it.synchronizer.flush();
    expect(readFileSync(join(it[to], 'large')).equals(data)).toBe(true);
    expect(count[way]).toBeLessThan(60_000);
    for (const signature of signatures) expect(signature).not.toHaveBeenCalled();
  },
);

test.each(ways)(
  'with an agent that knows no differences it goes whole: %s the container',
  async (way, from, to) => {
    const { pair: it, count, fresh } = counted();
    const hello = Promise.resolve({ version: 1, features: ['compression:none'], about: {} });
    const older = jest.spyOn(AgentConnection.prototype, 'hello', 'get').mockReturnValue(hello);
    writeFileSync(join(it.local, 'large'), randomBytes(3_000_000));
    await it.start();
    await it.synchronizer.flush();
    fresh();
    const data = readFileSync(join(it.local, 'large'));
    writeFileSync(join(it[from], 'large'), Buffer.concat([data, Buffer.from('more')]));
    await it.synchronizer.flush();
    older.mockRestore();
    expect(readFileSync(join(it[to], 'large')).length).toBe(3_000_004);
    expect(count[way]).toBeGreaterThan(3_000_000);
  },
  30_000,
);

/** Makes `large` appear on a side at once, and starts anew when that has broken the stream: then it arrives. */
async function goesOn(
  it: Pair,
  [from, to]: readonly ['local' | 'container', 'local' | 'container'],
  data: Buffer,
  fresh: () => unknown,
): Promise<void> {
  writeFileSync(join(it.base, 'large'), data);
  renameSync(join(it.base, 'large'), join(it[from], 'large'));
  await eventually(() => expect(it.failure).toBeDefined());
  await it.stop();
  fresh();
  await it.start();
  await it.synchronizer.flush();
  expect(readFileSync(join(it[to], 'large')).equals(data)).toBe(true);
}

test.each(firstOf(ways))(
  'a large file whose stream breaks goes on where it was: %s the container',
  async (way, from, to) => {
    const { pair: it, count, fresh } = counted();
    await it.start();
    await it.synchronizer.flush();
    fresh().limit = 20_000_000;
    const data = randomBytes(30_000_000);
    await goesOn(it, [from, to], data, fresh);
    expect(count[way]).toBeLessThan(20_000_000);
  },
  30_000,
);

test.each(firstOf(ways.toReversed()))(
  'differences whose stream breaks go on where they were, too: %s the container',
  async (way, from, to) => {
    const { pair: it, count, fresh } = counted();
    const data = randomBytes(16_000_000);
    for (const side of [it.local, it.container])
      writeFileSync(join(side, 'large'), data.subarray(0, 8_000_000));
    await it.start();
    await it.synchronizer.flush();
    fresh().limit = 5_000_000;
    await goesOn(it, [from, to], data, fresh);
    expect(count[way]).toBeLessThan(6_000_000);
  },
  30_000,
);
