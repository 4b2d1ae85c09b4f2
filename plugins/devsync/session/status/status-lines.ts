/** The log lines about a sync's state: one each time that it settles in another state than before. */
import { formatPlural } from '../../../../src/ui/format.ts';
import type { ProblemState, SyncState } from './state.ts';

/** Paths that are named in one line. */
const named = 3;

/** What is tried again right away is news after so many attempts in a row: a log that grows all the time is none before. */
const patience = 20;

export class StatusLines {
  #last: string | undefined;
  /** States in a row in which something is tried again right away. */
  #attempts = 0;

  /** A new container: its first state is logged in any case. */
  begin(): void {
    this.#last = undefined;
  }

  /** The line for this state; undefined where it says nothing new. */
  of(state: SyncState): string | undefined {
    if (state.phase === 'watching') this.#attempts = state.problems.some(isPassing) ? this.#attempts + 1 : 0;
    const words = wordsFor(state, this.#attempts >= patience);
    if (words === undefined || words.key === this.#last) return undefined;
    this.#last = words.key;
    return words.line;
  }
}

const isPassing = ({ passing }: ProblemState) => passing === true;

function wordsFor(state: SyncState, isLasting: boolean): { key: string; line: string } | undefined {
  const { phase, message, files } = state;
  if (phase === 'held')
    return same(
      `held: ${message}; nothing is changed until ${state.heldUntil ?? 'resume --confirm lets it happen'}`,
    );
  if (phase === 'paused') return same('paused');
  if (phase !== 'watching') return undefined;
  const open = openThings(state, isLasting);
  const more = [...state.degraded.map((why) => `; polling ${why}`), leftAlone(state)].join('');
  if (open !== '') return same(`in sync but for ${open}${more}`);
  // The number of files is shown, but a line is not repeated because it changed.
  return { key: `in sync${more}`, line: `in sync: ${formatPlural(files, 'file')}${more}` };
}

const same = (line: string) => ({ key: line, line });

/** Conflicts and problems; with those that are tried again right away where that does not help. */
function openThings({ conflicts, conflictCount, problems }: SyncState, isLasting: boolean): string {
  const lasting = problems.filter((one) => isLasting || !isPassing(one));
  return [
    conflictCount > 0 && `${formatPlural(conflictCount, 'conflict')} (${some(conflicts)})`,
    lasting.length > 0 &&
      `${formatPlural(lasting.length, 'problem')} (${some(lasting)}: ${lasting[0]?.problem})`,
  ]
    .filter((words) => words !== false)
    .join(' and ');
}

function leftAlone({ skipped }: SyncState): string {
  const [first] = skipped;
  if (first === undefined) return '';
  const what =
    new Set(skipped.map(({ problem }) => problem)).size > 1 ? 'devices and the like' : first.problem;
  return `; left alone: ${some(skipped)} (${what})`;
}

function some(list: readonly { readonly path: string }[]): string {
  const paths = list.slice(0, named).map(({ path }) => path || '.');
  return [...paths, ...(list.length > named ? ['…'] : [])].join(', ');
}
