/**
 * Holds the workloads of a standby: they arrive with no pods and do not run by schedule, and say what they were. An
 * autoscaler does nothing about a workload that stands at 0. Pure.
 */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { PREFIX } from '../../../src/tasks/names.ts';
import { at, type Draft, groupKind, put } from './draft.ts';

/** The annotation that keeps the original: `replicas=3`, `suspend=false`. */
export const standbyAnnotation = `${PREFIX}standby`;

/** What a workload had before it was held. */
export type Original =
  | { readonly field: 'replicas'; readonly value: number }
  | { readonly field: 'suspend'; readonly value: boolean };

/** What is held, by kind as `groupKind` writes it. Servers take a field that is not there for its default. */
const held: Readonly<Record<string, { field: Original['field']; hold: unknown; unset: unknown }>> = {
  'Deployment.apps': { field: 'replicas', hold: 0, unset: 1 },
  'StatefulSet.apps': { field: 'replicas', hold: 0, unset: 1 },
  'CronJob.batch': { field: 'suspend', hold: true, unset: false },
};

/** Whether objects of a kind, as `groupKind` writes it, are held on a standby. */
export const isHeldKind = (kind: string): boolean => Object.hasOwn(held, kind);

/**
 * Holds a copy in place. A workload that is held on the primary too keeps the original that is written there.
 * @param object the original, whose number of pods sanitising may have taken out
 */
export function holdBack(draft: Draft, object: KubeObject): void {
  const rule = isHeldKind(groupKind(draft)) ? held[groupKind(draft)] : undefined;
  if (!rule) return;
  const { field, hold, unset } = rule;
  const value = at(draft, 'spec', field) ?? at(object, 'spec', field) ?? unset;
  if (originalOf(draft) === undefined)
    put(draft, ['metadata', 'annotations', standbyAnnotation], `${field}=${value}`);
  put(draft, ['spec', field], hold);
}

/** What a held workload had; undefined where it is not held. */
export function originalOf({ metadata }: KubeObject | Draft): Original | undefined {
  const [, field, text = ''] =
    /^(replicas|suspend)=(.+)$/.exec(metadata.annotations?.[standbyAnnotation] ?? '') ?? [];
  if (field === 'replicas' && /^\d{1,9}$/.test(text)) return { field, value: Number(text) };
  if (field === 'suspend' && /^(true|false)$/.test(text)) return { field, value: text === 'true' };
  return undefined;
}
