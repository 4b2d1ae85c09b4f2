/** What a session tells while git changes the files in LOCAL; its lock is named, for a person to look at. */
import { join } from 'node:path';
import { findGitDirectory } from '../../sync/scan/git.ts';
import { gitIsBusy } from '../cycle/git-wait.ts';
import type { SyncState } from '../status/state.ts';
import type { RunnerState } from './runner-state.ts';

/** @param root LOCAL */
function gitMessage(root: string): string {
  const lock = join(findGitDirectory(root) ?? '', 'index.lock');
  return `${gitIsBusy}: it holds ${lock}`;
}

/** A session's state while git is at work: what is seen meanwhile is carried over later. */
export function whileGitWorks(state: RunnerState, root: string): RunnerState {
  const { phase } = state;
  if (phase !== 'watching' && phase !== 'scanning') return state;
  return { ...state, phase: 'waiting', message: gitMessage(root) };
}

/** What a flush came to, with git's lock named where git did not let go of the files in time. */
export const namingLock = (state: SyncState, root: string): SyncState =>
  state.message === gitIsBusy ? { ...state, message: gitMessage(root) } : state;
