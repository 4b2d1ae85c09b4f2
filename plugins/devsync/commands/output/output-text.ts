/** The sentences that the commands print. */
import { formatPlural } from '../../../../src/ui/format.ts';
import type { Preview } from '../../session/preview/preview.ts';
import { howToGoOn, type SyncState } from '../../session/status/state.ts';
import { plainWords } from '../../wire/plain-words.ts';

/** Changes that are shown one by one; the rest is counted. */
const shown = 50;

export function planText({
  pod,
  container,
  makes,
  changes,
  conflicts,
  problems,
  held,
  storage,
}: Preview): string {
  const where = `With container ${container} of pod ${pod}:`;
  const made = makes === undefined ? [] : [`${makes} is missing in the container and would be made.`];
  const lines = changes
    .slice(0, shown)
    .map(
      ({ path, to, from, becomes, reason }) =>
        `${to === 'container' ? '→' : '←'} ${path || '.'}: ${from} becomes ${becomes} (${reason})`,
    );
  const more = changes.length > shown ? [`… and ${formatPlural(changes.length - shown, 'change')} more`] : [];
  const open = conflicts.map(({ path, local, container }) => `! ${path}: here ${local}, there ${container}`);
  const bad = problems.map(({ path, side, problem }) => `✗ ${path || '.'} (${side}): ${problem}`);
  const taken = storage === undefined ? [] : [`In the container ${storage}.`];
  const brake = held === undefined ? [] : [`It would be held first: ${held}`];
  const nothing = lines.length + open.length + bad.length === 0 ? ['Both sides are the same.'] : [];
  return [where, ...made, ...lines, ...more, ...open, ...bad, ...brake, ...nothing, ...taken]
    .map(plainWords)
    .join('\n');
}

/** How a sync rests, in a sentence. */
export function restText(state: SyncState): string {
  if (state.phase === 'held') return `Held: ${state.message}. ${howToGoOn(state)}.`;
  const open = openText(state);
  const rest = open === '' ? '' : ` but for ${open}`;
  return `${state.phase === 'watching' ? 'Both sides are the same' : `It is ${state.phase}`}${rest}.${leftText(state)}`;
}

/** What stays where a directory was deleted that has ignored files in it. */
function leftText({ leftovers }: SyncState): string {
  if (leftovers.length === 0) return '';
  const names = leftovers.slice(0, named).map(({ path, side }) => plainWords(`${path} (${side})`));
  const more = leftovers.length > named ? `, and ${leftovers.length - named} more` : '';
  return ` One side alone has, with nothing but ignored files: ${names.join(', ')}${more}.`;
}

/** How much is open: `1 conflict and 2 problems`; nothing where nothing is. */
export function openText({ conflicts, problems }: Pick<SyncState, 'conflicts' | 'problems'>): string {
  return [
    conflicts.length > 0 && formatPlural(conflicts.length, 'conflict'),
    problems.length > 0 && formatPlural(problems.length, 'problem'),
  ]
    .filter((words) => words !== false)
    .join(' and ');
}

/** Lines that name what is open; the rest of many is counted. */
const named = 5;

/** What keeps both sides from being the same, one line each. */
export function openLines({ conflicts, problems }: SyncState): string[] {
  const lines = [
    ...conflicts.map(({ path, reason }) => `${path || '.'}: ${reason}`),
    ...problems.map(({ path, side, problem }) => `${path || '.'} (${side}): ${problem}`),
  ].map(plainWords);
  const more = lines.length > named ? [`… and ${lines.length - named} more`] : [];
  return [...lines.slice(0, named), ...more];
}

/** What can be done about conflicts: a decision moves nothing where something ignored is in the way. */
export function conflictHint(conflicts: SyncState['conflicts'], resolve: string): string {
  const isInTheWay = ({ reason }: { readonly reason: string }) => reason === 'in the way';
  const decidable = conflicts.some((one) => !isInTheWay(one)) ? [`${resolve} settles one.`] : [];
  const blocked = conflicts.some(isInTheWay)
    ? ['What is "in the way" is ignored, or cannot be read: move it away on its side, or change the rules.']
    : [];
  return [...decidable, ...blocked].join(' ');
}
