/** Which extended attributes the mover leaves alone: rsync's own choice counts no more once there is a filter. */
import { expect, test } from '@jest/globals';
import {
  daemonPath,
  leavesAcls,
  listedArgs,
  rsyncArgs,
  takesWholeList,
  withWholeList,
} from '../../../../../../plugins/x8sync/mover/rsync/args.ts';
import { keptNames } from '../../../../../../plugins/x8sync/mover/volume/tree.ts';

const plan = {
  sshConfig: 'none',
  sparse: false,
  fractions: true,
  bandwidth: '',
  checksum: false,
  owners: true,
  modes: true,
  kept: { source: keptNames({ isWholeVolume: true }), target: keptNames({ isWholeVolume: true }) },
};

function filters(privileges: 'root' | 'user'): string[] {
  return rsyncArgs({ ...plan, privileges }).filter((arg) => arg.startsWith('--filter'));
}

test('labels of SELinux are not copied, all else of root is, and of a user what is his', () => {
  expect(filters('root')).toEqual(['--filter=-x system.*', '--filter=-x security.selinux']);
  expect(filters('user')).toEqual(['--filter=-x! user.*']);
});

test('holes are looked for unless the source said that there are none', () => {
  const has = (sparse: boolean | undefined) =>
    rsyncArgs({ ...plan, privileges: 'root', sparse }).includes('-S');
  expect([has(true), has(undefined), has(false)]).toEqual([true, true, false]);
});

test("lost+found is the file system's in the root of a volume alone, on each side by itself", () => {
  const argsFor = (source: boolean, target: boolean) => {
    const kept = {
      source: keptNames({ isWholeVolume: source }),
      target: keptNames({ isWholeVolume: target }),
    };
    return rsyncArgs({ ...plan, kept, privileges: 'root' }).filter((arg) => / \/|=\//.test(arg));
  };
  expect(argsFor(true, true)).toEqual(['--exclude=/.x8sync', '--exclude=/lost+found']);
  expect(argsFor(true, false)).toEqual(['--exclude=/.x8sync', '--filter=H /lost+found']);
  expect(argsFor(false, true)).toEqual(['--exclude=/.x8sync', '--filter=P /lost+found']);
  expect(argsFor(false, false)).toEqual(['--exclude=/.x8sync']);
});

test('what a copy has to leave out stands before what a person wants to have: the first rule that fits decides', () => {
  const filters = [{ action: 'include', pattern: '*' }] as const;
  const args = rsyncArgs({
    ...plan,
    privileges: 'root',
    excluded: ['--from0', '--exclude-from=names'],
    filters,
  });
  const of = (arg: string) => args.indexOf(arg);
  expect(of('--exclude=/.x8sync')).toBeGreaterThan(0);
  expect(of('--exclude-from=names')).toBeGreaterThan(of('--exclude=/.x8sync'));
  expect(of('--filter=+ *')).toBeGreaterThan(of('--exclude-from=names'));
});

test('where all is given to one owner the list comes in pieces, whatever else was asked for, or else without ACLs', () => {
  const asked = { ...plan, privileges: 'root', wholeList: true, given: ['--no-inc-recursive'] } as const;
  const [kept, given] = [rsyncArgs(asked), rsyncArgs({ ...asked, owner: { uid: 12, gid: 34 } })];
  expect([kept, given].map(takesWholeList)).toEqual([true, false]);
  const [whole, wholeOfOwner] = [withWholeList(kept), withWholeList(given)];
  expect([whole, wholeOfOwner].map(takesWholeList)).toEqual([true, true]);
  expect([kept, given, whole, wholeOfOwner].map(leavesAcls)).toEqual([false, false, false, true]);
});

test('a list costs no look through all of it for each name, and what the filters exclude is refused all the same', () => {
  const args = listedArgs(undefined);
  expect(args).toContain('--old-args');
  expect(args).not.toContain('--trust-sender');
});

test('a folder is named so that a daemon takes it for no pattern and no option', () => {
  const named = ['a b', '-x', 'a[b]*?', String.raw`a\b`, String.raw`a\*b`].map(daemonPath);
  expect(named).toEqual([
    ...['./a b', './-x', String.raw`./a\[b\]\*\?`, String.raw`./a\b`, String.raw`./a\\\*b`],
  ]);
});
