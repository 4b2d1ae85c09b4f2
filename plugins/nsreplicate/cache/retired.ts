/** What a task covered in earlier runs and no longer does: its copies are left, and reported for as long as they are there. */
import { own } from '../../../src/json.ts';

/** Namespaces of the primary by kind (as `groupKind` writes it); an empty name is the whole cluster. */
export type Covered = Readonly<Record<string, readonly string[]>>;

/** A list: of a kind in a namespace, or in the whole cluster. */
export interface RetiredList {
  readonly kind: string;
  readonly namespace: string | undefined;
}

/** What was covered and is not any more. */
export function retiredSince(before: Covered, now: Covered): RetiredList[] {
  return Object.entries(before).flatMap(([kind, namespaces]) => {
    const still = own(now, kind) ?? [];
    if (still.includes('')) return [];
    return namespaces
      .filter((namespace) => !still.includes(namespace))
      .map((namespace) => ({ kind, namespace: namespace || undefined }));
  });
}

/** What is to be looked at in the next run: all that is covered, and what was retired and is not gone yet. */
export function coveredStill(now: Covered, retired: readonly RetiredList[]): Covered {
  const lists = Object.entries(now).flatMap(([kind, namespaces]) =>
    namespaces.map((namespace) => ({ kind, namespace })),
  );
  return coveredBy([...lists, ...retired]);
}

export function coveredBy(lists: Iterable<RetiredList>): Covered {
  const covered = new Map<string, Set<string>>();
  for (const { kind, namespace = '' } of lists)
    covered.set(kind, (covered.get(kind) ?? new Set()).add(namespace));
  return Object.fromEntries([...covered].map(([kind, namespaces]) => [kind, [...namespaces].sort()]));
}
