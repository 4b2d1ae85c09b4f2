/** More copies in partitions over several streams: far lines, compression, and a source that is mounted. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { chooseStreams } from '../../plugins/x8sync/mover/parallel/choice.ts';
import { farLine } from '../unit/support/far-line.ts';
import { type Pair, pair, withPrograms } from '../unit/support/mover-programs.ts';
import { manyKinds, treeOf } from '../unit/support/mover-trees.ts';

let both: Pair;
beforeEach(async () => {
  both = await pair();
});
afterEach(() => both[Symbol.dispose]());

const sh = (script: string): string => execFileSync('bash', ['-euc', script], { encoding: 'utf8' });

withPrograms(
  'over a line of 300 ms, as much as one stream takes seconds for is spread over eight where the machine has nothing else to do',
  async () => {
    for (let file = 0; file < 24; file += 1)
      sh(`head -c 3M /dev/urandom >${join(both.source, `file-${file}`)}`);
    await both.serve();
    using line = await farLine(both.port, 300);
    const far = { X8S_ADDRESSES: `127.0.0.1:${line.port}` };
    const spread = await both.copy(far);
    expect(spread.streams).toMatchObject({ saw: { files: 24, bytes: 72 * 2 ** 20 } });
    const { saw = { processors: 1, busyness: 0 }, parallelism, files } = spread.streams ?? {};
    expect(saw.roundTripMs).toBeGreaterThanOrEqual(300);
    // What was chosen follows from what was seen, which on a busy machine is one stream.
    const look = { files: undefined, bytes: undefined, roundTripMs: undefined, ...saw };
    const free = { holdsFiles: false, hasRateLimit: false };
    expect([parallelism, files]).toEqual(chooseStreams({}, look, free).parallelism === 1 ? [1, 0] : [8, 24]);
    expect(treeOf(both.target)).toBe(treeOf(both.source));
  },
  180_000,
);

withPrograms(
  'over a far line, what shrinks is compressed, and what does not is not',
  async () => {
    sh(`cd ${both.source}; for i in $(seq 50); do yes "a line of text $i" | head -c 40000 >text-$i; done`);
    await both.serve();
    using line = await farLine(both.port, 40);
    const far = { X8S_ADDRESSES: `127.0.0.1:${line.port}` };
    const shrinks = await both.copy(far);
    expect(shrinks.streams).toMatchObject({ compression: 'zstd' });
    expect(shrinks.streams?.saw.compressedShare).toBeLessThan(0.1);
    expect(shrinks.stats.receivedBytes).toBeLessThan((shrinks.stats.totalBytes ?? 0) / 10);
    expect(treeOf(both.target)).toBe(treeOf(both.source));
    sh(
      `find ${both.target} ${both.source} -mindepth 1 -delete; for i in 1 2 3; do head -c 90K /dev/urandom >${both.source}/$i; done`,
    );
    const random = await both.copy(far);
    expect(random.streams).toMatchObject({ compression: 'none', saw: { compressedShare: 1 } });
    // Nearby nobody looks, and what was asked for is done.
    sh(`rm ${both.target}/*`);
    expect((await both.copy({ X8S_COMPRESS: 'lz4' })).streams).toMatchObject({ compression: 'lz4' });
  },
  180_000,
);

withPrograms(
  'a source that is mounted beside the target is copied in partitions and ranges as well',
  async () => {
    manyKinds(both.source);
    sh(`cd ${both.source}; truncate -s 3G holes; echo end >>holes`);
    const ended = await both.copy({
      X8S_SOURCE_MOUNTED: '1',
      X8S_PARTITION_FILES: '20',
      X8S_PARALLELISM: '3',
    });
    expect(ended).toMatchObject({
      code: 0,
      outcome: 'ok',
      failures: [],
      streams: { parallelism: 3, compression: 'none' },
    });
    expect(ended.stats.literalBytes).toBeLessThan(22 * 2 ** 20);
    sh(`cmp <(tail -c 1000000 ${both.source}/holes) <(tail -c 1000000 ${both.target}/holes); rm ${both.source}/holes ${both.target}/holes
      touch -r ${both.source} ${both.target}`);
    expect(treeOf(both.target)).toBe(treeOf(both.source));
  },
  180_000,
);
