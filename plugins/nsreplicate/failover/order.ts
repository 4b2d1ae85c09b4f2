/**
 * In which order workloads are woken: those of a wave at once, each wave once the one before is ready. Pure.
 *
 * In a namespace StatefulSets come before Deployments and CronJobs come last, unless workloads say themselves what they
 * depend on.
 */
import { type Workload, type WorkloadKind, workloadKinds } from './workloads.ts';

/** `StatefulSet/db, Deployment/api`: workloads of the same namespace that have to be ready first. */
export const dependsOnAnnotation = 'x8s.dev/depends-on';

export interface Order {
  readonly waves: readonly (readonly Workload[])[];
  /** What a person should know: dependencies that are not there, or that lead in a circle. */
  readonly notes: readonly string[];
}

const keyOf = (kind: string, namespace: string | undefined, name: string): string =>
  `${kind} ${namespace}/${name}`;

/** Sorts workloads into waves. */
export function orderOf(workloads: readonly Workload[]): Order {
  const byKey = new Map(workloads.map((one) => [keyOfWorkload(one), one]));
  const notes = new Set<string>();
  const declared = new Map(workloads.map((one) => [one, declaredOf(one, byKey, notes)]));
  const reaches = (from: Workload, to: Workload, seen = new Set<Workload>()): boolean =>
    (declared.get(from) ?? []).some(
      (next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))),
    );
  const before = (one: Workload): Workload[] => [
    ...(declared.get(one) ?? []),
    ...workloads.filter((other) => comesFirst(other, one) && !reaches(other, one)),
  ];
  const levels = new Map<Workload, number>();
  const levelOf = (one: Workload, path: readonly Workload[]): number => {
    const known = levels.get(one);
    if (known !== undefined) return known;
    const open = before(one).filter((other) => {
      const isCircle = other === one || path.includes(other);
      if (isCircle) notes.add(`${keyOfWorkload(one)} depends on itself by way of ${keyOfWorkload(other)}`);
      return !isCircle;
    });
    const level = Math.max(0, ...open.map((other) => levelOf(other, [...path, one]) + 1));
    levels.set(one, level);
    return level;
  };
  const waves: Workload[][] = [];
  for (const one of workloads) {
    const level = levelOf(one, []);
    waves[level] = [...(waves[level] ?? []), one];
  }
  return { waves: waves.filter(Boolean), notes: [...notes] };
}

const keyOfWorkload = ({ kind, object: { metadata } }: Workload): string =>
  keyOf(kind, metadata.namespace, metadata.name);

/** What a workload says of itself. */
function declaredOf(one: Workload, byKey: ReadonlyMap<string, Workload>, notes: Set<string>): Workload[] {
  const { metadata } = one.object;
  const text = metadata.annotations?.[dependsOnAnnotation] ?? '';
  return text.split(/[\s,]+/).flatMap((part) => {
    if (part === '') return [];
    const [kind = '', name = ''] = part.split('/');
    const found = byKey.get(keyOf(kind, metadata.namespace, name));
    if (!found) notes.add(`${keyOfWorkload(one)} depends on ${part}, which is no workload of the task`);
    return found ? [found] : [];
  });
}

const rank = (kind: WorkloadKind): number => workloadKinds.indexOf(kind);

/** Whether a workload comes first by its kind. */
const comesFirst = (one: Workload, other: Workload): boolean =>
  one.object.metadata.namespace === other.object.metadata.namespace && rank(one.kind) < rank(other.kind);
