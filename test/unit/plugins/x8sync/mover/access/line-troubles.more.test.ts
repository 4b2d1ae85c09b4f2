/**
 * What happens on the way to the source, with the real rsync, ssh and sshd of this machine: what a person reads of it in the
 * end. To the mover a node port, a load balancer and a cluster's own network are addresses alike.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { eventuallySees } from '../../../../../support/eventually.ts';
import { firstOf, isThorough } from '../../../../../support/thoroughness.ts';
import { farLine } from '../../../../support/far-line.ts';
import { type Pair, pair, withPrograms } from '../../../../support/mover-programs.ts';
import { toldOf } from '../../../../support/told.ts';

let both: Pair;
beforeEach(async () => {
  both = await pair();
  execFileSync('sh', ['-c', 'head -c 4M /dev/urandom >first; head -c 4M /dev/urandom >second'], {
    cwd: both.source,
  });
});
afterEach(() => both[Symbol.dispose]());

/** How much of the file that is on its way has come. */
function arrived(): number {
  const temporary = join(both.target, '.x8sync/tmp');
  if (!existsSync(temporary)) return 0;
  return Math.max(0, ...readdirSync(temporary).map((name) => statSync(join(temporary, name)).size));
}

withPrograms(
  'a line that breaks in the middle is joined anew, which is said, and what had come is not sent again',
  async () => {
    await both.serve();
    using line = await farLine(both.port, 0);
    const { ended } = both.start({ X8S_ADDRESSES: `127.0.0.1:${line.port}`, X8S_BWLIMIT: '2M' });
    await eventuallySees(arrived, (bytes) => bytes > 2 << 20, 40_000);
    line.reset();
    const end = await ended;
    expect(toldOf(end)).toMatchObject({ exitCode: 0, summary: expect.stringMatching(/^Copied: /) });
    const said = end.lines.join('\n');
    expect(said).toMatch(/the connection to the source broke.* \(rsync code \d+\): trying again in 1 s/);
    expect(said).toMatch(/x8s:disconnected .*\n(?:.*\n)*x8s:connected /);
    expect(end.stats.matchedBytes).toBeGreaterThan(1 << 20);
    for (const name of ['first', 'second'])
      expect(readFileSync(join(both.target, name)).equals(readFileSync(join(both.source, name)))).toBe(true);
  },
  60_000,
);

if (isThorough)
  withPrograms(
    'a line that breaks for good is a source that can’t be reached, and what had come stays',
    async () => {
      await both.serve();
      const line = await farLine(both.port, 0);
      const env = { X8S_ADDRESSES: `127.0.0.1:${line.port}`, X8S_BWLIMIT: '2M', X8S_CONNECT_SECONDS: '6' };
      const { ended } = both.start(env);
      await eventuallySees(arrived, (bytes) => bytes > 2 << 20, 40_000);
      line[Symbol.dispose]();
      expect(toldOf(await ended)).toMatchObject({
        exitCode: 4,
        message: expect.stringMatching(
          /^the mover in fake\/shop\/to can't reach the source: the connection to the source broke: .*connection refused/,
        ),
        details: expect.arrayContaining([expect.stringMatching(/^rsync: connection unexpectedly closed/)]),
      });
      expect(readdirSync(join(both.target, '.x8sync/partial'))).toEqual(['first']);
    },
    60_000,
  );

const newKey = (path: string) => {
  execFileSync('rm', ['-f', path, `${path}.pub`]);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
};

withPrograms.each(
  firstOf([
    ['whose host key is another one', 'host_key', /does not have the host key/],
    ['that refuses the key', 'client_key', /does not accept the key/],
  ] as const),
)(
  'a source %s is not talked to: that is said, nothing is written, and the exit code is 1',
  async (_, key, why) => {
    newKey(join(both.stage.runtime.paths.keys, key));
    await both.serve();
    const told = toldOf(await both.copy());
    expect(told).toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(why),
      hint: 'something else may answer at that address; try another strategy with --strategy',
    });
    expect(told.message).toMatch(
      /^the source of fake\/shop\/from and the mover don't know each other's keys: /,
    );
    expect(told.details.join('\n')).toMatch(/answered, but ssh failed: /);
    expect(readdirSync(both.target)).toEqual([]);
  },
  60_000,
);
