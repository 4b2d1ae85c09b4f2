import { expect, test } from '@jest/globals';
import { gitIsBusy } from '../../../../../../plugins/devsync/session/cycle/git-wait.ts';
import { namingLock, whileGitWorks } from '../../../../../../plugins/devsync/session/runner/git-at-work.ts';
import { noRunnerState } from '../../../../../../plugins/devsync/session/runner/runner-state.ts';

const root = '/no/such/folder';

test.each(['watching', 'scanning'] as const)('a session that is %s waits for git', (phase) => {
  const { phase: told, message } = whileGitWorks({ ...noRunnerState, phase }, root);
  expect(told).toBe('waiting');
  expect(message).toMatch(/^git is changing the files: it holds .*index\.lock$/);
});

test.each(['held', 'connecting'] as const)('one that is %s does not', (phase) => {
  const state = { ...noRunnerState, phase };
  expect(whileGitWorks(state, root)).toBe(state);
});

test('a flush names the lock where git was what it waited for', () => {
  expect(namingLock({ ...noRunnerState, message: gitIsBusy }, root).message).toMatch(/index\.lock$/);
  expect(namingLock(noRunnerState, root)).toBe(noRunnerState);
});
