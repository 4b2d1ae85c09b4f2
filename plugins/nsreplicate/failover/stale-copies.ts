/** Workloads of a task that are not woken, since they are not the copies that its last run kept. Pure. */
import { provenanceOf } from '../objects/provenance.ts';
import { nameOf, type Workload } from './workloads.ts';

/** A workload that stays as it is, and why. */
export interface Blocked {
  readonly workload: Workload;
  readonly why: string;
  /** It is none that is wanted: the promotion is whole without it. */
  readonly isLeft?: boolean;
}

/**
 * Held workloads in namespaces that the task's map leads to no more, and, where that is not known, those that are copies
 * of one original: only one of them can be meant.
 *
 * @param former names of such namespaces
 */
export function staleCopies(workloads: readonly Workload[], former: readonly string[]): Blocked[] {
  const held = workloads.filter(({ original }) => original !== undefined);
  const isFormer = ({ object }: Workload) => former.includes(object.metadata.namespace ?? '');
  const left = held
    .filter(isFormer)
    .map((workload) => ({ workload, why: 'the task copies to another namespace by now', isLeft: true }));
  const byOriginal = Map.groupBy(
    workloads.filter((one) => !isFormer(one)),
    originalKey,
  );
  const doubled = [...byOriginal]
    .filter(([original, copies]) => original !== undefined && copies.length > 1)
    .flatMap(([, copies]) => copies.filter((one) => held.includes(one)).map((one) => among(one, copies)));
  return [...left, ...doubled];
}

/** Tells which object of the primary it is a copy of; undefined where nothing tells. */
function originalKey({ kind, object }: Workload): string | undefined {
  const origin = provenanceOf(object)?.origin;
  return origin && `${kind} ${origin.cluster} ${origin.uid}`;
}

function among(workload: Workload, copies: readonly Workload[]): Blocked {
  const others = copies.filter((one) => one !== workload).map(nameOf);
  return {
    workload,
    why: `${others.join(' and ')} ${others.length === 1 ? 'is a copy' : 'are copies'} of the same original: delete what is of no use, and promote again`,
  };
}
