/** More copies in partitions over several streams: far lines, and a source that is mounted. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
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
    expect(spread.streams?.saw.roundTripMs).toBeGreaterThanOrEqual(300);
    const isBusy = (spread.streams?.saw.busyness ?? 0) >= 3;
    expect(spread.streams).toMatchObject(
      isBusy
        ? { parallelism: 1, files: 0, why: 'the processors are busy with other work' }
        : { parallelism: 8, files: 24, why: 'the round trip limits what one stream brings' },
    );
    expect(treeOf(both.target)).toBe(treeOf(both.source));
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
