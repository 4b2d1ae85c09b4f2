/** The mover's two sides, with the real sshd, ssh and rsync of this machine. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { eventuallySees } from '../../../../support/eventually.ts';
import { isThorough } from '../../../../support/thoroughness.ts';
import { type Pair, pair, withPrograms } from '../../../support/mover-programs.ts';

let both: Pair;
beforeEach(async () => {
  both = await pair();
});
afterEach(() => both[Symbol.dispose]());

withPrograms(
  'a copy, and another one that finds nothing to do',
  async () => {
    mkdirSync(join(both.source, 'folder'));
    writeFileSync(join(both.source, 'folder/file'), 'content');
    writeFileSync(Buffer.concat([Buffer.from(`${both.source}/`), Buffer.from([0xff, 0x0a])]), 'odd');
    await both.serve();
    const first = await both.copy();
    expect(first).toMatchObject({
      code: 0,
      outcome: 'ok',
      stats: { entries: 4, files: 2, transferredFiles: 2 },
    });
    expect(readFileSync(join(both.target, 'folder/file'), 'utf8')).toBe('content');
    expect(readdirSync(both.target, { encoding: 'buffer' })).toEqual(
      readdirSync(both.source, { encoding: 'buffer' }),
    );
    expect(statSync(both.target).mtimeMs).toBe(statSync(both.source).mtimeMs);
    writeFileSync(join(both.target, 'own'), '');
    const again = await both.copy();
    expect(again).toMatchObject({ code: 0, stats: { transferredFiles: 0, extraneous: 1, vanished: 0 } });
  },
  60_000,
);

withPrograms(
  'a forced copy empties the target, and a dry run touches nothing',
  async () => {
    writeFileSync(join(both.source, 'new'), 'new');
    writeFileSync(join(both.target, 'old'), 'old');
    utimesSync(both.target, 1, 1);
    await both.serve();
    const dryRun = await both.copy({ X8S_MODE: 'dry-run' });
    expect(dryRun).toMatchObject({ code: 0, stats: { changes: 2, extraneous: 1 } });
    expect(dryRun.lines.filter((line) => line.startsWith('x8s:change'))).toHaveLength(2);
    expect(readdirSync(both.target)).toEqual(['old']);
    expect(await both.copy({ X8S_MODE: 'force' })).toMatchObject({ code: 0 });
    expect(readdirSync(both.target)).toEqual(['new']);
  },
  60_000,
);

withPrograms(
  'a dry run names what a copy could not put in its place, since a folder stands there that is not empty',
  async () => {
    for (const name of ['file', 'new', 'over-empty']) writeFileSync(join(both.source, name), name);
    symlinkSync('new', join(both.source, 'link'));
    for (const name of ['file', 'link']) mkdirSync(join(both.target, name, 'own'), { recursive: true });
    mkdirSync(join(both.target, 'over-empty'));
    await both.serve();
    const dryRun = await both.copy({ X8S_MODE: 'dry-run' });
    expect(dryRun).toMatchObject({
      code: 0,
      stats: { obstructed: 2, transferredFiles: 2, createdEntries: 2, extraneous: 2 },
      failures: ['file', 'link'],
    });
    expect(dryRun.lines.filter((line) => /^x8s:notice .*not empty.*: file, link"/.test(line))).toHaveLength(
      1,
    );
    const deleting = await both.copy({ X8S_MODE: 'dry-run', X8S_DELETES: 'all' });
    expect(deleting.stats).not.toHaveProperty('obstructed');
    expect(await both.copy({})).toMatchObject({ failures: ['file', 'link'], outcome: 'partial' });
  },
  60_000,
);

withPrograms(
  'a forced copy that an immutable file stops says that the rest is gone, and copies nothing',
  async () => {
    writeFileSync(join(both.source, 'new'), 'new');
    for (const name of ['free', 'fixed']) writeFileSync(join(both.target, name), name);
    execFileSync('chattr', ['+i', join(both.target, 'fixed')]);
    try {
      await both.serve();
      expect(await both.copy({ X8S_MODE: 'force' })).toMatchObject({
        code: 1,
        outcome: 'io',
        message: expect.stringMatching(/emptied in part: what could be removed is gone.*fixed/),
        stats: {},
      });
      expect(readdirSync(both.target).filter((name) => name !== '.x8sync')).toEqual(['fixed']);
    } finally {
      execFileSync('chattr', ['-i', join(both.target, 'fixed')]);
    }
  },
  60_000,
);

withPrograms(
  'one that is stopped says so, keeps what arrived, and is gone on with',
  async () => {
    execFileSync('sh', ['-c', `head -c 24M /dev/urandom >${join(both.source, 'big')}`]);
    await both.serve();
    const { child, ended } = both.start({ X8S_BWLIMIT: '6M' });
    const temporary = join(both.target, '.x8sync/tmp');
    const arrived = () =>
      existsSync(temporary) &&
      readdirSync(temporary).some((name) => statSync(join(temporary, name)).size > 3 << 20);
    await eventuallySees(arrived, Boolean, 40_000);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 143, outcome: 'interrupted' });
    expect(readdirSync(join(both.target, '.x8sync/partial'))).toEqual(['big']);
    const resumed = await both.copy();
    expect(resumed).toMatchObject({ code: 0, outcome: 'ok' });
    expect(resumed.stats.matchedBytes).toBeGreaterThan(1_000_000);
    expect(readdirSync(both.target)).toEqual(['big']);
  },
  60_000,
);

if (isThorough)
  withPrograms(
    'one whose rate is limited tells how far it is within a file',
    async () => {
      const bytes = 640 << 10;
      // Nothing that compresses: where processors are short of time the line may be taken for slow.
      writeFileSync(join(both.source, 'file'), randomBytes(bytes));
      await both.serve();
      const { lines } = await both.copy({ X8S_BWLIMIT: '256K' });
      const told = lines.flatMap((line) => /^x8s:progress (.*)/.exec(line)?.[1] ?? []);
      const seen = told.map((json) => (JSON.parse(json) as { bytes: number }).bytes);
      expect(seen.some((moved) => moved > 0 && moved < bytes)).toBe(true);
    },
    60_000,
  );

withPrograms(
  'a source that nobody can reach, and a plugin of another version',
  async () => {
    expect(await both.copy({ X8S_CONNECT_SECONDS: '0' })).toMatchObject({
      code: 4,
      outcome: 'unreachable',
      message: expect.stringContaining(`127.0.0.1:${both.port}: connection refused`),
    });
    expect(await both.copy({ X8S_PROTOCOL: '999' })).toMatchObject({ code: 3, outcome: 'refused' });
    expect(await both.copy({ X8S_MODE: 'wipe' })).toMatchObject({ code: 1, outcome: 'failed' });
  },
  60_000,
);

withPrograms(
  'the key may read the volume, and ask, and nothing else',
  async () => {
    writeFileSync(join(both.source, 'file'), 'content');
    await both.serve();
    const key = join(both.stage.runtime.paths.keys, 'client_key');
    const known = `UserKnownHostsFile=${both.stage.runtime.paths.keys}/known_hosts`;
    const options = [
      'BatchMode=yes',
      'IdentitiesOnly=yes',
      'HostKeyAlias=x8s-source',
      'LogLevel=ERROR',
      known,
    ];
    const ssh = (...words: readonly string[]) => {
      const args = ['-p', String(both.port), '-i', key, ...options.flatMap((option) => ['-o', option])];
      return execFileSync('ssh', [...args, 'root@127.0.0.1', ...words], { encoding: 'utf8', stdio: 'pipe' });
    };
    expect(JSON.parse(ssh('usage'))).toMatchObject({ lostFound: 0 });
    for (const words of [
      ['id'],
      ['usage; id'],
      ["rsync --server --daemon .'; id; '"],
      ['rsync --server . /etc'],
    ])
      expect(() => ssh(...words)).toThrow(/this key may only read the volume/);
  },
  60_000,
);
