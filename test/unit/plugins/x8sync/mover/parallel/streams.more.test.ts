/** Copies in partitions over several streams, with the real sshd, ssh and rsync of this machine. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { eventuallySees } from '../../../../../support/eventually.ts';
import { firstOf, isThorough } from '../../../../../support/thoroughness.ts';
import { farLine } from '../../../../support/far-line.ts';
import { type Pair, pair, withPrograms } from '../../../../support/mover-programs.ts';
import { manyKinds, treeOf } from '../../../../support/mover-trees.ts';

let both: Pair;
beforeEach(async () => {
  both = await pair();
});
afterEach(() => both[Symbol.dispose]());

const sh = (script: string): string => execFileSync('bash', ['-euc', script], { encoding: 'utf8' });

withPrograms(
  'a tree of every kind is the same at the target, whatever the number of partitions',
  async () => {
    manyKinds(both.source);
    await both.serve();
    for (const [partitions, parallelism] of firstOf([
      [60, 3],
      [25, 5],
    ])) {
      const ended = await both.copy({
        X8S_PARTITIONS: String(partitions),
        X8S_PARALLELISM: String(parallelism),
      });
      expect(ended).toMatchObject({
        code: 0,
        outcome: 'ok',
        failures: [],
        streams: { parallelism, again: 0 },
      });
      expect(ended.streams?.partitions).toBeGreaterThan(3);
      expect(ended.streams?.partitions).toBeLessThanOrEqual(partitions ?? 0);
      // What has one name comes by the streams, all of it.
      expect(ended.streams?.files).toBeGreaterThan(125);
      expect(ended.stats.transferredFiles).toBe(ended.streams?.files);
      expect(ended.stats).toMatchObject({ extraneous: 0, changes: ended.stats.entries });
      expect(treeOf(both.target)).toBe(treeOf(both.source));
      expect(statSync(join(both.target, 'sparse')).blocks).toBeLessThan(1000);
      sh(`find ${both.target} -mindepth 1 -delete`);
    }
  },
  180_000,
);

if (isThorough)
  withPrograms(
    'a tree that is there already: nothing is handed out, and what differs is copied once',
    async () => {
      sh(`cd ${both.source}; mkdir d; for i in $(seq 40); do echo $i >d/$i; done`);
      await both.serve();
      const asked = { X8S_PARTITIONS: '4', X8S_PARALLELISM: '2' };
      await both.copy();
      const again = await both.copy(asked);
      expect(again).toMatchObject({ code: 0, streams: { files: 0, partitions: 0 } });
      expect(again.stats).toMatchObject({ transferredFiles: 0, changes: 0 });
      writeFileSync(join(both.source, 'd/7'), 'another content');
      rmSync(join(both.target, 'd/9'));
      writeFileSync(join(both.target, 'own'), '');
      const third = await both.copy(asked);
      expect(third).toMatchObject({ code: 0, streams: { files: 2 } });
      expect(third.stats).toMatchObject({ transferredFiles: 2, createdEntries: 1, extraneous: 1 });
      expect(readFileSync(join(both.target, 'd/7'), 'utf8')).toBe('another content');
    },
    180_000,
  );

/** Processes of rsync that write to this target, or of ssh that lead to it. */
const processesOf = (pattern: string): string[] =>
  readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      return words.includes(pattern) && words.includes('files-from');
    } catch {
      return false;
    }
  });

if (isThorough)
  withPrograms(
    'a stream whose rsync is killed: its partition is handed out again, and nothing is left to the closing pass',
    async () => {
      for (const name of ['one', 'two', 'three', 'four'])
        sh(`head -c 12M /dev/urandom >${join(both.source, name)}`);
      await both.serve();
      const { ended } = both.start({ X8S_PARTITION_FILES: '1', X8S_PARALLELISM: '2', X8S_BWLIMIT: '16M' });
      const [victim] = await eventuallySees(
        () => processesOf(`${both.target}/`),
        (found) => found.length > 0,
        60_000,
      );
      process.kill(Number(victim), 'SIGKILL');
      const end = await ended;
      expect(end).toMatchObject({
        code: 0,
        outcome: 'ok',
        streams: { parallelism: 2, partitions: 4, files: 4 },
      });
      expect(end.streams?.again).toBeGreaterThan(0);
      expect(treeOf(both.target)).toBe(treeOf(both.source));
    },
    180_000,
  );

withPrograms(
  'a copy in partitions that is stopped is gone on with, and skips what is there',
  async () => {
    for (let file = 0; file < 12; file += 1)
      sh(`head -c 2M /dev/urandom >${join(both.source, `file-${file}`)}`);
    await both.serve();
    const asked = { X8S_PARTITION_FILES: '1', X8S_PARALLELISM: '2' };
    const { child, ended } = both.start({ ...asked, X8S_BWLIMIT: '4M' });
    const arrived = () => readdirSync(both.target).filter((name) => name.startsWith('file-')).length;
    await eventuallySees(arrived, (files) => files >= 3, 60_000);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 143, outcome: 'interrupted' });
    const before = arrived();
    const resumed = await both.copy(asked);
    expect(resumed).toMatchObject({ code: 0, streams: { files: 12 - before } });
    expect(treeOf(both.target)).toBe(treeOf(both.source));
  },
  180_000,
);

withPrograms(
  'without a wish, a small tree nearby is copied by one stream, and it is said why',
  async () => {
    mkdirSync(join(both.source, 'folder'));
    writeFileSync(join(both.source, 'folder/file'), 'content');
    await both.serve();
    const first = await both.copy();
    expect(first.streams).toMatchObject({ parallelism: 1, files: 0, saw: { files: 1, bytes: 7 } });
    expect(first.streams?.saw.roundTripMs).toBeGreaterThan(0);
    const again = await both.copy();
    expect(again.streams).toMatchObject({ parallelism: 1, why: 'the target holds files already' });
  },
  180_000,
);

withPrograms(
  'a very large file goes in ranges over all streams, beside the others',
  async () => {
    sh(`cd ${both.source}; mkdir d; yes "$RANDOM$RANDOM" | head -c 140M >d/large; truncate -s 300M d/large; echo 1 >d/small
        setfattr -n user.comment -v kept d/large; chown 12:34 d/large; chmod 640 d/large; ln d/large d/other-name`);
    await both.serve();
    const ended = await both.copy({ X8S_PARALLELISM: '3' });
    expect(ended).toMatchObject({ code: 0, outcome: 'ok', streams: { partitions: 1, files: 2 } });
    expect(ended.stats).toMatchObject({
      transferredFiles: 2,
      createdEntries: 4,
      transferredBytes: 300 * 2 ** 20 + 2,
    });
    expect(treeOf(both.target)).toBe(treeOf(both.source));
    expect(statSync(join(both.target, 'd/large')).blocks * 512).toBeLessThan(150 * 2 ** 20);
    expect(readdirSync(both.target)).toEqual(['d']);
  },
  180_000,
);

withPrograms(
  'the holes of a large file are found at the source, whatever the number of streams',
  async () => {
    sh(`cd ${both.source}; truncate -s 24G holes; for at in 0 9000 24000; do
        printf data | dd of=holes bs=1M seek=$at conv=notrunc status=none; done; truncate -s 24G holes; truncate -s 1G nothing`);
    await both.serve();
    const ended = await both.copy();
    expect(ended).toMatchObject({ code: 0, outcome: 'ok', streams: { parallelism: 1, files: 2 } });
    // rsync would have read 24 GiB and sent as many.
    expect(ended.stats.literalBytes).toBeLessThan(2 ** 20);
    const [there, before] = [both.target, both.source].map((tree) =>
      sh(
        `cd ${tree}; stat -c '%n %s %Y' holes nothing; for at in 0 9000 24000; do dd if=holes bs=1M skip=$at count=1 status=none | sha1sum; done`,
      ),
    );
    expect(there).toBe(before);
    expect(statSync(join(both.target, 'holes')).blocks * 512).toBeLessThan(2 ** 20);
    expect(await both.copy()).toMatchObject({ stats: { transferredFiles: 0 }, streams: { files: 0 } });
  },
  180_000,
);

if (isThorough)
  withPrograms(
    'over a far line, what shrinks is compressed, and what does not is not; nearby and within a pod nobody looks',
    async () => {
      const empty = (...folders: string[]) => sh(`find ${folders.join(' ')} -mindepth 1 -delete`);
      sh(`cd ${both.source}; for i in $(seq 50); do yes "a line of text $i" | head -c 40000 >text-$i; done`);
      await both.serve();
      using line = await farLine(both.port, 40);
      const far = { X8S_ADDRESSES: `127.0.0.1:${line.port}` };
      const shrinks = await both.copy(far);
      expect(shrinks.streams).toMatchObject({ compression: 'zstd' });
      expect(shrinks.streams?.saw.compressedShare).toBeLessThan(0.1);
      expect(shrinks.stats.receivedBytes).toBeLessThan((shrinks.stats.totalBytes ?? 0) / 10);
      expect(treeOf(both.target)).toBe(treeOf(both.source));
      // Nobody looks at the data of a source that is mounted.
      empty(both.target);
      const mounted = await both.copy({ X8S_SOURCE_MOUNTED: '1', X8S_ADDRESSES: '' });
      expect(mounted.streams).toMatchObject({ compression: 'none', saw: { files: 50 } });
      expect(mounted.streams?.saw).not.toHaveProperty('compressedShare');
      empty(both.target, both.source);
      sh(`for i in 1 2 3; do head -c 90K /dev/urandom >${both.source}/$i; done`);
      const random = await both.copy(far);
      expect(random.streams).toMatchObject({ compression: 'none', saw: { compressedShare: 1 } });
      // Nearby nobody looks, and what was asked for is done.
      empty(both.target);
      expect((await both.copy({ X8S_COMPRESS: 'lz4' })).streams).toMatchObject({ compression: 'lz4' });
    },
    180_000,
  );
