/** Exact counts of what was done, by namespace and kind. */

import { type ObjectKey, placeOf } from '../objects/keys.ts';
import { type ReconcileResult, writes } from './outcomes.ts';

export type Done = Partial<Record<(typeof writes)[number], number>>;

/** What was done before and what was done now. */
export function doneInAll(before: Done, now: Partial<Record<ReconcileResult, number>>): Done {
  const sums = writes.map((did) => [did, (before[did] ?? 0) + (now[did] ?? 0)] as const);
  return Object.fromEntries(sums.filter(([, count]) => count > 0));
}

export interface ResultCountsLine {
  readonly namespace: string;
  readonly kind: string;
  readonly counts: Partial<Record<ReconcileResult, number>>;
}

export class ResultCounts {
  readonly #counts = new Map<string, Partial<Record<ReconcileResult, number>>>();

  count(key: ObjectKey, did: ReconcileResult): void {
    const { namespace, kind } = placeOf(key);
    const place = `${namespace}|${kind}`;
    const counts = this.#counts.get(place) ?? {};
    counts[did] = (counts[did] ?? 0) + 1;
    this.#counts.set(place, counts);
  }

  /** By namespace, then kind. */
  get lines(): ResultCountsLine[] {
    return [...this.#counts]
      .map(([place, counts]) => {
        const [namespace = '', kind = ''] = place.split('|');
        return { namespace, kind, counts };
      })
      .sort((a, b) => a.namespace.localeCompare(b.namespace) || a.kind.localeCompare(b.kind));
  }

  get totals(): Partial<Record<ReconcileResult, number>> {
    const totals: Partial<Record<ReconcileResult, number>> = {};
    for (const counts of this.#counts.values())
      for (const [did, count] of Object.entries(counts) as [ReconcileResult, number][])
        totals[did] = (totals[did] ?? 0) + count;
    return totals;
  }
}
