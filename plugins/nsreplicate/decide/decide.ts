/** What to do about one object on one replica, from what both sides have now. Never from a history. */
import { type Origin, type Stamp, sameOrigin } from '../objects/stamps.ts';

/** What the replica should have. */
export interface Wanted {
  readonly digest: string;
  readonly origin: Origin;
}

/** What the replica has, as far as its metadata and our own notes tell. */
export interface Present {
  readonly uid: string;
  readonly deleting: boolean;
  readonly stamp: Stamp | undefined;
  /** Digest of its content, sanitised; undefined where it was not looked at since it last changed. */
  readonly live: string | undefined;
}

export interface Policy {
  /** Take over objects that this task did not make. */
  readonly adopt: boolean;
  /** Earlier primaries of this task, approved by a person. */
  readonly formerPrimaries: readonly string[];
}

export type Refusal = 'not-ours' | 'other-task' | 'other-primary';

export type Decision =
  | { readonly do: 'nothing' }
  /** Nothing to write as far as is known; its content has to be read to be sure. */
  | { readonly do: 'look' }
  | { readonly do: 'create' }
  | { readonly do: 'update'; readonly why: 'changed' | 'recreated' | 'drift' | 'adopted' }
  /** On its way out: an apply would be swallowed. */
  | { readonly do: 'wait-gone' }
  | { readonly do: 'refuse'; readonly why: Refusal };

/**
 * Decides about one object that the rules carry whole.
 * @param settled digest of what this replica made of `wanted.digest` before, where that is something else:
 *   defaults of another version, or a mutating webhook
 */
export function decide(
  wanted: Wanted,
  present: Present | undefined,
  settled: string | undefined,
  policy: Policy,
): Decision {
  if (!present) return { do: 'create' };
  if (present.deleting) return { do: 'wait-gone' };
  const refusal = refusalOf(wanted, present, policy);
  if (refusal) return policy.adopt ? { do: 'update', why: 'adopted' } : { do: 'refuse', why: refusal };
  if (present.stamp?.applied !== wanted.digest) return { do: 'update', why: 'changed' };
  if (!sameOrigin(present.stamp.origin, wanted.origin)) return { do: 'update', why: 'recreated' };
  if (present.live === undefined) return { do: 'look' };
  const clean = present.live === wanted.digest || present.live === settled;
  return clean ? { do: 'nothing' } : { do: 'update', why: 'drift' };
}

function refusalOf({ origin }: Wanted, { stamp }: Present, policy: Policy): Refusal | undefined {
  if (!stamp) return 'not-ours';
  if (stamp.origin.task !== origin.task) return 'other-task';
  const known = [origin.cluster, ...policy.formerPrimaries];
  return known.includes(stamp.origin.cluster) ? undefined : 'other-primary';
}

const explanations: Record<Refusal, string> = {
  'not-ours': 'it is there and was not made by this tool; --adopt takes it over',
  'other-task': 'another task of this tool made it; --adopt takes it over',
  'other-primary': "it was made from another primary under this task's name; `approve` accepts the new one",
};

/** The refusal in words. */
export const explain = (refusal: Refusal): string => explanations[refusal];
