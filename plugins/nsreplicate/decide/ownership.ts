/** Whose an object on a replica is, from the stamp that it bears. */
import type { Stamp } from '../objects/stamps.ts';

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
  readonly stamp: Stamp | undefined;
  /** It bears the stamp of another object. */
  readonly isStranger: boolean;
}

export type Ownership =
  | 'ours'
  /** Made by this task from an earlier primary, which a person has approved: ours to change, not to delete. */
  | 'ours-before'
  /** It bears the stamp of another object: somebody copied a copy. */
  | 'stranger'
  /** It bears no stamp, or none that can be read. */
  | 'not-ours'
  | 'other-task'
  | 'other-primary';

/** Whose a copy is. What is not ours is neither changed nor deleted, unless a person says so. */
export function ownershipOf({ stamp, isStranger }: Bearer, owner: Owner): Ownership {
  if (isStranger) return 'stranger';
  if (!stamp) return 'not-ours';
  if (stamp.origin.task !== owner.task) return 'other-task';
  if (stamp.origin.cluster === owner.primary) return 'ours';
  return owner.formerPrimaries.includes(stamp.origin.cluster) ? 'ours-before' : 'other-primary';
}
