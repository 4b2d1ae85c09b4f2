/**
 * What can become of one object on one replica, and what each of that is called: by `plan` before, by `status` after,
 * and by `drift` where it is only counted.
 */

/** What is done, or would be. */
export type AssessmentOutcome =
  /** It is as it should be. */
  | 'same'
  | 'create'
  | 'update'
  /** It was changed on the replica, and becomes again what it was. */
  | 'put-right'
  /** It was made by somebody else, and becomes ours. */
  | 'adopt'
  /** It is deleted and made anew, since a field of it can't be changed. */
  | 'recreate'
  | 'delete'
  /** It is not there any more, and need not be. */
  | 'gone'
  /** It is not ours to change. */
  | 'refuse'
  /** Nothing is done about it, and nothing is wrong. */
  | 'leave';

/** How `drift` counts an object that is not the same on both sides. */
export type DriftState = 'missing' | 'outdated' | 'edited' | 'foreign' | 'extra';

interface Words {
  /** What `plan` says; undefined where it says nothing. */
  readonly plan?: string;
  /** What `status` says was done; undefined for what is a failure. */
  readonly did?: string;
  /** Where it does not depend on the reason. */
  readonly drift?: DriftState;
}

export const outcomes = {
  same: { did: 'unchanged' },
  create: { plan: 'create', did: 'created', drift: 'missing' },
  update: { plan: 'update', did: 'updated', drift: 'outdated' },
  'put-right': { plan: 'put-right', did: 'put-right', drift: 'edited' },
  adopt: { plan: 'adopt', did: 'adopted', drift: 'foreign' },
  recreate: { plan: 'recreate', did: 'recreated', drift: 'outdated' },
  delete: { plan: 'delete', did: 'pruned', drift: 'extra' },
  gone: { did: 'gone' },
  refuse: { plan: 'refused', drift: 'foreign' },
  leave: { plan: 'left', did: 'left' },
} as const satisfies Record<AssessmentOutcome, Words>;

/** The words for an outcome. */
export const wordsOf = (outcome: AssessmentOutcome): Words => outcomes[outcome];

type PlanWord<O extends AssessmentOutcome> = (typeof outcomes)[O] extends { plan: infer P } ? P : never;
type DidWord<O extends AssessmentOutcome> = (typeof outcomes)[O] extends { did: infer D } ? D : never;

/** What `plan` says of an object that would change, or should and can't. */
export type PlannedAction = { [O in AssessmentOutcome]: PlanWord<O> }[AssessmentOutcome];
/** What reconciling has made of one object: `status` counts these. */
export type ReconcileResult = { [O in AssessmentOutcome]: DidWord<O> }[AssessmentOutcome];

/** What changes a replica: counted over all runs. */
export const writes = [
  'created',
  'updated',
  'recreated',
  'adopted',
  'put-right',
  'pruned',
] as const satisfies ReconcileResult[];

/** Why an object is not ours to change. */
export type Refusal = 'not-ours' | 'other-task' | 'other-primary';

/** Why nothing is done about an object though nothing is wrong with it. */
export type LeaveReason =
  | 'kind-dropped'
  | 'came-from-there'
  | 'there-before'
  | 'not-listable'
  | 'edited'
  | 'keys-of-others'
  | 'others-apply'
  | 'not-on-replica'
  | 'no-namespace'
  | 'not-a-copy'
  | 'copied-copy'
  | 'unproven'
  | 'left-scope'
  | 'claims-guarded'
  | 'namespaces-guarded'
  | 'definitions-guarded'
  | 'deletions-off'
  | 'still-on-primary'
  | 'uncopied'
  | 'not-served';

const refusals: Record<Refusal, string> = {
  'not-ours': 'it is there and was not made by this tool; --adopt takes it over',
  'other-task': 'another task of this tool made it; --adopt takes it over',
  'other-primary': "it was made from another primary under this task's name; `approve` accepts the new one",
};

const leaveReasons: Record<LeaveReason, { readonly text: string; readonly drift?: DriftState }> = {
  'kind-dropped': { text: 'no rule covers its kind any more' },
  'came-from-there': { text: 'it came from this replica' },
  'there-before': { text: 'it was there before' },
  'not-listable': { text: 'namespaces may not be listed on the replica, so they have to be there' },
  edited: { text: 'it was edited on the replica', drift: 'edited' },
  'keys-of-others': {
    text: 'others have keys in its labels, annotations or data; --exact removes them',
    drift: 'edited',
  },
  'others-apply': {
    text: 'another manager applies fields of it that the primary does not have; --force-conflicts removes them',
    drift: 'edited',
  },
  'not-on-replica': { text: 'the replica does not have it' },
  'no-namespace': { text: 'the replica does not have its namespace' },
  'not-a-copy': { text: 'it is not a copy of this task' },
  'copied-copy': { text: 'it bears the mark of another object: somebody copied a copy' },
  unproven: { text: 'it bears the mark of this task, but this tool did not write it' },
  'left-scope': { text: 'no rule covers it any more' },
  'claims-guarded': { text: 'claims are deleted with --prune-claims only', drift: 'extra' },
  'namespaces-guarded': { text: 'namespaces are deleted with --prune-namespaces only', drift: 'extra' },
  'definitions-guarded': {
    text: 'definitions, whose deletion takes all objects of their kind along, are deleted with --prune-crds only',
    drift: 'extra',
  },
  'deletions-off': { text: 'deletions are followed with --prune only', drift: 'extra' },
  'still-on-primary': { text: 'it is still on the primary, but no rule covers it any more' },
  uncopied: { text: 'it is not copied, and the replica does not have it' },
  'not-served': {
    text: 'the primary has no such kind any more, so nothing tells whether it is gone',
    drift: 'extra',
  },
};

/** Why an object is refused or left, in words. */
export const explain = (reason: Refusal | LeaveReason): string =>
  reason in refusals ? refusals[reason as Refusal] : leaveReasons[reason as LeaveReason].text;

/** Why an object of the primary is not copied at all, in words as `explain` has them. */
export const uncopied: readonly string[] = (
  ['came-from-there', 'there-before', 'not-listable', 'not-on-replica', 'no-namespace'] as const
).map(explain);

/** Whether an object of the primary goes to a replica, by why it was left there. */
export const isCopied = (left: string | undefined): boolean => left === undefined || !uncopied.includes(left);

/** How `drift` counts what is left: undefined where the two sides need not be the same. */
export const driftOfLeft = (reason: LeaveReason): DriftState | undefined => leaveReasons[reason].drift;
