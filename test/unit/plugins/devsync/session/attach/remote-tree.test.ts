import { expect, test } from '@jest/globals';
import { childrenOf } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import type { Edit } from '../../../../../../plugins/devsync/reconcile/tree.ts';
import { RemoteTree } from '../../../../../../plugins/devsync/session/attach/remote-tree.ts';
import { packEdits } from '../../../../../../plugins/devsync/wire/check.ts';

const fakeGate = { admitAll: (edits: readonly Edit[]) => edits.filter(([path]) => path !== 'left out') };
const directory = { kind: 'directory', children: new Map() } as const;
const link = { kind: 'symlink', target: 'x' } as const;
const edits = (...list: Edit[]) => packEdits(list);

test('half a piece of news is none', () => {
  const remote = new RemoteTree(fakeGate);
  expect(remote.takeNews({ edits: edits(['', directory], ['a', link]), last: true })).toBe(true);
  const before = remote.tree;
  expect(remote.takeNews({ edits: edits(['a', undefined]) })).toBe(false);
  expect(remote.tree).toBe(before);
  expect(remote.takeNews({ edits: edits(['b', link]), last: true })).toBe(true);
  expect(remote.tree).toEqual({ kind: 'directory', children: new Map([['b', link]]) });
});

test('what the rules leave out is not there', () => {
  const remote = new RemoteTree(fakeGate);
  remote.takeNews({ edits: edits(['', directory], ['left out', link]), last: true });
  expect(remote.tree).toEqual(directory);
});

test('what was carried out is there before the agent tells of it', () => {
  const remote = new RemoteTree(fakeGate);
  remote.takeNews({ edits: edits(['', directory]), last: true });
  remote.noteDone([['c', link]]);
  expect(remote.tree).toEqual({ kind: 'directory', children: new Map([['c', link]]) });
});

test('why changes are looked for by polling is told with whole news, and ends with them', () => {
  const remote = new RemoteTree(fakeGate);
  remote.takeNews({ edits: [], last: true, degraded: 'no watches left' });
  expect(remote.degraded).toBe('no watches left');
  remote.takeNews({ edits: [], last: true });
  expect(remote.degraded).toBeUndefined();
});

test('a file system without permissions has none, whatever an agent of an older version makes of it', () => {
  const remote = new RemoteTree(fakeGate, false);
  const file = { kind: 'file', digest: 'd'.repeat(64), size: 1 } as const;
  const told = { ...file, executable: false, mode: 0o777 };
  remote.takeNews({ edits: edits(['', { ...directory, mode: 0o777 }], ['a', told]), last: true });
  remote.noteDone([['b', { ...told, executable: true }]]);
  expect(remote.tree).toEqual({
    kind: 'directory',
    children: new Map([
      ['a', file],
      ['b', file],
    ]),
  });
});

test('an executable bit that is not known is none that is not set', () => {
  const remote = new RemoteTree(fakeGate);
  const file = { kind: 'file', digest: 'd'.repeat(64), size: 1 } as const;
  const list: Edit[] = [
    ['a', file],
    ['b', { ...file, executable: false }],
    ['c', { ...file, executable: true }],
  ];
  remote.takeNews({ edits: edits(['', directory], ...list), last: true });
  expect([...childrenOf(remote.tree)]).toEqual(list);
});
