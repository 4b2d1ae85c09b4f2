/** Values that config files of every format have. */

import type { YamlField } from '../../../src/yaml-field.ts';
import { compileGlob } from './glob.ts';

/** A list of names and globs. */
export function globs(field: YamlField | undefined): string[] {
  return (field?.list() ?? []).map((item) => {
    item.read(compileGlob);
    return item.string();
  });
}

/** One name or glob; the core group has an empty name, and nothing else does. */
export function nameOrGlob(field: YamlField, empty?: 'may be empty'): string {
  const text = field.string();
  if (text !== '' || empty === undefined) field.read(compileGlob);
  return text;
}

/** The name of a namespace. */
export function parseNamespace(field: YamlField): string {
  const name = field.string();
  if (!isNamespaceName(name)) throw field.problem(`${JSON.stringify(name)} can't be the name of a namespace`);
  return name;
}

export const isNamespaceName = (name: string): boolean => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name);
