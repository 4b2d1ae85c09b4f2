/** A task's specification: its hash, by which another workstation knows it again, and its differences. */
import { createHash } from 'node:crypto';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a record says of its specification. */
interface WrittenSpec {
  readonly schema: number;
  readonly spec: unknown;
  readonly specHash: string;
}

/** JSON with sorted keys and without undefined fields: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) =>
    isObject(field) ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1))) : field,
  );
}

/**
 * The hash of what decides a task's data. The schema is part of it, so that a plugin whose specifications
 * mean something else never takes up a task that was described in older words.
 */
export function specHash(schema: number, spec: unknown): string {
  const digest = createHash('sha256').update(canonicalJson(spec)).digest('hex');
  return `v${schema}-${digest.slice(0, 32)}`;
}

/** Whether a record holds the specification that the task was begun with: people may edit it. */
export function isSpecIntact({ schema, spec, specHash: written }: WrittenSpec): boolean {
  return spec !== undefined && specHash(schema, spec) === written;
}

/** The differences, one field a line, as a person reads them: `source.claim: data → logs`. */
export function diffSpecs(before: unknown, after: unknown): string[] {
  const old = new Map(leavesOf(before));
  const now = new Map(leavesOf(after));
  return [...new Set([...old.keys(), ...now.keys()])]
    .sort()
    .filter((path) => old.get(path) !== now.get(path))
    .map((path) => `${path}: ${change(old.get(path), now.get(path))}`);
}

/** Every field that holds no further fields, with its path, as JSON. Lists count as one field. */
function leavesOf(value: unknown, path = ''): [string, string][] {
  if (value === undefined) return [];
  if (!isObject(value) || Object.keys(value).length === 0) return [[path || '(all)', canonicalJson(value)]];
  return Object.entries(value).flatMap(([key, field]) => leavesOf(field, path ? `${path}.${key}` : key));
}

/** Texts go without their quotes, except where `1` and `"1"` would look the same. */
function change(before: string | undefined, after: string | undefined): string {
  const bare = [before, after].map((json) => json?.replace(/^"(.*)"$/s, '$1') ?? '(not set)');
  const shown = bare[0] === bare[1] ? [before, after] : bare;
  return shown.join(' → ');
}
