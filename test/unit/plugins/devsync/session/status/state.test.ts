import { expect, test } from '@jest/globals';
import {
  type Directory,
  type Entry,
  emptyDirectory,
  type File,
  untracked,
} from '../../../../../../plugins/devsync/reconcile/entry.ts';
import { describe as inWords, summarize } from '../../../../../../plugins/devsync/session/status/state.ts';

const file: File = { kind: 'file', digest: '0123456789', size: 5, executable: false };
const directory = (children: Record<string, Entry>): Directory => ({
  ...emptyDirectory,
  children: new Map(Object.entries(children)),
});

test('two of the same content that differ in their mode do not read the same', () => {
  expect([inWords(file), inWords({ ...file, executable: true })]).toEqual([
    'a file of 5 bytes (01234567)',
    'a file of 5 bytes (01234567), executable',
  ]);
  expect([inWords({ ...file, mode: 0o600 }), inWords({ ...emptyDirectory, mode: 0o2750 })]).toEqual([
    'a file of 5 bytes (01234567), mode 0600',
    'a directory with 0 files, mode 2750',
  ]);
});

test('a directory that stays for its ignored files alone is a leftover where the other side has none', () => {
  const stays = directory({ log: untracked, deep: directory({ cache: untracked }) });
  const local = { tree: directory({ a: file, both: stays, src: directory({ file }) }), degraded: undefined };
  const container = {
    tree: directory({ a: file, both: stays, gone: stays, src: directory({ file, old: stays }) }),
    degraded: undefined,
  };
  expect(summarize(local, container).leftovers).toEqual([
    { path: 'gone', side: 'container' },
    { path: 'src/old', side: 'container' },
  ]);
  expect(summarize(local, { ...container, tree: undefined }).leftovers).toEqual([]);
});
