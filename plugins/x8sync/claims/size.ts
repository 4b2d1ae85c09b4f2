/** Words for a claim's size. */
import type { ClaimState } from './claim.ts';

/** `Bound, 10Gi`, as the claim itself says it. */
export function describeSize({ object }: ClaimState): string {
  const phase = object.status?.phase ?? 'Pending';
  const size = object.status?.capacity?.storage ?? object.spec.resources?.requests?.storage;
  return size ? `${phase}, ${size}` : phase;
}
