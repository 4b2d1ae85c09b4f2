/** The state of syncs in a word or two. */

import { formatPlural } from '../../../../src/ui/format.ts';
import type { Style } from '../../../../src/ui/style.ts';
import type { SeenSync } from './view.ts';

export interface StateWord {
  readonly word: string;
  readonly tone: keyof Style;
}

/** The worst comes first: a title has room for one. */
const order = [
  'held',
  'failed',
  'conflicts',
  'problems',
  'waiting',
  'starting',
  'syncing',
  'paused',
  'watching',
] as const;
type Rank = (typeof order)[number];

const tones: Readonly<Record<Rank, keyof Style>> = {
  held: 'bad',
  failed: 'bad',
  conflicts: 'caution',
  problems: 'caution',
  waiting: 'caution',
  starting: 'faint',
  syncing: 'good',
  paused: 'caution',
  watching: 'good',
};

function rankOf({ state, trouble }: SeenSync): Rank {
  if (state === undefined) return trouble === '' ? 'starting' : 'waiting';
  const { phase, conflictCount, problems, reloads } = state;
  if (phase === 'held' || phase === 'paused' || phase === 'syncing') return phase;
  if (phase === 'connecting' || phase === 'scanning' || phase === 'stopped') return 'starting';
  if (phase === 'waiting') return 'waiting';
  if (conflictCount > 0) return 'conflicts';
  if (problems.some(({ passing }) => passing !== true)) return 'problems';
  return reloads.some((one) => one.phase === 'failed' || one.phase === 'stopped') ? 'failed' : 'watching';
}

/** The state of one sync. */
export function wordOf(sync: SeenSync): StateWord {
  const rank = rankOf(sync);
  const tone = tones[rank];
  if (rank === 'conflicts') return { word: formatPlural(sync.state?.conflictCount ?? 0, 'conflict'), tone };
  if (rank === 'problems') return { word: formatPlural(sync.state?.problems.length ?? 0, 'problem'), tone };
  return { word: rank === 'failed' ? 'reload failed' : rank, tone };
}

/** The state of all syncs, for a title: that of the one that needs a person most. */
export function titleOf(syncs: readonly SeenSync[]): string {
  const ranked = syncs.map((sync) => ({ sync, at: order.indexOf(rankOf(sync)) }));
  const [worst] = ranked.sort((one, other) => one.at - other.at);
  if (worst === undefined) return 'devsync: no syncs';
  const name = syncs.length > 1 && order[worst.at] !== 'watching' ? ` (${worst.sync.name})` : '';
  return `devsync: ${wordOf(worst.sync).word}${name}`;
}
