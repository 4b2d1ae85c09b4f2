/**
 * What the deletion of one object takes along: what is in a namespace, what is of a definition's kind, and claims that
 * are owned. Pure.
 */

/** An object that would be deleted with another one. */
export interface Dependent {
  /** As `groupKind` writes it. */
  readonly kind: string;
  /** `Secret shop/tls`. */
  readonly name: string;
  readonly uid: string;
  /** UIDs of what it belongs to. */
  readonly owners: readonly string[];
  /** A copy of this task, or a claim that a StatefulSet made. */
  readonly isOurs: boolean;
  /** Every namespace gets it, or it only records what happens there. */
  readonly isDefault: boolean;
  readonly deleting: boolean;
}

export interface Dependents {
  /** Copies of the task, and claims: what the brake counts, and a plan shows. */
  readonly taken: readonly string[];
  readonly claims: readonly string[];
  /** What belongs to somebody else: while there is any, nothing is deleted. */
  readonly strangers: readonly string[];
  /** All of the strangers had an owner that is gone, so that they are about to go by themselves. */
  readonly mayPass: boolean;
}

export const noDependents: Dependents = { taken: [], claims: [], strangers: [], mayPass: false };

const claim = 'PersistentVolumeClaim';

/** Sorts what may be deleted along from what may not. An object whose owner is listed goes with its owner. */
export function sortDependents(hanging: readonly Dependent[]): Dependents {
  const staying = hanging.filter(({ deleting }) => !deleting);
  const uids = new Set(staying.map(({ uid }) => uid));
  const isPart = ({ owners }: Dependent) => owners.some((owner) => uids.has(owner));
  const strangers = staying.filter((one) => !one.isOurs && !one.isDefault && !isPart(one));
  const pods = new Set(staying.filter(({ kind }) => kind === 'Pod').map(({ uid }) => uid));
  // A claim that belongs to a pod is a volume of that pod, and never outlives it.
  const claims = staying.filter(({ kind, owners }) => kind === claim && !owners.some((uid) => pods.has(uid)));
  const names = (some: readonly Dependent[]) => some.map(({ name }) => name).sort();
  return {
    taken: names(staying.filter((one) => one.isOurs || claims.includes(one))),
    claims: names(claims),
    strangers: names(strangers),
    mayPass: strangers.every(({ owners }) => owners.length > 0),
  };
}

/** Why a deletion that takes others along is refused; undefined where it is not. */
export function refusalOfDependents(
  about: string,
  { claims, strangers }: Dependents,
  flags: { readonly claims: boolean },
): string | undefined {
  if (strangers.length > 0)
    return `${about} is not deleted: ${sumUp(strangers)} would go with it, and ${strangers.length === 1 ? 'is no copy' : 'are no copies'} of this task`;
  if (claims.length > 0 && !flags.claims)
    return `${about} is not deleted: ${sumUp(claims)} would go with it; --prune-claims allows that`;
  return undefined;
}

const NAMED = 3;

/** The first names, and how many there are besides. */
export function sumUp(names: readonly string[]): string {
  const more = names.length - NAMED;
  return more > 0 ? `${names.slice(0, NAMED).join(', ')} and ${more} more` : names.join(', ');
}
