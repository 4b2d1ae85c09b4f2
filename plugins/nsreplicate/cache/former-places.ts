/**
 * Namespaces of the replicas that earlier runs copied to and that no namespace of the primary leads to any more, as the
 * map is another one now. What is in them is left, and reported for as long as it is there.
 */
import { mapped, type NamespaceMap } from '../objects/mapping.ts';
import type { Covered } from './retired.ts';

/** What earlier runs saved. */
export interface EarlierPlaces {
  readonly covered: Covered;
  /** The map of the last run; undefined: there was none, or it did not save it. */
  readonly map?: Readonly<Record<string, string>> | undefined;
  /** Former places in which copies may be left. */
  readonly former: readonly string[];
}

/** @param covers whether the task covers a namespace of the primary. Returns names on the replicas, sorted. */
export function formerPlaces(
  { covered, map: saved, former }: EarlierPlaces,
  map: NamespaceMap,
  covers: (namespace: string) => boolean,
): string[] {
  const before = new Map(Object.entries(saved ?? {}));
  const moved = [...before].filter(([from, to]) => mapped(map, from) !== to).map(([, to]) => to);
  const wasCovered = (from: string) =>
    Object.values(covered).some((namespaces) => namespaces.includes('') || namespaces.includes(from));
  // Without a saved map it is not known whether a namespace led elsewhere before.
  const leftHome =
    saved === undefined ? [] : [...map.keys()].filter((from) => !before.has(from) && wasCovered(from));
  const isInUse = (there: string) =>
    [...map.values()].includes(there) || (mapped(map, there) === there && covers(there));
  return [...new Set([...former, ...moved, ...leftHome])].filter((there) => !isInUse(there)).sort();
}
