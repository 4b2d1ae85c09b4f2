/**
 * How much one KRMSyncer may say. Whoever may write one in a namespace has a share of the controller that all namespaces
 * use, and every rule is looked up for every kind and object. What people write stays far below; the definition of the
 * resource says the same, so that the API server refuses it first.
 */
import type { YamlField } from '../../../src/yaml-field.ts';
import { isGlob, LONGEST_GLOB } from './glob.ts';
import type { Rule } from './rule.ts';

export const syncerBounds = {
  rules: 512,
  /** Namespaces of one rule. */
  namespaces: 1000,
  /** Fields of one rule, and characters of one. */
  fields: 256,
  fieldLength: 1024,
  /** Characters of a name or a glob. */
  nameLength: LONGEST_GLOB,
  /** Characters of the globs of all rules together; `*` alone costs nothing. */
  globs: 32_768,
  /** Bytes of the whole spec as JSON, of which nothing is looked at beyond. */
  specBytes: 512 * 1024,
} as const;

/**
 * The items of a list that has no more than it may have.
 * @throws {UsageError} it has more
 */
export function boundedList(field: YamlField, most: number): YamlField[] {
  const items = field.list();
  if (items.length > most) throw field.problem(`it has ${items.length} items, and ${most} are the most`);
  return items;
}

/**
 * A text that is no longer than it may be, in characters.
 * @throws {UsageError} it is longer
 */
export function boundedText(field: YamlField, most: number): string {
  const text = field.string();
  if (text.length > most) throw field.problem(`it has ${text.length} characters, and ${most} are the most`);
  return text;
}

/**
 * Refuses rules whose globs are so many that looking up one object would hold up everybody else.
 * @throws {UsageError}
 */
export function checkGlobs(field: YamlField, rules: readonly Rule[]): void {
  const length = rules
    .flatMap(({ group, version, kind, namespaces }) => [group, version, kind, ...namespaces])
    .filter((pattern) => pattern !== '*' && isGlob(pattern))
    .reduce((sum, pattern) => sum + pattern.length, 0);
  if (length > syncerBounds.globs)
    throw field.problem(
      `their globs have ${length} characters together, and ${syncerBounds.globs} are the most`,
      'Name groups, kinds and namespaces without globs, or spread the rules over several KRMSyncers.',
    );
}
