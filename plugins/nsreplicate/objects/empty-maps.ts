/**
 * Maps that become empty. Where a manager applies `{}` in the place of a map of which it owned a key, API servers take
 * the key away, and then the map, which they leave as null: it arrives so, or is refused, since null is no map
 * (kubernetes/kubernetes#135841, with structured-merge-diff before v6.4).
 */
import { isJson } from './draft.ts';

/** Keys of maps and indices of lists. */
export type Path = readonly (string | number)[];

const isEmpty = (value: unknown): boolean => isJson(value) && Object.keys(value).length === 0;

/** Where a value has an empty map in a map. */
export const emptyMaps = (value: unknown): Path[] =>
  holdsEmptyMap(value) ? pathsOfEmptyMaps(value, []) : [];

/** Hardly any object does: this is asked for every write, and makes nothing. */
function holdsEmptyMap(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsEmptyMap);
  if (!isJson(value)) return false;
  for (const key in value) {
    const inner = value[key];
    if (typeof inner === 'object' && (holdsEmptyMap(inner) || isEmpty(inner))) return true;
  }
  return false;
}

function pathsOfEmptyMaps(value: unknown, path: Path): Path[] {
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : isJson(value)
      ? Object.entries(value)
      : [];
  return entries.flatMap(([key, inner]) =>
    isEmpty(inner) && typeof key === 'string' ? [[...path, key]] : pathsOfEmptyMaps(inner, [...path, key]),
  );
}

/** What is at a path; undefined where nothing is. */
export function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const key of path) {
    const holds = typeof found === 'object' && found !== null && Object.hasOwn(found, key);
    found = holds ? (found as Record<string | number, unknown>)[key] : undefined;
  }
  return found;
}

/** Those of some empty maps that an object has as null, though they were applied. */
export const lostIn = (object: unknown, paths: readonly Path[]): Path[] =>
  paths.filter((path) => valueAt(object, path) === null);

/** Those of some empty maps in whose place an object has a map with keys. */
export const filledIn = (object: unknown, paths: readonly Path[]): Path[] =>
  paths.filter((path) => {
    const there = valueAt(object, path);
    return isJson(there) && !isEmpty(there);
  });

/** Takes what is at some paths out of a value. */
export function take(value: unknown, paths: readonly Path[]): void {
  for (const path of paths) {
    const map = valueAt(value, path.slice(0, -1));
    if (isJson(map)) delete map[String(path.at(-1))];
  }
}

/** Puts empty maps to where they belong, as far as there is something to hold them. */
export function putBack(value: unknown, paths: readonly Path[]): void {
  for (const path of paths) {
    const map = valueAt(value, path.slice(0, -1));
    if (isJson(map)) map[String(path.at(-1))] = {};
  }
}
