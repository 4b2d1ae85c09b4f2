/** What was seen, and what became of it. */
import type { Maybe } from '../reconcile/entry.ts';
import type { Outcome } from '../reconcile/operations.ts';
import type { Endpoint } from '../sync/endpoint.ts';
import type { Place } from './state.ts';

/** Both sides and the ancestor: trees that did not change stay the very same objects. */
export type Look = readonly [Maybe, Maybe, Maybe];

export const isSameLook = (one: Look, other: Look) => one.every((tree, index) => tree === other[index]);

export const isDone = ({ problem, left }: Outcome) => problem === undefined && !left;

/** Something was not done: until a side changes, it would not be done again. */
export const isUnfinished = (outcomes: Record<Place, Outcome[]>) =>
  ![...outcomes.local, ...outcomes.container].every(isDone);

/** Whether a side may need a look without a hint. */
export function isStale(endpoint: Endpoint): boolean {
  return 'isStale' in endpoint && endpoint.isStale === true;
}
