/** What a task covered in earlier runs and no longer does: its copies are left, and reported for as long as they are there. */
import type { Listed } from './handlers.ts';

/** Namespaces of the primary by kind (as `groupKind` writes it); an empty name is the whole cluster. */
export type Covered = Readonly<Record<string, readonly string[]>>;

/** A list that is only followed on the replicas. */
export interface RetiredList {
  readonly kind: string;
  readonly namespace: string | undefined;
}

export function coveredBy(lists: Iterable<Listed>): Covered {
  return joined(lists, ({ kind, namespace }) => ({ kind: kind.name, namespace }));
}

/** What was covered and is not any more. */
export function retiredSince(before: Covered, now: Covered): RetiredList[] {
  return Object.entries(before).flatMap(([kind, namespaces]) => {
    const still = now[kind] ?? [];
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
  return joined([...lists, ...retired], (list) => list);
}

function joined<T>(lists: Iterable<T>, of: (list: T) => RetiredList): Covered {
  const covered = new Map<string, Set<string>>();
  for (const list of lists) {
    const { kind, namespace = '' } = of(list);
    covered.set(kind, (covered.get(kind) ?? new Set()).add(namespace));
  }
  return Object.fromEntries([...covered].map(([kind, namespaces]) => [kind, [...namespaces].sort()]));
}
