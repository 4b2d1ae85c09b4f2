/** Copies of one list that would undo each other, or whose result would depend on which of them comes first. */

/** A folder of a claim. */
export interface Place {
  /** Of the cluster's API server. */
  readonly server: string;
  readonly namespace: string;
  readonly claim: string;
  /** Below the volume's root, without slashes at the ends; empty for all of it. */
  readonly folder: string;
}

export interface PlacedCopy {
  /** What it is called in messages. */
  readonly where: string;
  /** Of its task, where a person has named it. */
  readonly name?: string | undefined;
  readonly source: Place;
  readonly target: Place;
}

/** Why copies can't be made in one go, and what to do instead. */
export interface Conflict {
  readonly message: string;
  readonly hint: string;
}

/** The same for two folders of one claim, whatever the folder. */
export const claimKey = ({ server, namespace, claim }: Place): string =>
  JSON.stringify([server, namespace, claim]);

/** The first two of these that can't be made in one go; undefined where all can. */
export function conflictAmong(copies: readonly PlacedCopy[]): Conflict | undefined {
  for (const [index, one] of copies.entries())
    for (const [other, two] of copies.entries()) {
      if (index === other) continue;
      const found = (index < other ? mutualConflict(one, two) : undefined) ?? chainConflict(one, two);
      if (found) return found;
    }
  return undefined;
}

/** What is a conflict whichever of them comes first. */
function mutualConflict(one: PlacedCopy, two: PlacedCopy): Conflict | undefined {
  const both = `${one.where} and ${two.where}`;
  if (overlap(one.target, two.target))
    return { message: `${both} write to the same folder of ${name(one.target)}`, hint: inTurn };
  const shared = one.name !== undefined && one.name === two.name ? sharedNamespace(one, two) : undefined;
  if (shared === undefined) return undefined;
  return {
    message: `${both} have the same name ${JSON.stringify(one.name)}: it names one task in namespace ${shared}`,
    hint: 'give each a name of its own, or none',
  };
}

/** The one would be read while, or after, the other writes to it. */
function chainConflict(one: PlacedCopy, two: PlacedCopy): Conflict | undefined {
  if (!overlap(one.target, two.source)) return undefined;
  return {
    message: `${one.where} writes to ${name(one.target)}, which ${two.where} reads`,
    hint: inTurn,
  };
}

const inTurn = 'copy them one after the other';

/** A task's records lie in the namespaces of its claims, and bear its name. */
function sharedNamespace(one: PlacedCopy, two: PlacedCopy): string | undefined {
  const sides = ['target', 'source'] as const;
  const shared = sides.find(
    (side) => one[side].server === two[side].server && one[side].namespace === two[side].namespace,
  );
  return shared && one[shared].namespace;
}

/** One of the folders is the other, or lies in it. */
function overlap(one: Place, two: Place): boolean {
  if (claimKey(one) !== claimKey(two)) return false;
  const [a, b] = [`${one.folder}/`, `${two.folder}/`];
  return one.folder === '' || two.folder === '' || a.startsWith(b) || b.startsWith(a);
}

const name = ({ namespace, claim }: Place): string => `${namespace}/${claim}`;
