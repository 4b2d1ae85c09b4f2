/** Random work on both sides at once, while the stream is cut and the agent is killed: nothing is lost. */
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { privateFolder } from '../../../../../../plugins/devsync/sync/files/names.ts';
import { frameTypes } from '../../../../../../plugins/devsync/wire/frame.ts';
import { standingStill } from '../../../../../support/eventually.ts';
import { randomFrom } from '../../../../../support/random.ts';
import { firstOf } from '../../../../../support/thoroughness.ts';
import { Pair, type PairOptions } from '../../support/pair.ts';

// Real processes on a machine that may be busy.
jest.setTimeout(90_000);

let pair: Pair | undefined;
afterEach(async () => {
  await pair?.remove();
  pair = undefined;
});

const sha = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');

/** Everything in a directory as `path → content`. */
function contents(root: string, path = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(join(root, path), { withFileTypes: true })) {
    const child = path === '' ? entry.name : `${path}/${entry.name}`;
    if (entry.name === privateFolder && path === '') continue;
    if (entry.isDirectory()) for (const [k, v] of contents(root, child)) found.set(k, v);
    else if (entry.isFile())
      found.set(
        child,
        `${sha(readFileSync(join(root, child)))} ${(statSync(join(root, child)).mode & 0o111) !== 0}`,
      );
    else found.set(child, 'link');
  }
  return found;
}

/** Digests of all that is in a root or its trash. */
function kept(root: string, metadataFolder: string): Set<string> {
  const found = new Set([...contents(root).values()].map((value) => value.split(' ')[0] as string));
  const trash = join(metadataFolder, 'trash');
  if (existsSync(trash))
    for (const value of contents(trash).values()) found.add(value.split(' ')[0] as string);
  return found;
}

/** One random thing that a person or a program does. Returns the digest of a content that it made. */
function act(root: string, random: (below: number) => number, label: string): string | undefined {
  const path = `${['a', 'b', 'c/d', 'c/e', 'f'][random(5)]}/${random(8)}`;
  const file = join(root, path);
  const text = `${label} ${'x'.repeat(random(4) === 0 ? random(600_000) : random(500))}`;
  try {
    switch (random(9)) {
      case 0:
        rmSync(file, { force: true });
        return undefined;
      case 1:
        rmSync(dirname(file), { recursive: true });
        return undefined;
      case 2:
        renameSync(dirname(file), join(root, `moved${random(3)}`));
        return undefined;
      case 3:
        chmodSync(file, random(2) ? 0o755 : 0o644);
        return undefined;
      case 4:
        mkdirSync(dirname(file), { recursive: true });
        symlinkSync('../a', file);
        return undefined;
      case 5:
        renameSync(file, join(root, `${['a', 'b'][random(2)]}/${random(8)}`));
        return undefined;
      default:
        mkdirSync(dirname(file), { recursive: true });
        // As editors do it.
        writeFileSync(join(root, `.tmp-${label}`), text);
        renameSync(join(root, `.tmp-${label}`), file);
        return sha(text);
    }
  } catch {
    // What it wanted to work on was not there.
    rmSync(join(root, `.tmp-${label}`), { force: true });
    return undefined;
  }
}

/** Syncs until both sides rest, then compares. */
async function settle(): Promise<void> {
  const one = pair as Pair;
  if (one.failure !== undefined || one.process?.exitCode !== null || one.process.signalCode !== null) {
    await one.stop();
    await one.start();
  }
  // An agent that was killed just now may be noticed only here: then it is tried again, in peace.
  const state = await one.synchronizer.flush().catch(async () => {
    await one.stop();
    await one.start();
    return one.synchronizer.flush();
  });
  expect(state.phase).toBe('watching');
  const conflicting = state.conflicts.map(({ path }) => path);
  const [local, container] = [contents(one.local), contents(one.container)];
  for (const path of new Set([...local.keys(), ...container.keys()])) {
    const isListed = conflicting.some((conflict) => path === conflict || path.startsWith(`${conflict}/`));
    if (!isListed) expect([path, local.get(path)]).toEqual([path, container.get(path)]);
  }
}

/** Both directions of a stream, cut in the middle of one frame of a type, in one direction. */
function scissors(direction: 'to' | 'from', type: number, after: number, onCut: () => void) {
  const ends: (() => void)[] = [];
  let left = after;
  const make = (isCutting: boolean) => {
    let pending = Buffer.alloc(0);
    const stream = new Transform({
      transform(chunk: Buffer, _, done) {
        pending = Buffer.concat([pending, chunk]);
        // The loader's bundle comes length-prefixed as well.
        while (pending.length >= 4 && pending.length >= pending.readUInt32BE(0) + 4) {
          const frame = pending.subarray(0, pending.readUInt32BE(0) + 4);
          pending = pending.subarray(frame.length);
          if (isCutting && frame[8] === type && left-- === 0) {
            this.push(frame.subarray(0, Math.ceil(frame.length / 2)));
            for (const end of ends) end();
            onCut();
            break;
          }
          this.push(frame);
        }
        done();
      },
    });
    ends.push(() => stream.push(null));
    stream.on('error', () => {});
    return stream;
  };
  return { toAgent: make(direction === 'to'), fromAgent: make(direction === 'from') };
}

/** Resolves while a change is being carried out, or when it has been, or when the stream is lost. */
async function changeSeen(one: Pair, random: (below: number) => number): Promise<void> {
  await one.next();
  if (random(2) === 0 && one.synchronizer.state.phase === 'syncing') await one.next();
}

async function history(
  options: PairOptions,
  seed: number,
  disturb: (pair: Pair, random: (n: number) => number) => void,
) {
  const random = randomFrom(seed);
  pair = new Pair(options);
  await pair.start();
  const made = new Set<string>();
  for (let round = 0; round < 6; round++) {
    for (let step = 0; step < 12; step++) {
      const side = random(2) === 0 ? pair.local : pair.container;
      const digest = act(side, random, `${seed}-${round}-${step}`);
      if (digest) made.add(digest);
      if (random(6) > 0) continue;
      writeFileSync(join(side, `seen-${round}-${step}`), '');
      await changeSeen(pair, random);
    }
    disturb(pair, random);
    writeFileSync(join(pair.local, `seen-${round}`), '');
    await changeSeen(pair, random);
    if (pair.failure !== undefined) {
      await pair.stop();
      await pair.start();
    }
  }
  await settle();
  return made;
}

/** Whether both sides have the same at a path, so that it was seen, or nothing. */
function isAgreed({ local, container }: Pair, path: string): boolean {
  const [here, there] = [local, container].map((root) =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), 'latin1') : undefined,
  );
  return here === there;
}

/** Contents that were made by writing new files only: none of them may be nowhere. */
async function additions(options: PairOptions, seed: number, disturb: (pair: Pair, round: number) => void) {
  const random = randomFrom(seed);
  pair = new Pair(options);
  await pair.start();
  const made = new Set<string>();
  for (let round = 0; round < 5; round++) {
    for (let step = 0; step < 10; step++) {
      const [side, label] = random(2) === 0 ? [pair.local, 'here'] : [pair.container, 'there'];
      const text = `${label} ${round} ${step} ${'y'.repeat(random(3) === 0 ? random(700_000) : random(500))}`;
      const path = `${random(3)}/${random(6)}`;
      // What a program overwrites before anybody has seen it is its own loss.
      const file = join(side, isAgreed(pair, path) ? path : `${path}-${round}-${step}`);
      mkdirSync(dirname(file), { recursive: true });
      // What a program overwrites itself before it was synced is its own loss.
      if (existsSync(file)) made.delete(sha(readFileSync(file)));
      writeFileSync(join(side, `.new`), text);
      renameSync(join(side, `.new`), file);
      made.add(sha(text));
      await changeSeen(pair, random);
    }
    disturb(pair, round);
    writeFileSync(join(pair.local, `seen-${round}`), '');
    await changeSeen(pair, random);
    if (pair.failure !== undefined) {
      await pair.stop();
      await pair.start();
    }
  }
  await settle();
  return made;
}

describe('random work on both sides', () => {
  test.each(firstOf([1, 2, 3, 4]))('in peace (seed %i)', async (seed) => {
    await history({}, seed, () => {});
  });

  test.each(firstOf([11, 12, 13, 14]))('with an agent that is killed (seed %i)', async (seed) => {
    await history({}, seed, ({ process: agent }, random) => {
      if (random(2) === 0) agent?.kill('SIGKILL');
    });
  });

  const kinds = ['call', 'answer', 'content', 'credit', 'tree', 'end'] as const;
  const fromAgent = new Set(['answer', 'credit', 'tree', 'end']);
  test.each(
    kinds.flatMap((kind, index) =>
      firstOf([0, 1, 5]).map((after) => [kind, after, index * 10 + after] as const),
    ),
  )('with the stream cut in a frame of kind %s, after %i of them', async (kind, after, seed) => {
    const direction = fromAgent.has(kind) ? 'from' : 'to';
    // Attaching takes a few of most kinds, but nothing of contents, nor of the credits that pay them back.
    const spared = kind === 'content' || kind === 'credit' ? 0 : 2;
    let attempts = 0;
    let cuts = 0;
    // Attaching itself may be cut: then it is tried again, in peace.
    const between = () =>
      scissors(
        direction,
        frameTypes.indexOf(kind),
        attempts++ === 0 ? after + spared : Number.MAX_SAFE_INTEGER,
        () => cuts++,
      );
    let rounds = 0;
    // On a busy machine, many changes go over as one: this content goes by itself however slow it is.
    const sendLarge = ({ local }: Pair) => writeFileSync(join(local, 'large'), `${rounds++}`.repeat(300_000));
    await history({ between }, 100 + seed, sendLarge);
    if (after === 0 && kind !== 'end') expect(cuts).toBe(1);
  });

  test.each(firstOf([21, 22, 23]))('nothing that was made is nowhere (seed %i)', async (seed) => {
    const made = await additions({}, seed, ({ process: agent }, round) => {
      if (round % 2 === 1) agent?.kill('SIGKILL');
    });
    const one = pair as Pair;
    const left = new Set([
      ...kept(one.local, one.metadataFolders.local),
      ...kept(one.container, one.metadataFolders.container),
    ]);
    expect([...made].filter((digest) => !left.has(digest))).toEqual([]);
  });
});

test('an agent that has lost its stream and acts behind the back of the next one makes no conflict', async () => {
  let onSyncing = () => {};
  pair = new Pair({ sync: { onState: ({ phase }) => phase === 'syncing' && onSyncing() } });
  const [here, there] = [join(pair.local, 'file'), join(pair.container, 'file')];
  writeFileSync(here, 'one');
  await pair.start();
  await pair.synchronizer.flush();
  const sending = new Promise<void>((resolve) => {
    onSyncing = resolve;
  });
  // With news of its own to tell, the agent would find its stream lost before it had read anything.
  const { stdin, stdout } = pair.process as ChildProcess & Record<'stdin' | 'stdout', Socket>;
  await standingStill(() => stdout.bytesRead);
  const before = stdin.bytesWritten;
  pair.process?.kill('SIGSTOP');
  writeFileSync(here, 'two');
  await sending;
  await standingStill(() => stdin.bytesWritten, before);
  const agent = await pair.lose();
  writeFileSync(here, 'three');
  let found = '';
  // The next one has looked already, and is about to be told what to do.
  onSyncing = () => {
    agent.kill('SIGCONT');
    for (let tries = 0; tries < 500 && readFileSync(there, 'utf8') !== 'two'; tries++)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    found = readFileSync(there, 'utf8');
    onSyncing = () => {};
  };
  await pair.start();
  expect((await pair.synchronizer.flush()).conflicts).toEqual([]);
  expect(found).toBe('two');
  expect(readFileSync(there, 'utf8')).toBe('three');
});
