/** What this workstation keeps of its syncs is not synced itself, wherever it is. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { IgnoreFiles } from '../../../../../plugins/devsync/spec/ignore-files.ts';
import { ignoreRules, type SyncSpec } from '../../../../../plugins/devsync/spec/spec.ts';
import { compileIgnores } from '../../../../../plugins/devsync/sync/ignore/ignore.ts';

let base: string;
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'devsync-ours-')));
});
afterEach(() => rmSync(base, { recursive: true }));

/** Whether a directory is left out of a LOCAL. @param ignore what is given by hand. */
function leavesOut(local: string, stateFolder: string, path: string, ignore: string[] = []): boolean {
  const { rules } = new IgnoreFiles(local, false, stateFolder);
  const given: Pick<SyncSpec, 'ignore' | 'ignoreVcs' | 'from' | 'takeGit'> = {
    ...{ ignore, ignoreVcs: false, from: 'local', takeGit: false },
  };
  return compileIgnores(ignoreRules(given as SyncSpec, rules))(path, true);
}

test('a home directory that is synced', () => {
  const state = join(base, '.local/state/x8s/devsync');
  mkdirSync(state, { recursive: true });
  writeFileSync(join(base, '.devsyncignore'), '!devsync\n');
  const path = '.local/state/x8s/devsync';
  expect(leavesOut(base, state, path)).toBe(true);
  // Nothing that is given takes it in, since the container could write there what we go by.
  expect(leavesOut(base, state, path, ['!**'])).toBe(true);
  expect(leavesOut(base, state, '.local/state/x8s')).toBe(false);
  expect(leavesOut(base, state, 'elsewhere/.local/state/x8s/devsync')).toBe(false);
});

test('a state folder that a link leads to, under a name with characters of patterns', () => {
  mkdirSync(join(base, 'home/a [b]*'), { recursive: true });
  symlinkSync(join(base, 'home/a [b]*'), join(base, 'state'));
  expect(leavesOut(join(base, 'home'), join(base, 'state'), 'a [b]*')).toBe(true);
  expect(leavesOut(join(base, 'home'), join(base, 'state'), 'a b')).toBe(false);
});

test('a directory beside it, or in it, has no rule of ours', () => {
  const [beside, state] = [join(base, 'devsync-src'), join(base, 'devsync')];
  for (const folder of [beside, join(state, 'in')]) mkdirSync(folder, { recursive: true });
  for (const local of [beside, join(state, 'in')])
    expect(new IgnoreFiles(local, false, state).rules.ours).toEqual([]);
});
