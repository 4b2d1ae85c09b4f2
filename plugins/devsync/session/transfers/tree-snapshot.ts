/** Snapshots of both trees, compared by identity, and what became of operations. */
import type { MaybeEntry } from '../../reconcile/entry.ts';
import type { OperationResult } from '../../reconcile/operations.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import type { Side } from '../status/state.ts';

/** Both trees and the ancestor. A tree that did not change stays the same object. */
export type TreeSnapshot = readonly [MaybeEntry, MaybeEntry, MaybeEntry];

export const isSameSnapshot = (one: TreeSnapshot, other: TreeSnapshot) =>
  one.every((tree, index) => tree === other[index]);

export const isDone = ({ problem, left }: OperationResult) => problem === undefined && !left;

/** Whether an operation failed; it would fail again as long as nothing changes. */
export const isUnfinished = (results: Record<Side, OperationResult[]>) =>
  ![...results.local, ...results.container].every(isDone);

/** Whether a side may have changed without a hint. */
export function isStale(endpoint: Endpoint): boolean {
  return 'isStale' in endpoint && endpoint.isStale === true;
}
