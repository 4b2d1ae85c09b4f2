import { expect, test } from '@jest/globals';
import { handlersOf } from '../../../../../plugins/devsync/control/handlers.ts';
import type { SyncRunner } from '../../../../../plugins/devsync/session/runner/sync-runner.ts';
import { noState, type SyncState } from '../../../../../plugins/devsync/session/status/state.ts';

test('a conflict is called resolved only where it is', async () => {
  const resolve = (state: Partial<SyncState>) => {
    const live = { synchronizer: { resolve: async () => true } };
    const runner = { live, state: { ...noState, phase: 'watching', ...state } } as unknown as SyncRunner;
    return handlersOf({ runner, stop: async () => {} })('resolve', { path: 'a', use: 'local' });
  };
  expect(await resolve({})).toBe(true);
  const conflict = { path: 'a', reason: 'in the way', local: 'something ignored', container: 'a file' };
  await expect(resolve({ conflicts: [conflict] })).rejects.toThrow(/a cannot be settled so: in the way/);
  const held = { phase: 'held', message: 'the directory is empty' } as const;
  await expect(resolve(held)).rejects.toThrow('a is decided, but it is held: the directory is empty');
  const waiting = { phase: 'waiting', message: 'git is changing the files' } as const;
  await expect(resolve(waiting)).rejects.toThrow(
    'a is decided, but it is waiting: git is changing the files',
  );
});
