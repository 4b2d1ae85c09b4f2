/**
 * Divides a directory that one side has deleted while the other side worked in it. Edited files survive, together with
 * the directories above them. Everything else is deleted, as was asked: one edit must not bring back a whole tree.
 */
import {
  type Directory,
  type Entry,
  isPhantom,
  join,
  sameShallow,
  type Tracked,
  trackedPart,
} from './entry.ts';
import { isDeletionOnly, isUnchanged } from './history.ts';

export interface DivisionRules {
  /** Whether new and changed entries go to the side that has deleted the directory. Otherwise the other side keeps them. */
  readonly returns: boolean;
  /** Names of directories that are never divided: a part of `.git` is of no use. */
  readonly isWhole?: ((name: string) => boolean) | undefined;
  /** Whether such a directory goes back whole. Otherwise it stays if anything in it is new. */
  readonly wholeReturns: boolean;
}

/** What happens to the parts of a directory. */
export interface Division {
  /** Entries that are as both sides had agreed on. They are deleted. */
  readonly gone: readonly { readonly path: string; readonly old: Entry }[];
  /** What the side that has deleted the directory gets back; undefined where it gets nothing. */
  readonly returned: Tracked | undefined;
  /** Whether something stays, which belongs to the other side alone from now on. */
  readonly stays: boolean;
  /** Paths that go out of the ancestor. */
  readonly forgotten: readonly string[];
}

/**
 * Divides a directory.
 *
 * @param was what both sides had agreed on
 * @param is what the side that has not deleted it has now
 */
export function divide(path: string, was: Directory, is: Directory, rules: DivisionRules): Division {
  const parts = [...is.children].map(
    ([name, child]) =>
      [name, divideChild(join(path, name), name, was.children.get(name), child, rules)] as const,
  );
  const returned = new Map<string, Entry>();
  for (const [name, { returned: part }] of parts) if (part) returned.set(name, part);
  const isUnreadable = parts.some(([, part]) => part.isUnreadable === true);
  const isEdited = !sameShallow(was, is) || isUnreadable;
  const returns = rules.returns ? returned.size > 0 || isEdited : returned.size > 0;
  const stays = parts.some(([, part]) => part.stays) || (!rules.returns && isEdited);
  const gone = parts.flatMap(([, part]) => part.gone);
  if (!returns && !stays) return isPhantom(is) ? leave([path]) : { ...nothing, gone: [{ path, old: is }] };
  // The ancestor is needed for as long as anything is still to be deleted.
  if (!returns && gone.length === 0) return { ...nothing, stays, forgotten: isUnreadable ? [] : [path] };
  const lost = [...was.children.keys()]
    .filter((name) => !is.children.has(name))
    .map((name) => join(path, name));
  const forgotten = [...lost, ...parts.flatMap(([, part]) => part.forgotten)];
  return { gone, returned: returns ? { ...is, children: returned } : undefined, stays, forgotten };
}

interface Part extends Division {
  /** It cannot be read, so it may have been edited. */
  readonly isUnreadable?: boolean;
}

const nothing: Division = { gone: [], returned: undefined, stays: false, forgotten: [] };
const leave = (forgotten: readonly string[]): Division => ({ ...nothing, forgotten });

function divideChild(
  path: string,
  name: string,
  was: Entry | undefined,
  is: Entry,
  rules: DivisionRules,
): Part {
  if (is.kind === 'untracked' || (was === undefined && isPhantom(is))) return nothing;
  if (is.kind === 'problem') return { ...nothing, isUnreadable: true };
  if (rules.isWhole?.(name)) return divideWhole(path, was, is, rules);
  if (is.kind === 'directory' && was?.kind === 'directory') return divide(path, was, is, rules);
  if (isUnchanged(was, is)) return { ...nothing, gone: [{ path, old: is }] };
  if (!rules.returns) return { ...nothing, stays: true, forgotten: was === undefined ? [] : [path] };
  const leaveOut = rules.wholeReturns ? undefined : rules.isWhole;
  if (isPhantom(is, leaveOut)) return { ...nothing, stays: true };
  return { ...nothing, returned: trackedPart(is, leaveOut) };
}

function divideWhole(path: string, was: Entry | undefined, is: Tracked, rules: DivisionRules): Division {
  if (rules.wholeReturns) return { ...nothing, returned: trackedPart(is) };
  if (was !== undefined && isDeletionOnly(was, is)) return { ...nothing, gone: [{ path, old: is }] };
  return { ...nothing, stays: true, forgotten: was === undefined ? [] : [path] };
}
