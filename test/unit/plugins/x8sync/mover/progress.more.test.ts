/** Progress within one file over a slow line, which rsync itself tells nothing of where it knows of small files only. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { parseMoverLine } from '../../../../../plugins/x8sync/mover/protocol/mover-lines.ts';
import type { StreamFigures } from '../../../../../plugins/x8sync/mover/protocol/protocol.ts';
import { sourceFiles } from '../../../../../plugins/x8sync/mover/ssh/sshd-config.ts';
import { eventuallySees } from '../../../../support/eventually.ts';
import { firstOf } from '../../../../support/thoroughness.ts';
import { farLine } from '../../../support/far-line.ts';
import { type Ended, type Pair, pair, withPrograms } from '../../../support/mover-programs.ts';

const bytes = 6 << 20;

let both: Pair;
beforeEach(async () => {
  both = await pair();
});
afterEach(() => both[Symbol.dispose]());

interface Told {
  readonly scanning: boolean;
  readonly bytes: number;
  readonly totalBytes: number;
}

const progressOf = ({ lines }: Ended): Told[] =>
  lines.flatMap((line) => {
    const [, json] = /^x8s:progress (.*)/.exec(line) ?? [];
    return json === undefined ? [] : [JSON.parse(json) as Told];
  });

const streamsOf = ({ lines }: Ended): (readonly StreamFigures[])[] =>
  lines.map(parseMoverLine).flatMap((line) => (line.kind === 'streams' ? [line.streams] : []));

withPrograms.each(
  firstOf([
    ['by two', { X8S_PARALLELISM: '2', X8S_PARTITION_FILES: '1' }, 2],
    ['by one stream', {}, 1],
  ] as const),
)(
  'a file of a size that takes no line of its own goes %s, and is seen to',
  async (_, env, files) => {
    for (let file = 0; file < files; file += 1)
      writeFileSync(join(both.source, `file-${file}`), Buffer.alloc(bytes, 'what is not compressed'));
    await both.serve();
    // The source has looked at its files before anyone comes.
    const { sizes } = sourceFiles(both.stage.runtime.paths);
    await eventuallySees(() => existsSync(sizes), Boolean);
    using line = await farLine(both.port, 0, 1 << 10);
    const ended = await both.copy({ X8S_ADDRESSES: `127.0.0.1:${line.port}`, X8S_COMPRESS: 'none', ...env });
    expect(ended).toMatchObject({
      code: 0,
      stats: { transferredFiles: files },
      streams: { parallelism: files },
    });
    const told = progressOf(ended);
    const within = told.map((progress) => progress.bytes).filter((now) => now > 0 && now < bytes);
    expect(new Set(within).size).toBeGreaterThan(1);
    expect(within).toEqual([...within].sort((one, other) => one - other));
    for (const progress of told) expect(progress.bytes).toBeLessThanOrEqual(progress.totalBytes);
    // The source had counted before: that is so from the first word to the last, which tells of all.
    expect(told.map(({ scanning }) => scanning)).toEqual(told.map(() => false));
    expect(told.at(-1)).toMatchObject({ bytes: files * bytes, totalBytes: files * bytes });
    // Each of several streams by itself, once more when they are through.
    const [last] = streamsOf(ended).slice(-1);
    expect(last?.map(({ stream, files: of }) => [stream, of])).toEqual(
      files === 1
        ? undefined
        : [
            [1, 1],
            [2, 1],
          ],
    );
  },
  60_000,
);
