/** The log lines about a sync's state: one each time that it settles in another state than before. */
import { formatPlural } from '../../../../src/ui/format.ts';
import type { ProblemState, SyncState } from './state.ts';

/** Paths that are named in one line. */
const named = 3;

/** What is tried again right away is news after so many attempts in a row: a log that grows all the time is none before. */
const patience = 20;

/** A hold is news again where so many times as many files, or so few, are in it. */
const much = 2;

export class StatusLines {
  #last: string | undefined;
  /** The number in the last line of a hold. */
  #held = 0;
  /** States in a row in which something is tried again right away. */
  #attempts = 0;

  /** A new container: its first state is logged in any case. */
  begin(): void {
    this.#last = undefined;
  }

  /** The line for this state; undefined where it says nothing new. */
  of(state: SyncState): string | undefined {
    if (state.phase === 'watching') this.#attempts = state.problems.some(isPassing) ? this.#attempts + 1 : 0;
    const isLasting = this.#attempts >= patience;
    const isPassingOnly = hasOnlyPassing(state);
    // It is soon another state, and that is said: but where nothing was said yet, this is, since it is not in sync.
    if (isPassingOnly && !isLasting && this.#last !== undefined) return undefined;
    const words = wordsFor(state, isLasting || isPassingOnly);
    if (words === undefined || (words.key === this.#last && !this.#isMuchMore(state))) return undefined;
    this.#last = words.key;
    this.#held = numberIn(state.message);
    return words.line;
  }

  #isMuchMore({ phase, message }: SyncState): boolean {
    const now = numberIn(message);
    return phase === 'held' && (now >= this.#held * much || now * much <= this.#held) && now !== this.#held;
  }
}

const isPassing = ({ passing }: ProblemState) => passing === true;

const hasOnlyPassing = ({ phase, problems, conflictCount }: SyncState): boolean =>
  phase === 'watching' && conflictCount === 0 && problems.length > 0 && problems.every(isPassing);

/** How many files a hold is about; 0 where that is not said. */
const numberIn = (message: string): number => Number(/\d+/.exec(message)?.[0] ?? 0);

function wordsFor(state: SyncState, withPassing: boolean): { key: string; line: string } | undefined {
  const { phase, message, files } = state;
  if (phase === 'held') {
    const until = state.heldUntil ?? 'resume --confirm lets it happen';
    // The files that it is about become more, one by one.
    const key = `held: ${message.replaceAll(/\d+/g, '')}`;
    return { key, line: `held: ${message}; nothing is changed until ${until}` };
  }
  if (phase === 'paused') return same('paused');
  if (phase !== 'watching') return undefined;
  const open = openThings(state, withPassing);
  const more = [...state.degraded.map((why) => `; polling ${why}`), leftAlone(state)].join('');
  if (open !== '') return same(`in sync but for ${open}${more}`);
  // The number of files is shown, but a line is not repeated because it changed.
  return { key: `in sync${more}`, line: `in sync: ${formatPlural(files, 'file')}${more}` };
}

const same = (line: string) => ({ key: line, line });

/** Conflicts and problems; with those that are tried again right away where that is asked for. */
function openThings({ conflicts, conflictCount, problems }: SyncState, withPassing: boolean): string {
  const told = problems.filter((one) => withPassing || !isPassing(one));
  return [
    conflictCount > 0 && `${formatPlural(conflictCount, 'conflict')} (${some(conflicts)})`,
    told.length > 0 && `${formatPlural(told.length, 'problem')} (${some(told)}: ${told[0]?.problem})`,
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
