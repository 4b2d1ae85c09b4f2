/** Globs over Kubernetes names: `*` is any text, `?` one character, `[abc]` one of these. */
import { UsageError } from '../../../src/errors.ts';

const special = /[*?[\]]/;

/** Whether the pattern stands for more than itself. */
export const isGlob = (pattern: string): boolean => special.test(pattern);

/** In characters: names have at most as many, and patterns that are longer would be slow for whoever reads others' ones. */
export const LONGEST_GLOB = 253;

/** Compiles one pattern; it matches whole names and keeps their case. Throws UsageError on a bad one. */
export function compileGlob(pattern: string): (name: string) => boolean {
  if (pattern === '') throw badGlob(pattern, 'it is empty');
  if (pattern === '*') return () => true;
  if (!isGlob(pattern)) return (name) => name === pattern;
  if (pattern.length > LONGEST_GLOB)
    throw badGlob(`${pattern.slice(0, 20)}…`, `it has more than ${LONGEST_GLOB} characters`);
  const steps = parse(pattern);
  return (name) => matches(steps, name);
}

/** True where any of the patterns matches; an empty list matches everything. */
export function compileGlobs(patterns: readonly string[]): (name: string) => boolean {
  if (patterns.length === 0) return () => true;
  const names = new Set(patterns.filter((pattern) => pattern !== '' && !isGlob(pattern)));
  const tests = patterns.filter((pattern) => !names.has(pattern)).map(compileGlob);
  return (name) => names.has(name) || tests.some((test) => test(name));
}

/** A set of characters, by their codes, or all others. */
interface CharacterSet {
  readonly codes: ReadonlySet<number>;
  readonly negated: boolean;
}

/** What a part of a pattern stands for: one character by its code, one of a set, any one, or any text. */
type Step = number | CharacterSet | 'any' | 'text';

/**
 * Whether the steps make up the whole name. Where they do not fit, only the last `*` takes one character more: what an
 * earlier one could take besides, this one can take as well. So it costs the product of both lengths at most, whatever
 * the pattern; a regular expression may take time that doubles with each `*`.
 */
function matches(steps: readonly Step[], name: string): boolean {
  let [step, at] = [0, 0];
  let afterText = -1;
  let takenUntil = 0;
  while (at < name.length) {
    const wanted = steps[step];
    if (wanted === 'text') {
      step++;
      afterText = step;
      takenUntil = at;
    } else if (wanted !== undefined && fits(wanted, name.charCodeAt(at))) {
      step++;
      at++;
    } else {
      if (afterText < 0) return false;
      takenUntil++;
      step = afterText;
      at = takenUntil;
    }
  }
  while (steps[step] === 'text') step++;
  return step === steps.length;
}

function fits(step: Exclude<Step, 'text'>, code: number): boolean {
  if (typeof step === 'number') return step === code;
  return step === 'any' || step.codes.has(code) !== step.negated;
}

function parse(pattern: string): Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at);
    if (character === '*') steps.push('text');
    else if (character === '?') steps.push('any');
    else if (character === ']') throw badGlob(pattern, '"]" without "["');
    else if (character === '[') {
      const end = pattern.indexOf(']', at);
      if (end < 0) throw badGlob(pattern, '"[" without "]"');
      steps.push(characterSet(pattern, pattern.slice(at + 1, end)));
      at = end;
    } else steps.push(pattern.charCodeAt(at));
  }
  return steps;
}

const ascii = Array.from({ length: 128 }, (_, code) => code);

function characterSet(pattern: string, inside: string): CharacterSet {
  const [, negation = '', characters = ''] = /^([!^]?)(.*)$/.exec(inside) ?? [];
  if (!/^[A-Za-z0-9.:-]+$/.test(characters)) throw badGlob(pattern, `"[${inside}]" is no set of characters`);
  try {
    const isOne = new RegExp(`^[${characters}]$`);
    const codes = new Set(ascii.filter((code) => isOne.test(String.fromCharCode(code))));
    return { codes, negated: negation !== '' };
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
