/** What was seen, and what became of it. */
import type { MaybeEntry } from '../reconcile/entry.ts';
import type { OperationResult } from '../reconcile/operations.ts';
import type { Endpoint } from '../sync/endpoint.ts';
import type { Side } from './state.ts';

/** Both sides and the ancestor: trees that did not change stay the very same objects. */
export type TreeSnapshot = readonly [MaybeEntry, MaybeEntry, MaybeEntry];

export const isSameSnapshot = (one: TreeSnapshot, other: TreeSnapshot) =>
  one.every((tree, index) => tree === other[index]);

export const isDone = ({ problem, left }: OperationResult) => problem === undefined && !left;

/** Something was not done: until a side changes, it would not be done again. */
export const isUnfinished = (outcomes: Record<Side, OperationResult[]>) =>
  ![...outcomes.local, ...outcomes.container].every(isDone);

/** Whether a side may need a look without a hint. */
export function isStale(endpoint: Endpoint): boolean {
  return 'isStale' in endpoint && endpoint.isStale === true;
}
