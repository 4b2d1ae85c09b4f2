/** Names and globs of namespaces to which nothing answers: what looks like success may be a mistyped name. Pure. */
import { isGlob, unmet } from './glob.ts';
import type { NamespaceScope, Rule } from './rule.ts';

export interface PresentNamespaces {
  /** What the primary is called. */
  readonly primary: string;
  /** Names of its namespaces, as far as the task has to know them. */
  readonly names: readonly string[];
  /** Whether one of them is the task's. */
  readonly covers: (name: string) => boolean;
}

/** Namespaces that are put under other names, and where a person wrote that. */
export interface Mapping {
  readonly map: ReadonlyMap<string, string>;
  readonly mapPlaces?: ReadonlyMap<string, string> | undefined;
}

/** One line for each namespace that goes nowhere, since the task has none of that name: what was meant keeps its own. */
export function idleMapping(
  { map, mapPlaces }: Mapping,
  { primary, names, covers }: PresentNamespaces,
): string[] {
  const covered = new Set(names.filter(covers));
  return [...map]
    .filter(([from]) => !covered.has(from))
    .map(
      ([from, to]) =>
        `${mapPlaces?.get(from) ?? 'map'}: no namespace of the task on ${primary} is called ${JSON.stringify(from)}, so nothing goes into ${to}`,
    );
}

/** One line for each name or glob of the task, and of its rules. */
export function idleNamespaces(
  { namespaces, rules }: { readonly namespaces: NamespaceScope; readonly rules: readonly Rule[] },
  { primary, names, covers }: PresentNamespaces,
): string[] {
  const absent = unmet(namespaces.include, names);
  const covered = names.filter(covers);
  return [
    ...absent.map((pattern) =>
      isGlob(pattern)
        ? `no namespace of ${primary} is called ${JSON.stringify(pattern)}`
        : `namespace ${pattern} is not on ${primary}`,
    ),
    ...rules.flatMap((rule) =>
      unmet(rule.namespaces, covered)
        .filter((pattern) => !absent.includes(pattern))
        .map((pattern) => idleIn(rule, pattern, primary)),
    ),
  ];
}

const idleIn = ({ kind }: Rule, pattern: string, primary: string): string =>
  `a rule for ${kind}: no namespace of the task on ${primary} is called ${JSON.stringify(pattern)}`;
