/** Globs over Kubernetes names: `*` is any text, `?` one character, `[abc]` one of these. */
import { UsageError } from '../../../src/errors.ts';

const special = /[*?[\]]/;

/** Whether the pattern stands for more than itself. */
export const isGlob = (pattern: string): boolean => special.test(pattern);

/** Compiles one pattern; it matches whole names and keeps their case. Throws UsageError on a bad one. */
export function compileGlob(pattern: string): (name: string) => boolean {
  if (pattern === '') throw badGlob(pattern, 'it is empty');
  if (pattern === '*') return () => true;
  if (!isGlob(pattern)) return (name) => name === pattern;
  const expression = new RegExp(`^${translate(pattern)}$`);
  return (name) => expression.test(name);
}

/** True where any of the patterns matches; an empty list matches everything. */
export function compileGlobs(patterns: readonly string[]): (name: string) => boolean {
  if (patterns.length === 0) return () => true;
  const tests = patterns.map(compileGlob);
  return (name) => tests.some((test) => test(name));
}

function translate(pattern: string): string {
  let expression = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at);
    if (character === '*') expression += '.*';
    else if (character === '?') expression += '.';
    else if (character === ']') throw badGlob(pattern, '"]" without "["');
    else if (character === '[') {
      const end = pattern.indexOf(']', at);
      if (end < 0) throw badGlob(pattern, '"[" without "]"');
      expression += characterClass(pattern, pattern.slice(at + 1, end));
      at = end;
    } else expression += character.replace(/[\\^$.|+(){}/-]/g, '\\$&');
  }
  return expression;
}

function characterClass(pattern: string, inside: string): string {
  const [, negation = '', characters = ''] = /^([!^]?)(.*)$/.exec(inside) ?? [];
  if (!/^[A-Za-z0-9.:-]+$/.test(characters)) throw badGlob(pattern, `"[${inside}]" is no set of characters`);
  try {
    const text = `[${negation === '' ? '' : '^'}${characters}]`;
    new RegExp(text);
    return text;
  } catch {
    throw badGlob(pattern, `"[${inside}]" is no range of characters`);
  }
}

const badGlob = (pattern: string, why: string) =>
  new UsageError(`${JSON.stringify(pattern)} is not a glob: ${why}.`, {
    hint: 'Use "*" for any text, "?" for one character, "[a-f]" for one of a set.',
  });

/** The patterns that no candidate fits. */
export function unmet(patterns: readonly string[], candidates: readonly string[]): string[] {
  if (patterns.length === 0) return [];
  const present = new Set(candidates);
  return patterns.filter((pattern) => !present.has(pattern) && ![...present].some(compileGlob(pattern)));
}
