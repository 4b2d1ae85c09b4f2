/** How what a replica has differs from what it should have, field by field. */
import { own } from '../../../src/json.ts';
import { isJson, type Json } from '../objects/draft.ts';

export interface Difference {
  /** Keys down to the field; list items by index or `name=…`. */
  readonly path: readonly string[];
  /** `extra`: only the replica has it; `missing`: only the primary has it. */
  readonly how: 'missing' | 'extra' | 'changed';
  readonly wanted: unknown;
  readonly present: unknown;
}

/** All differences of two values, in the order of their keys. Lists of named items are matched by name. */
export function differences(wanted: unknown, present: unknown, path: readonly string[] = []): Difference[] {
  if (isJson(wanted) && isJson(present)) return ofMaps(wanted, present, path);
  const [left, right] = [named(wanted), named(present)];
  if (left && right) return ofMaps(left, right, path);
  if (Array.isArray(wanted) && Array.isArray(present) && wanted.length === present.length)
    return wanted.flatMap((item, index) => differences(item, present[index], [...path, String(index)]));
  // Not Object.is: -0 and 0 are one number to an API server.
  if (wanted === present) return [];
  if (present === undefined) return [{ path, how: 'missing', wanted, present }];
  if (wanted === undefined) return [{ path, how: 'extra', wanted, present }];
  return [{ path, how: 'changed', wanted, present }];
}

function ofMaps(wanted: Json, present: Json, path: readonly string[]): Difference[] {
  const keys = [...new Set([...Object.keys(wanted), ...Object.keys(present)])].sort();
  return keys.flatMap((key) => differences(own(wanted, key), own(present, key), [...path, key]));
}

/**
 * Lists of named items that hold the same names in another order, which may mean something else: init containers run one
 * after the other, and a variable may refer to those before it.
 */
export function reorderings(wanted: unknown, present: unknown, path: readonly string[] = []): Difference[] {
  const [left, right] = [named(wanted) ?? wanted, named(present) ?? present];
  if (!isJson(left) || !isJson(right)) return [];
  const inner = Object.keys(left).flatMap((key) => reorderings(left[key], own(right, key), [...path, key]));
  if (!Array.isArray(wanted) || !Array.isArray(present)) return inner;
  const [order, before] = [namesOf(left, right), namesOf(right, left)];
  if (order.join() === before.join()) return inner;
  return [{ path, how: 'changed', wanted: order, present: before }, ...inner];
}

const namesOf = (list: Json, other: Json): string[] =>
  Object.keys(list)
    .filter((key) => Object.hasOwn(other, key))
    .map((key) => key.slice('name='.length));

/** A list of maps with distinct names, as a map. */
function named(list: unknown): Json | undefined {
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const entries = list.map((item) => [`name=${isJson(item) ? item.name : ''}`, item] as const);
  const distinct = new Set(entries.map(([key]) => key));
  const usable = list.every((item) => isJson(item) && typeof item.name === 'string');
  return usable && distinct.size === list.length ? Object.fromEntries(entries) : undefined;
}

/** Maps whose keys are data: a key of somebody else in them is drift, elsewhere it is a default. */
const mirrored = [
  ['data'],
  ['binaryData'],
  ['stringData'],
  ['metadata', 'labels'],
  ['metadata', 'annotations'],
];

/** Whether a difference is a foreign key in a mirrored map: it survives an apply. */
export const isForeignKey = ({ how, path }: Difference): boolean =>
  how === 'extra' &&
  mirrored.some((map) => path.length === map.length + 1 && map.every((key, index) => path[index] === key));
