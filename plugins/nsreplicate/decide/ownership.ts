/** Whose an object on a replica is, from the provenance that it bears. */
import type { Provenance } from '../objects/provenance.ts';

/** Who works on a replica. */
export interface Owner {
  readonly task: string;
  /** UID of the primary's kube-system namespace. */
  readonly primary: string;
  /** Earlier primaries of this task, approved by a person. */
  readonly formerPrimaries: readonly string[];
}

/** An object of a replica. */
export interface Bearer {
  readonly provenance: Provenance | undefined;
  /** It bears the provenance of another object. */
  readonly isCopiedCopy: boolean;
}

export type Ownership =
  | 'ours'
  /** Made by this task from an earlier primary, which a person has approved: ours to change, not to delete. */
  | 'ours-before'
  /** It bears the provenance of another object: somebody copied a copy. */
  | 'copied-copy'
  /** It bears no provenance, or none that can be read. */
  | 'not-ours'
  | 'other-task'
  | 'other-primary';

/** Whose a copy is. What is not ours is neither changed nor deleted, unless a person says so. */
export function ownershipOf({ provenance, isCopiedCopy }: Bearer, owner: Owner): Ownership {
  if (isCopiedCopy) return 'copied-copy';
  if (!provenance) return 'not-ours';
  if (provenance.origin.task !== owner.task) return 'other-task';
  if (provenance.origin.cluster === owner.primary) return 'ours';
  return owner.formerPrimaries.includes(provenance.origin.cluster) ? 'ours-before' : 'other-primary';
}
