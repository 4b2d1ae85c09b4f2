/** What the live view shows, and what each key makes of it; no terminal, no clock, no requests. */
import type { RunnerState } from '../../session/runner/runner-state.ts';

/** A sync as it was last seen. */
export interface SeenSync {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Why it does not run; empty where it does. */
  readonly trouble: string;
  readonly state: RunnerState | undefined;
  /** Bytes a second that were carried over lately, both ways. */
  readonly rate: number;
}

/** What is opened below the list. */
export type Pane = 'none' | 'log' | 'conflicts' | 'confirm';

export interface View {
  readonly syncs: readonly SeenSync[];
  /** The uid of the sync that keys are about. */
  readonly selected: string | undefined;
  readonly pane: Pane;
  /** The path of the conflict that keys are about. */
  readonly conflict: string | undefined;
  /** The last lines of the log, where they are shown. */
  readonly log: readonly string[];
  /** What came of the last key. */
  readonly notice: string;
}

export const emptyView: View = {
  syncs: [],
  selected: undefined,
  pane: 'none',
  conflict: undefined,
  log: [],
  notice: '',
};

/** How a conflict may be settled. */
export type Settlement = 'local' | 'container' | 'both' | 'merge';

/** What a key asks for. */
export type Action =
  | { readonly kind: 'quit' }
  | { readonly kind: 'pause' | 'resume' | 'confirm' | 'flush'; readonly sync: SeenSync }
  | { readonly kind: 'resolve'; readonly sync: SeenSync; readonly path: string; readonly use: Settlement };

/** The view and what is to be done, after a key. */
export interface Step {
  readonly view: View;
  readonly action?: Action;
}

/** Takes in what was seen. The selection stays where it was as far as that is still there. */
export function withSyncs(view: View, syncs: readonly SeenSync[]): View {
  const sorted = [...syncs].sort((one, other) => one.name.localeCompare(other.name));
  const selected = sorted.some(({ uid }) => uid === view.selected) ? view.selected : sorted[0]?.uid;
  const next = { ...view, syncs: sorted, selected };
  const conflicts = conflictsOf(next);
  const isThere = conflicts.some(({ path }) => path === view.conflict);
  const conflict = isThere ? view.conflict : conflicts[0]?.path;
  return {
    ...next,
    conflict,
    pane: next.pane === 'conflicts' && conflicts.length === 0 ? 'none' : next.pane,
  };
}

export const selectedOf = ({ syncs, selected }: View): SeenSync | undefined =>
  syncs.find(({ uid }) => uid === selected);

export const conflictsOf = (view: View): RunnerState['conflicts'] => selectedOf(view)?.state?.conflicts ?? [];

/** @param key its name, such as `up`, or its letter. */
export function pressed(view: View, key: string): Step {
  if (key === 'q') return { view, action: { kind: 'quit' } };
  const quiet = { ...view, notice: '' };
  const sync = selectedOf(view);
  if (view.pane === 'confirm' && sync) return confirmPane(quiet, sync, key);
  if (view.pane === 'conflicts' && sync) return conflictsPane(quiet, sync, key);
  return listKey(quiet, sync, key);
}

function listKey(view: View, sync: SeenSync | undefined, key: string): Step {
  const toggled = (pane: Pane): Step => ({ view: { ...view, pane: view.pane === pane ? 'none' : pane } });
  switch (key) {
    case 'up':
    case 'down':
      return { view: { ...view, selected: neighbour(view.syncs, 'uid', view.selected, key) } };
    case 'escape':
      return { view: { ...view, pane: 'none' } };
    case 'l':
      return toggled('log');
    case 'c':
      return conflictsOf(view).length > 0
        ? toggled('conflicts')
        : { view: { ...view, notice: 'No conflicts.' } };
    case 'p':
      return sync ? pauseKey(view, sync) : { view };
    case 'f':
      return sync
        ? { view: { ...view, notice: `${sync.name}: flushing` }, action: { kind: 'flush', sync } }
        : { view };
    default:
      return { view };
  }
}

/** One key pauses and lets go on; what a brake holds is asked about. */
function pauseKey(view: View, sync: SeenSync): Step {
  if (sync.state?.phase === 'held') return { view: { ...view, pane: 'confirm' } };
  return { view, action: { kind: sync.state?.phase === 'paused' ? 'resume' : 'pause', sync } };
}

function confirmPane(view: View, sync: SeenSync, key: string): Step {
  const closed = { ...view, pane: 'none' as const };
  return key === 'y' ? { view: closed, action: { kind: 'confirm', sync } } : { view: closed };
}

const settlements: Readonly<Record<string, Settlement>> = {
  l: 'local',
  c: 'container',
  b: 'both',
  m: 'merge',
};

function conflictsPane(view: View, sync: SeenSync, key: string): Step {
  if (key === 'escape') return { view: { ...view, pane: 'none' } };
  if (key === 'up' || key === 'down')
    return { view: { ...view, conflict: neighbour(conflictsOf(view), 'path', view.conflict, key) } };
  const use = Object.hasOwn(settlements, key) ? settlements[key] : undefined;
  if (use === undefined || view.conflict === undefined) return { view };
  return { view, action: { kind: 'resolve', sync, path: view.conflict, use } };
}

/** What stands above or below in a list, by one of its fields. */
function neighbour<K extends string>(
  list: readonly Readonly<Record<K, string>>[],
  field: K,
  value: string | undefined,
  way: 'up' | 'down',
): string | undefined {
  const at = list.findIndex((one) => one[field] === value) + (way === 'up' ? -1 : 1);
  return list[Math.max(0, Math.min(list.length - 1, at))]?.[field];
}
