/** An rsync that would wait for ever for a group of hard links ends, with what it could not do. */
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { runRsync } from '../../../../../../plugins/x8sync/mover/rsync/run.ts';
import { isMisplaced, mayStandStill } from '../../../../../../plugins/x8sync/mover/rsync/standstill.ts';
import { withPrograms } from '../../../../support/mover-programs.ts';

let base: string;
beforeEach(() => {
  // Not on tmpfs, which has no immutable files.
  base = mkdtempSync('/var/tmp/x8s-standstill-');
  for (const side of ['source', 'target']) mkdirSync(join(base, side));
});
afterEach(() => {
  execFileSync('chattr', ['-R', '-i', base]);
  rmSync(base, { recursive: true, force: true });
});

/** Copies three names of one file, the first of which can't be put in its place at the target. */
async function standing(block: (path: string) => void, ...args: readonly string[]) {
  const [source, target] = [join(base, 'source'), join(base, 'target')];
  writeFileSync(join(source, 'a'), 'linked');
  for (const name of ['b', 'c']) linkSync(join(source, 'a'), join(source, name));
  writeFileSync(join(source, 'alone'), 'alone');
  execFileSync('setfacl', ['-m', 'u:7:r', join(source, 'alone')]);
  block(join(target, 'a'));
  const log: string[] = [];
  const result = await runRsync({
    args: ['-aHAX', '--numeric-ids', ...args, `${source}/`, `${target}/`],
    target,
    source,
    base: 0,
    totals: () => undefined,
    attempt: 1,
    tellsChanges: false,
    tellsDeletions: false,
    asksProgress: false,
    messages: { write: () => undefined, log: (_, text) => log.push(text) },
    kill: process.kill.bind(process),
    signal: new AbortController().signal,
    standstillMs: 1_000,
  });
  expect(log.filter((line) => line.startsWith('rsync stands still'))).toHaveLength(1);
  const acl = execFileSync('getfacl', ['-cnp', join(target, 'alone')], { encoding: 'utf8' });
  expect(readFileSync(join(target, 'alone'), 'utf8')).toBe('alone');
  return { ...result, acl };
}

const immutable = (path: string) => {
  writeFileSync(path, 'old');
  execFileSync('chattr', ['+i', path]);
};
const folder = (path: string) => mkdirSync(join(path, 'own'), { recursive: true });

withPrograms(
  'a hard-linked name that can’t be put in its place: it is named, and all but its links come',
  async () => {
    const { code, errors, acl } = await standing(immutable);
    expect(code).toBe(23);
    expect(errors).toMatchObject({ names: ['a'], lost: new Set() });
    expect(acl).toMatch(/^user:7:r--$/m);
  },
);

withPrograms('one in whose place a folder stands that is not empty is another such name', async () => {
  const { code, errors } = await standing(folder);
  expect(code).toBe(23);
  expect(errors.names).toEqual(['a']);
});

withPrograms(
  'where all is given to one owner, no ACLs come then, which is told as a loss, and none is changed',
  async () => {
    const { code, errors, acl } = await standing(immutable, '--chown=12:34', '--inc-recursive');
    expect(code).toBe(23);
    expect(errors.names).toEqual(['a']);
    expect([...errors.lost]).toContain('acls');
    // It came before rsync stood still.
    expect(acl).toMatch(/^user:7:r--$/m);
  },
);

test.each([
  ['rsync: [receiver] rename "/t/.x8sync/tmp/a.XYZ" -> "a": Operation not permitted (1)', true],
  ['could not make way for new regular file: a', true],
  ['rsync: [generator] chown "/t/a" failed: Operation not permitted (1)', false],
  ['file has vanished: "/s/rename "', false],
])('%j tells of a name that was not put in its place: %s', (line, is) => {
  expect(isMisplaced(line)).toBe(is);
});

test.each([
  [['-aHAX', 's/', 't/'], true],
  [['-a', '--hard-links', 's/', 't/'], true],
  [['-aHAX', '--no-inc-recursive', 's/', 't/'], false],
  [['-aAX', 's/', 't/'], false],
  [['-aHAX', '--files-from=-', '--no-hard-links', 's/', 't/'], false],
])('%j may come to stand still: %s', (args, may) => {
  expect(mayStandStill(args)).toBe(may);
});
