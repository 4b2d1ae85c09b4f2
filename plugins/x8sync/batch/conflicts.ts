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
  readonly source: Place;
  readonly target: Place;
}

/** The same for two folders of one claim, whatever the folder. */
export const claimKey = ({ server, namespace, claim }: Place): string =>
  JSON.stringify([server, namespace, claim]);

/** Why these can't be copied in one go; undefined where they can. */
export function conflictAmong(copies: readonly PlacedCopy[]): string | undefined {
  for (const [index, one] of copies.entries())
    for (const [other, two] of copies.entries()) {
      if (index === other) continue;
      if (index < other && overlap(one.target, two.target))
        return `${one.where} and ${two.where} write to the same folder of ${name(one.target)}`;
      if (overlap(one.target, two.source))
        return `${one.where} writes to ${name(one.target)}, which ${two.where} reads`;
    }
  return undefined;
}

/** One of the folders is the other, or lies in it. */
function overlap(one: Place, two: Place): boolean {
  if (claimKey(one) !== claimKey(two)) return false;
  const [a, b] = [`${one.folder}/`, `${two.folder}/`];
  return one.folder === '' || two.folder === '' || a.startsWith(b) || b.startsWith(a);
}

const name = ({ namespace, claim }: Place): string => `${namespace}/${claim}`;
