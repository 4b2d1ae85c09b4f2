/** Names in overrides that match nothing: a mistyped one would let a workload run that was to be held at 0. */
import { compileGlob, compileGlobs, isGlob, unmet } from '../rules/glob.ts';
import type { Override } from '../rules/rule.ts';
import { type ObjectKey, type ObjectPlace, placeOf } from './keys.ts';

/** What there is for overrides to change. */
export interface Present {
  /** Names of the replicas. */
  readonly replicas: readonly string[];
  /** Of the objects that are copied. */
  readonly keys: () => Iterable<ObjectKey>;
}

/** What a person should know of overrides, one line for each name or glob to which nothing answers. */
export function idleOverrides(overrides: readonly Override[], { replicas, keys }: Present): string[] {
  const namesObjects = overrides.some(({ namespaces, names }) => namespaces.length + names.length > 0);
  const places = namesObjects ? [...keys()].map(placeOf) : [];
  return overrides.flatMap((override) => {
    const about = override.place ?? 'an override';
    const say = (what: string) => (pattern: string) =>
      `${about}: ${what} ${JSON.stringify(pattern)}, so this part of it changes nothing`;
    return [
      // Literal names were checked when the file was read.
      ...unmet(override.replicas.filter(isGlob), replicas).map(say('no replica is called')),
      ...idleObjects(override, places, say),
    ];
  });
}

function idleObjects(
  { group, kinds, namespaces, names }: Override,
  places: readonly ObjectPlace[],
  say: (what: string) => (pattern: string) => string,
): string[] {
  if (namespaces.length + names.length === 0) return [];
  const [isKind, isWithin] = [compileGlobs(kinds), compileGlobs(namespaces)];
  const isGroup = group === '' ? (name: string) => name === '' : compileGlob(group);
  const ofKind = places.filter(({ kind: groupKind }) => {
    const [kind = '', ...rest] = groupKind.split('.');
    return isKind(kind) && isGroup(rest.join('.'));
  });
  const within = ofKind.filter(({ namespace }) => isWithin(namespace));
  return [
    ...unmet(
      namespaces,
      ofKind.map(({ namespace }) => namespace),
    ).map(say('no object of its kinds is in a namespace')),
    ...unmet(
      names,
      within.map(({ name }) => name),
    ).map(say('no object of its kinds and namespaces is called')),
  ];
}
