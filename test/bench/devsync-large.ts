/**
 * A file of 1 GiB of which 1 MiB changes, on tmpfs on both sides, beside a local rsync of the same change: by differences,
 * as over a line.
 */
import { execFile } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { closeSync, copyFileSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { ensureUp } from '../lab/index.ts';
import { Bench, pause } from './devsync-place.ts';
import { type Measurement, median } from './measurement.ts';

const runs = Number(process.env.X8S_BENCH_RUNS ?? 5);
const [fileSize, changeSize] = [1 << 30, 1 << 20];
/**
 * One version: what both sides have written to before is used again. Memory that was never used a virtual machine gets from
 * its host page by page, which can take three times as long as all that is measured here.
 */
const trashLimit = 1.25 * fileSize;
/** Rounds in which it is used for the first time. */
const warmUps = 2;
/** A file that changes all the time is throttled: this long after a change it counts as calm, in milliseconds. */
const calm = 12_000;

/** Fills a file with bytes that do not compress. */
function makeLarge(path: string): void {
  const file = openSync(path, 'w');
  for (let written = 0; written < fileSize; ) written += writeSync(file, randomBytes(16 << 20));
  closeSync(file);
}

interface Change {
  readonly at: number;
  readonly data: Buffer;
}

function change(path: string): Change {
  const made = { at: randomInt(fileSize - changeSize), data: randomBytes(changeSize) };
  const file = openSync(path, 'r+');
  writeSync(file, made.data, 0, changeSize, made.at);
  closeSync(file);
  return made;
}

/** @param length bytes that are looked at; a few tell whether it is worth reading all, which takes time from who is at work. */
function has(path: string, { at, data }: Change, length = data.length): boolean {
  const found = Buffer.alloc(length);
  const file = openSync(path, 'r');
  readSync(file, found, 0, found.length, at);
  closeSync(file);
  return found.equals(data.subarray(0, length));
}

/** Seconds until the other side has a change that is made now. */
async function sync(local: string, remote: string): Promise<number> {
  const made = change(local);
  const begun = performance.now();
  while (!has(remote, made, 64) || !has(remote, made)) {
    if (performance.now() - begun > 300_000) throw new Error('the change did not arrive within five minutes');
    await pause(5);
  }
  return (performance.now() - begun) / 1000;
}

/** Beside this process, whose agent would take it for dead if it were silent for too long. */
async function rsync(from: string, to: string): Promise<number> {
  const begun = performance.now();
  await promisify(execFile)('rsync', ['-a', '--no-whole-file', from, to]);
  return (performance.now() - begun) / 1000;
}

export async function measureLarge(): Promise<Measurement[]> {
  await ensureUp();
  const bench = await Bench.open();
  try {
    const [local, copy] = [join(bench.local, 'large'), join(bench.base, 'copy')];
    makeLarge(local);
    copyFileSync(local, copy);
    const remote = await bench.pod('large');
    // It is there already: its first way there is not what is measured.
    copyFileSync(local, join(remote, 'large'));
    await bench.start('large', { trashLimits: { local: trashLimit, container: trashLimit } });
    const [synced, plain]: [number[], number[]] = [[], []];
    for (let run = -warmUps; run < runs; run++) {
      await pause(calm);
      const taken = await sync(local, join(remote, 'large'));
      await bench.runner.live?.synchronizer.flush();
      const takenByRsync = await rsync(local, copy);
      if (run < 0) continue;
      synced.push(taken);
      plain.push(takenByRsync);
    }
    return [
      { name: 'rsync --no-whole-file, 1 MiB of 1 GiB', unit: 's', samples: plain },
      {
        name: '1 MiB of 1 GiB changed',
        unit: 's',
        samples: synced,
        baseline: 'rsync --no-whole-file, 1 MiB of 1 GiB',
        limit: { atMost: 1.3 * median(plain) },
      },
    ];
  } finally {
    await bench.close();
  }
}
