/**
 * Log lines about what is done that a person may not expect: as it is planned, not repeated while the plan stays the same;
 * and once it was done, not repeated for a while where a program does the same to the same files over and over.
 */

import { formatPlural } from '../../../../src/ui/format.ts';
import { measure } from '../../reconcile/entry.ts';
import type { Change, Plan } from '../../reconcile/reconcile.ts';
import type { Side, SideRoles } from './state.ts';

/** Paths that are named in one line. */
const named = 3;
/** A line about what was done is not repeated for so many milliseconds. */
const silence = 60_000;
const words: Readonly<Record<Side, string>> = { local: 'here', container: 'in the container' };

export class Notices {
  readonly #roles: SideRoles;
  readonly #say: (line: string) => void;
  #last = '';
  #hasToldNarrow = false;
  /** When a line about what was done was said last. */
  readonly #said = new Map<string, number>();

  constructor(roles: SideRoles, say: (line: string) => void) {
    this.#roles = roles;
    this.#say = say;
  }

  tell(plan: Plan): void {
    const lines = [...linesFor(plan, this.#roles)];
    // A change that fails is planned again with every cycle.
    if (lines.length > 0 && lines.join('\n') !== this.#last) for (const line of lines) this.#say(line);
    this.#last = lines.join('\n');
  }

  /**
   * Files on a side were made like the other side's, whatever had become of them there.
   *
   * @param now monotonic milliseconds.
   */
  putRight(on: Side, paths: readonly string[], now: number): void {
    if (paths.length === 0) return;
    for (const [line, at] of this.#said) if (now - at >= silence) this.#said.delete(line);
    const line = `put right ${words[on]}: ${formatPlural(paths.length, 'file')} (${listed(paths)}); restore lists what was there`;
    if (this.#said.has(line)) return;
    this.#said.set(line, now);
    this.#say(line);
  }

  /** Files were made in the container that not everybody may read there, as here. */
  narrow(paths: readonly string[]): void {
    if (paths.length === 0 || this.#hasToldNarrow) return;
    this.#hasToldNarrow = true;
    this.#say(
      `not for everybody here, and so in the container: ${listed(paths)}; where a process of another user there has to read such files, chmod them there, which stays`,
    );
  }

  /** Files on a side were deleted, as the other side has them no more. Each time is told: nothing goes without a word. */
  deleted(on: Side, paths: readonly string[]): void {
    if (paths.length > 0)
      this.#say(`deleted ${words[on]}: ${formatPlural(paths.length, 'file')} (${listed(paths)})`);
  }
}

function* linesFor(plan: Plan, roles: SideRoles): Generator<string> {
  for (const [to, from] of [
    ['local', 'container'],
    ['container', 'local'],
  ] as const) {
    const returned = plan[roles[to]].filter(({ reason }) => reason === 'edit beats delete');
    if (returned.length > 0)
      yield `deleted ${words[to]}, and edited ${words[from]}: the edit stays: ${listed(returned.map(withCount))}`;
  }
  const [source, target]: readonly [Side, Side] =
    roles.local === 'alpha' ? ['local', 'container'] : ['container', 'local'];
  if (plan.kept.length > 0)
    yield `deleted ${words[source]}; what was made or changed ${words[target]} stays there: ${listed(plan.kept)}`;
}

const withCount = ({ path, new: to }: Change): string =>
  to?.kind === 'directory' ? `${path} (${formatPlural(measure(to).files, 'file')})` : path;

const listed = (paths: readonly string[]): string =>
  [...paths.slice(0, named), ...(paths.length > named ? [`and ${paths.length - named} more`] : [])].join(
    ', ',
  );
