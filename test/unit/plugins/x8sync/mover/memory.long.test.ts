/** How much memory the mover's own processes take beside rsync, with the real sshd, ssh and rsync of this machine. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { pair, withPrograms } from '../../../support/mover-programs.ts';

const memoryPeak = join(import.meta.dirname, '../../../support/memory-peak.cjs');
const files = 50_000;
/** Of each process, beside rsync's own and beside caches, which the kernel takes back. */
const most = 96 * 2 ** 20;

interface Peak {
  readonly subcommand: string;
  readonly query?: string;
  /** /proc/PID/status at its end. */
  readonly status: string;
}

const peakOf = (status: string) => Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;

withPrograms(
  'no process of the mover takes more than 96 MiB beside rsync: 50,000 files, several streams, and a comparison',
  async () => {
    using both = await pair({}, memoryPeak);
    for (let folder = 0; folder < 50; folder += 1) {
      mkdirSync(join(both.source, `${folder}`));
      for (let file = 0; file < files / 50; file += 1)
        writeFileSync(join(both.source, `${folder}`, `file number ${file}`), `content ${file}`);
    }
    const { pid } = await both.serve();
    const ended = await both.copy({ X8S_PARALLELISM: '4', X8S_PARTITIONS: '40', X8S_VERIFY: '1' });
    const server = readFileSync(`/proc/${pid}/status`, 'utf8');
    const streams = { parallelism: 4, partitions: 40, files };
    expect(ended).toMatchObject({ code: 0, outcome: 'ok', streams, verification: { files, different: 0 } });

    const lines = readFileSync(join(both.stage.root, 'peaks'), 'utf8').trim().split('\n');
    const peaks = lines.map((line) => JSON.parse(line) as Peak);
    const answers = peaks.filter(({ subcommand }) => subcommand === 'answer');
    expect(answers.map(({ query }) => query)).toContainEqual(expect.stringMatching(/^manifest/));
    expect(peaks.filter(({ subcommand }) => subcommand === 'copy')).toHaveLength(1);
    for (const bytes of [server, ...peaks.map(({ status }) => status)].map(peakOf)) {
      // Node.js alone takes a third of that: less would be a mistake of the measuring.
      expect(bytes).toBeGreaterThan(most / 3);
      expect(bytes).toBeLessThanOrEqual(most);
    }
  },
  300_000,
);
