/**
 * What becomes of one object on one replica, from what both sides have now and what the task is told; never from a
 * history. The reconciler carries it out, `plan` dry-runs it, `drift` counts it: all of them ask here.
 */

import type { DesiredCopy } from '../objects/copy.ts';
import { type Origin, type Provenance, sameOrigin } from '../objects/provenance.ts';
import { mayCopy } from './may-copy.ts';
import { type DriftState, driftOfLeft, type LeaveReason, type Refusal, wordsOf } from './outcomes.ts';
import { type Owner, type Ownership, ownershipOf } from './ownership.ts';
import { keptBecause, type PruneFlags } from './prune.ts';

/** The primary's side. */
export interface PrimarySide extends DesiredCopy {
  /** Where it came from, where it is a copy itself. */
  readonly inherited: Origin | undefined;
  /** Copied whole, and ours on the replica; else its rule carries fields or a status to somebody's object. */
  readonly isWhole: boolean;
  /** Why there is nothing that could be applied. */
  readonly problem: string | undefined;
}

/** What the replica has, as far as its metadata tells. */
export interface Present {
  readonly uid: string;
  readonly deleting: boolean;
  readonly provenance: Provenance | undefined;
  /** It bears the provenance of another object: somebody copied a copy. It is not ours, whatever it says. */
  readonly isCopiedCopy: boolean;
  /** The API server knows that it was us who put its provenance there. */
  readonly isWritten: boolean;
  /** Digest of its content, sanitised; undefined where it was not looked at since it last changed. */
  readonly live: string | undefined;
}

/** The replica's side. */
export interface ReplicaSide extends Present {
  /** The rules cover it whole where it is, by its own labels. */
  readonly inScope: boolean;
  /** What came of applying what is wanted, where its content is just that. */
  readonly made: Made | undefined;
  /** Whether nobody has changed what the cluster gave to the namespace itself; absent where it did not give it. */
  readonly untouched?: 'yes' | 'no' | 'unknown' | undefined;
}

/** What a replica made of what was applied, where that is something else: its defaults, a webhook, and what others have in it. */
export interface Made {
  /** Keys of others in labels, annotations or data. */
  readonly foreign: boolean;
  /** Fields that another manager applies. */
  readonly othersApply?: boolean;
}

/** What the task is told, and between which clusters it works. */
export interface Policy extends Owner {
  /** UID of the replica's kube-system namespace. */
  readonly replica: string;
  /** Take over objects that this task did not make. */
  readonly adopt: boolean;
  /** Keys of others go. */
  readonly exact: boolean;
  /** Take over fields that another manager applies. */
  readonly forceConflicts: boolean;
  /** Objects may go back to the cluster that they came from. */
  readonly failBack: boolean;
  /** The primary was promoted: what this task had copied from the replica goes back to it. */
  readonly leads: boolean;
  readonly drift: 'fix' | 'report';
  readonly prune: PruneFlags;
}

export interface Situation {
  /** As `groupKind` writes it. */
  readonly kind: string;
  /** Undefined: the primary does not have it, or no rule covers it there. */
  readonly original: PrimarySide | undefined;
  /** Whether it is known what the primary has, by a complete list. */
  readonly isListed: boolean;
  readonly present: ReplicaSide | undefined;
}

/** A write, and why. */
export type Write =
  | { readonly outcome: 'create'; readonly why: 'absent'; readonly force: false }
  | { readonly outcome: 'update'; readonly why: 'changed' | 'recreated' | 'status'; readonly force: boolean }
  | { readonly outcome: 'put-right'; readonly why: 'drift'; readonly force: boolean }
  | { readonly outcome: 'adopt'; readonly why: 'adopted'; readonly force: true };

export type Assessment =
  | Write
  | { readonly outcome: 'same' | 'gone' }
  /** To be deleted, once the primary itself says that it does not have the original. */
  | { readonly outcome: 'delete' }
  | { readonly outcome: 'refuse'; readonly why: Refusal }
  | { readonly outcome: 'leave'; readonly why: LeaveReason }
  /** Fields or a status are carried: only the two objects themselves tell. */
  | { readonly outcome: 'compare' }
  /** Nothing to write as far as is known; its content has to be read to be sure. */
  | { readonly outcome: 'look' }
  /** On its way out: an apply would be swallowed. It is made anew after that. */
  | { readonly outcome: 'wait'; readonly why: 'terminating' }
  /** The primary's list is not complete yet. */
  | { readonly outcome: 'wait'; readonly why: 'not-listed' }
  | { readonly outcome: 'fail'; readonly problem: string };

/** Assesses one object on one replica. */
export function assess({ kind, original, isListed, present }: Situation, policy: Policy): Assessment {
  if (!original) return withoutOriginal(kind, isListed, present, policy);
  if (original.problem !== undefined) return { outcome: 'fail', problem: original.problem };
  if (!mayCopy(policy, original.inherited, present?.provenance?.origin))
    return { outcome: 'leave', why: 'came-from-there' };
  if (!original.isWhole) return { outcome: 'compare' };
  // An object that appears between looking and writing is not ours, so nothing of it is taken over.
  if (!present) return { outcome: 'create', why: 'absent', force: false };
  if (present.deleting) return { outcome: 'wait', why: 'terminating' };
  return whole(kind, original, present, policy);
}

function whole(kind: string, original: PrimarySide, present: ReplicaSide, policy: Policy): Assessment {
  const { provenance, live, made } = present;
  const ownership = ownershipOf(present, policy);
  if (!provenance || (ownership !== 'ours' && ownership !== 'ours-before')) {
    if (policy.adopt || present.untouched === 'yes') return { outcome: 'adopt', why: 'adopted', force: true };
    if (present.untouched === 'unknown') return { outcome: 'look' };
    // As a rule a namespace is there already; what is in it may be ours all the same.
    if (kind === 'Namespace') return { outcome: 'leave', why: 'there-before' };
    return { outcome: 'refuse', why: refusalOf(ownership) };
  }
  const force = policy.forceConflicts;
  if (provenance.applied !== original.digest) return { outcome: 'update', why: 'changed', force };
  if (!sameOrigin(provenance.origin, original.origin)) return { outcome: 'update', why: 'recreated', force };
  if (live === undefined) return { outcome: 'look' };
  if (live === original.digest) return { outcome: 'same' };
  if (made && !mayGo(made, policy)) return madeOf(made);
  if (policy.drift === 'report') return { outcome: 'leave', why: 'edited' };
  return { outcome: 'put-right', why: 'drift', force };
}

/** An object that bears another object's provenance is treated like one that bears none. */
const refusalOf = (ownership: Ownership): Refusal =>
  ownership === 'other-task' || ownership === 'other-primary' ? ownership : 'not-ours';

/** Whether the task is told to remove what others have in it. */
const mayGo = ({ foreign, othersApply = false }: Made, { exact, forceConflicts }: Policy): boolean =>
  (exact && foreign) || (forceConflicts && othersApply);

function madeOf({ foreign, othersApply }: Made): Assessment {
  if (othersApply) return { outcome: 'leave', why: 'others-apply' };
  return foreign ? { outcome: 'leave', why: 'keys-of-others' } : { outcome: 'same' };
}

function withoutOriginal(
  kind: string,
  isListed: boolean,
  present: ReplicaSide | undefined,
  policy: Policy,
): Assessment {
  if (!present) return { outcome: 'gone' };
  if (!isListed) return { outcome: 'wait', why: 'not-listed' };
  const { isWritten, inScope, deleting } = present;
  const ownership = ownershipOf(present, policy);
  const why = keptBecause({ kind, ownership, isWritten, inScope, flags: policy.prune });
  // Its deletion was counted when it began; later events about it are no new deletions.
  if (deleting && ownership === 'ours') return { outcome: 'gone' };
  return why === undefined ? { outcome: 'delete' } : { outcome: 'leave', why };
}

/** Whether a write follows from an assessment. */
export const isWrite = (assessment: Assessment): assessment is Write =>
  ['create', 'update', 'put-right', 'adopt'].includes(assessment.outcome);

/** How `drift` counts an object; undefined where it is as it should be, or need not be the same. */
export function driftOf(assessment: Assessment, present: Present | undefined): DriftState | undefined {
  switch (assessment.outcome) {
    case 'leave':
      return driftOfLeft(assessment.why);
    case 'wait':
      return assessment.why === 'terminating' ? 'missing' : undefined;
    case 'fail':
      return present ? 'outdated' : 'missing';
    case 'look':
    case 'compare':
      return undefined;
    default:
      return wordsOf(assessment.outcome).drift;
  }
}
