/**
 * What machines do to a copy, with the real rsync, ssh and sshd of this machine, on real file systems: what a person reads
 * of it in the end. The short form of what test/cluster/x8sync-troubles.long.test.ts tells of whole clusters.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect } from '@jest/globals';
import { eventuallySees } from '../../../../../support/eventually.ts';
import { firstOf, isThorough } from '../../../../../support/thoroughness.ts';
import { needingShares } from '../../../../support/caseless-share.ts';
import { mountFailingDisk } from '../../../../support/failing-disk.ts';
import { type Ended, type Pair, pair, withPrograms } from '../../../../support/mover-programs.ts';
import { needingMounts } from '../../../../support/needing.ts';
import { toldOf } from '../../../../support/told.ts';

let both: Pair;
const after: (() => void)[] = [];
beforeEach(async () => {
  both = await pair();
});
afterEach(() => {
  for (const undo of after.splice(0)) undo();
  both[Symbol.dispose]();
});

const limitMs = 60_000;
const withMounts = needingMounts(withPrograms);
const withShares = needingShares(withPrograms);
const ways: readonly (readonly [way: string, env: Readonly<Record<string, string>>])[] = [
  ['over ssh', {}],
  ['within one pod', { X8S_SOURCE_MOUNTED: '1', X8S_ADDRESSES: '' }],
];

/** Mounts a file system in memory at the target. */
function limitTarget(options: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', both.target]);
  after.push(() => execFileSync('umount', ['--lazy', both.target]));
}

/** Two files of which each takes seconds. */
function fillSource(folder = both.source): void {
  for (const name of ['first', 'second'])
    execFileSync('sh', ['-c', `head -c 4M /dev/urandom >${join(folder, name)}`]);
}

/** Resolves once the first file is on its way. */
function partArrives(): Promise<boolean> {
  const temporary = join(both.target, '.x8sync/tmp');
  const arrived = () =>
    existsSync(temporary) &&
    readdirSync(temporary).some((name) => statSync(join(temporary, name)).size > 1 << 20);
  return eventuallySees(arrived, Boolean, 40_000);
}

/** At a rate that leaves time for something to happen meanwhile. */
const slowly = { X8S_BWLIMIT: '2M' };

/** Copies, and does something once the first file is on its way. */
async function copyWhile(env: Readonly<Record<string, string>>, meanwhile: () => void): Promise<Ended> {
  await both.serve();
  const { ended } = both.start({ ...slowly, ...env });
  await partArrives();
  meanwhile();
  return ended;
}

const sameFile = (name: string, source = both.source): boolean =>
  readFileSync(join(both.target, name)).equals(readFileSync(join(source, name)));

/** Until the file system takes no more. */
function fillTarget(write: (number: number) => void): void {
  try {
    for (let number = 0; ; number += 1) write(number);
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  }
}

const goOn = 'what is copied so far stays at the target; run the same command again to go on';
const unchangedAreSkipped = 'run the same command again once that is fixed: unchanged files are skipped';
const inodesHint = expect.stringMatching(
  /each file takes one: remove files from the target, or take a larger/,
);

describe('a target without inodes', () => {
  withMounts(
    'is told before a byte is written, with the figures',
    async () => {
      limitTarget('nr_inodes=20,size=64m');
      for (let file = 0; file < 100; file += 1) writeFileSync(join(both.source, `${file}`), 'x');
      await both.serve();
      expect(toldOf(await both.copy())).toMatchObject({
        exitCode: 3,
        message: expect.stringMatching(
          /^target claim fake\/shop\/to has too little room: .*needs \d+ bytes and 100 inodes, .* 19 free$/,
        ),
        hint: inodesHint,
      });
      expect(readdirSync(both.target)).toEqual([]);
    },
    limitMs,
  );

  if (isThorough)
    withMounts(
      "that others have used up meanwhile is told from one without bytes, beside rsync's own words",
      async () => {
        limitTarget('nr_inodes=60,size=64m');
        fillSource();
        const ended = await copyWhile({}, () =>
          fillTarget((number) => writeFileSync(join(both.target, `own${number}`), '')),
        );
        expect(toldOf(ended)).toMatchObject({
          exitCode: 3,
          message: expect.stringMatching(
            /the target ran out of inodes while it was copied to: .* \d+ bytes are free; what arrived is kept$/,
          ),
          details: expect.arrayContaining([
            expect.stringMatching(
              /^rsync: \[receiver\] mkstemp ".*second\.\w+" failed: No space left on device/,
            ),
          ]),
          hint: inodesHint,
        });
        expect(sameFile('first')).toBe(true);
      },
      limitMs,
    );
});

withMounts(
  'a target that runs full of bytes meanwhile says so',
  async () => {
    limitTarget('size=24m');
    fillSource();
    const block = Buffer.alloc(4096);
    const ended = await copyWhile({}, () =>
      fillTarget((number) => writeFileSync(join(both.target, 'own'), block, { flag: number ? 'a' : 'w' })),
    );
    expect(toldOf(ended)).toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/: the target ran full while it was copied to; what arrived is kept$/),
      details: expect.arrayContaining([
        expect.stringMatching(/^rsync: \[receiver\] write failed on ".*first": No space left on device/),
      ]),
      hint: 'make the target larger, or remove from it what is not needed',
    });
  },
  limitMs,
);

describe.each(firstOf(ways))('a source %s', (_, env) => {
  withPrograms(
    'whose files go meanwhile is no whole copy, and how many went is said',
    async () => {
      fillSource();
      const ended = await copyWhile(env, () => rmSync(both.source, { recursive: true }));
      mkdirSync(both.source);
      const told = toldOf(ended);
      expect(told).toMatchObject({
        exitCode: 5,
        message: expect.stringMatching(/^not every file could be copied: files went from the source, .*: 1$/),
        details: expect.arrayContaining([expect.stringMatching(/^file has vanished: ".*second"/)]),
        hint: unchangedAreSkipped,
      });
      expect(told.summary).toMatch(/^Copied in part: [\s\S]*1 of 2 copied, 4\.0 MiB of 8\.0 MiB/);
      expect(readdirSync(both.target)).toEqual(['first']);
    },
    limitMs,
  );

  withShares(
    'whose volume fails as a whole meanwhile is no whole copy, and nothing that is not the file is left under its name',
    async () => {
      const behind = join(both.stage.root, 'behind');
      mkdirSync(behind);
      fillSource(behind);
      const disk = await mountFailingDisk(behind, both.source);
      after.push(() => disk[Symbol.dispose]());
      const told = toldOf(await copyWhile(env, () => disk.die()));
      expect(told).toMatchObject({ exitCode: 5, hint: unchangedAreSkipped });
      expect(told.message).toMatch(/^not every file could be copied: .*rsync: \[sender\] /);
      expect(told.details.join('\n')).toMatch(/Software caused connection abort|Transport endpoint/);
      for (const name of readdirSync(both.target).filter((one) => one !== '.x8sync'))
        expect(sameFile(name, behind)).toBe(true);
    },
    limitMs,
  );

  withShares(
    "whose disk does not give out a file names it in rsync's words, and all else arrives",
    async () => {
      const behind = join(both.stage.root, 'behind');
      mkdirSync(behind);
      for (const name of ['broken', 'whole', 'other'])
        writeFileSync(join(behind, name), name.repeat(400_000));
      const disk = await mountFailingDisk(behind, both.source);
      after.push(() => disk[Symbol.dispose]());
      await both.serve();
      const ended = await both.copy(env);
      expect(ended.failures).toEqual(['broken']);
      const told = toldOf(ended);
      expect(told).toMatchObject({
        exitCode: 5,
        message: expect.stringMatching(
          /rsync: \[sender\] read errors mapping ".*broken".*: Input\/output error/,
        ),
        hint: unchangedAreSkipped,
      });
      expect(told.details.join('\n')).toMatch(/broken failed verification/);
      expect(told.summary).toMatch(/^Copied in part: [\s\S]*2 of 3 copied/);
      expect(readdirSync(both.target)).toEqual(['other', 'whole']);
    },
    limitMs,
  );
});

/** The processes of this program that have to do with this test's folders, the one that was started first. */
const processesOf = (program: RegExp): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && program.test(commandOf(name)))
    .filter((name) => commandOf(name).includes(both.stage.root))
    .map(Number)
    .sort((one, other) => one - other);
/** Those of the target's side. */
const receivers = () => processesOf(/^rsync\0(?!--server)/);

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

describe.each(firstOf(ways.toReversed()))('an rsync that is killed for memory, %s:', (_, env) => {
  withPrograms(
    'that is said, with what to do, and the same command goes on',
    async () => {
      fillSource();
      const ended = await copyWhile(env, () => process.kill(receivers()[0] ?? Number.NaN, 'SIGKILL'));
      expect(toldOf(ended)).toMatchObject({
        exitCode: 1,
        message: expect.stringMatching(
          /^the copy from fake\/shop\/from to fake\/shop\/to failed: rsync was killed, perhaps since memory ran out \(--memory gives the pods more\)/,
        ),
        hint: goOn,
      });
      // What is killed says nothing, and the other processes of the transfer may be gone before they could.
      const words = expect.stringMatching(/^rsync(: connection unexpectedly closed| error: error in )/);
      for (const line of toldOf(ended).details) expect(line).toEqual(words);
      expect(await both.copy(env)).toMatchObject({ code: 0, outcome: 'ok' });
      expect(readdirSync(both.target)).toEqual(['first', 'second']);
    },
    limitMs,
  );
});

withPrograms(
  'a mover that is killed with all of its pod leaves what arrived, and its successor goes on with that',
  async () => {
    fillSource();
    await both.serve();
    const { child, ended } = both.start(slowly);
    await partArrives();
    // Its connection stays open in the background.
    const own = [...receivers(), ...processesOf(/^ssh\b/)];
    for (const pid of [child.pid ?? Number.NaN, ...own]) process.kill(pid, 'SIGKILL');
    await expect(ended).rejects.toThrow('no end line');
    const next = await both.copy();
    expect(next).toMatchObject({ code: 0, outcome: 'ok' });
    expect(next.stats.matchedBytes).toBeGreaterThan(0);
    expect(readdirSync(both.target)).toEqual(['first', 'second']);
  },
  limitMs,
);
