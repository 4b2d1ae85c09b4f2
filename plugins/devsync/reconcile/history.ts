/**
 * Compares one side with the ancestor. Untracked entries do not count, since they are not synced. Neither does a new
 * directory that holds nothing else.
 */
import { areAlike, childrenOf, isPhantom, type MaybeEntry, sameShallow } from './entry.ts';

const tracked = (entry: MaybeEntry): MaybeEntry => (entry?.kind === 'untracked' ? undefined : entry);

/** Whether a side still has exactly what both had agreed on. */
export function isUnchanged(ancestor: MaybeEntry, side: MaybeEntry): boolean {
  if (ancestor === side || (ancestor === undefined && isPhantom(side))) return true;
  if (!sameShallow(ancestor, tracked(side)) && !areAlike(ancestor, side)) return false;
  const [was, is] = [childrenOf(ancestor), childrenOf(side)];
  for (const [name, child] of was) if (!isUnchanged(child, is.get(name))) return false;
  for (const [name, child] of is) if (!was.has(name) && !isUnchanged(undefined, child)) return false;
  return true;
}

/** Whether a side has only lost entries since, or none: nothing in it is new or different. */
export function isDeletionOnly(ancestor: MaybeEntry, side: MaybeEntry): boolean {
  if (ancestor === side || tracked(side) === undefined) return true;
  if (ancestor === undefined) return isPhantom(side);
  if (!sameShallow(ancestor, side) && !areAlike(ancestor, side)) return false;
  const was = childrenOf(ancestor);
  for (const [name, child] of childrenOf(side)) if (!isDeletionOnly(was.get(name), child)) return false;
  return true;
}
