/** Commands about one sync that runs. */
import { argument } from '../../../../src/cli/options.ts';
import type { Outcome } from '../../../../src/cli/output.ts';
import { IncompleteError, RefusedError } from '../../../../src/errors.ts';
import { howToGoOn, type SyncState } from '../../session/status/state.ts';
import { openLines, openText, restText } from '../output/output-text.ts';
import { completeSync, SyncCommand } from './sync-command.ts';

const staleLock = 'Try again when git is done; a lock that no git has any more may be deleted.';

/** A command about one sync. */
export abstract class OneSyncCommand extends SyncCommand {
  name = argument.required('NAME', { description: 'Name of the sync.', complete: completeSync });

  /** How a sync rests after it was told to carry everything over: `waiting`, where git did not let it. */
  protected done(state: SyncState): Outcome {
    if (state.phase !== 'waiting') return this.rested(state);
    const words = `the sync ${this.name} waits: ${state.message}`;
    return { data: state, error: new IncompleteError(words, { hint: staleLock }) };
  }

  /** How a sync rests after it was told something. */
  protected rested(state: SyncState): Outcome {
    const { phase, message } = state;
    const open = openText(state);
    if (phase === 'held')
      return {
        data: state,
        error: new RefusedError(`held: ${message}`, { hint: `${howToGoOn(state)}.` }),
      };
    if (phase === 'paused')
      return {
        data: state,
        error: new RefusedError(`the sync ${this.name} is paused`, { hint: 'resume goes on.' }),
      };
    return {
      data: state,
      text: restText(state),
      ...(open !== '' && { error: new IncompleteError(open, { details: openLines(state) }) }),
    };
  }
}
