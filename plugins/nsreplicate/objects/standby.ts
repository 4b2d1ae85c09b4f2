/**
 * Holds the workloads of a standby: they arrive with no pods and do not run by schedule, and say what they were. An
 * autoscaler does nothing about a workload that stands at 0. A StatefulSet that would delete its claims for that
 * (KEP-1847) keeps them while it is held. Pure.
 */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { PREFIX } from '../../../src/tasks/names.ts';
import { at, type Draft, drop, groupKind, put } from './draft.ts';

/** The annotation that keeps the original: `replicas=3`, `suspend=false`. */
export const standbyAnnotation = `${PREFIX}standby`;

/** The annotation of a StatefulSet that keeps its claims only while it is held: `whenScaled=Delete`. */
const claimsAnnotation = `${PREFIX}standby-claims`;
const deletesClaims = 'whenScaled=Delete';
const policyPath = ['spec', 'persistentVolumeClaimRetentionPolicy', 'whenScaled'] as const;

/** What a workload had before it was held. */
export type Original =
  | {
      readonly field: 'replicas';
      readonly value: number;
      /** It deleted its claims when it was scaled down; absent: it did not, or is no StatefulSet. */
      readonly whenScaled?: 'Delete';
    }
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
  if (originalOf(draft) === undefined) {
    put(draft, ['metadata', 'annotations', standbyAnnotation], `${field}=${value}`);
    // Whatever says so here is not of this holding.
    drop(draft, 'metadata', 'annotations', claimsAnnotation);
  }
  put(draft, ['spec', field], hold);
  keepClaims(draft);
}

/** In the same write as the number of pods: its controller deletes the claims of the pods that it is told to have no more. */
function keepClaims(draft: Draft): void {
  if (groupKind(draft) !== 'StatefulSet.apps' || at(draft, ...policyPath) !== 'Delete') return;
  put(draft, ['metadata', 'annotations', claimsAnnotation], deletesClaims);
  put(draft, policyPath, 'Retain');
}

/** What a held workload had; undefined where it is not held. */
export function originalOf({ metadata }: KubeObject | Draft): Original | undefined {
  const { annotations = {} } = metadata;
  const [, field, text = ''] = /^(replicas|suspend)=(.+)$/.exec(annotations[standbyAnnotation] ?? '') ?? [];
  if (field === 'replicas' && /^\d{1,9}$/.test(text))
    return {
      field,
      value: Number(text),
      ...(annotations[claimsAnnotation] === deletesClaims && { whenScaled: 'Delete' }),
    };
  if (field === 'suspend' && /^(true|false)$/.test(text)) return { field, value: text === 'true' };
  return undefined;
}

/** The merge patch that gives a held workload back what it had, and takes the annotations off that say so. */
export function wakingPatch(original: Original) {
  const { field, value } = original;
  const { whenScaled } = { whenScaled: undefined, ...original };
  return {
    metadata: { annotations: { [standbyAnnotation]: null, [claimsAnnotation]: null } },
    spec: {
      [field]: value,
      ...(whenScaled && { persistentVolumeClaimRetentionPolicy: { whenScaled } }),
    },
  };
}

/** What a person should know of a held workload, beside that it is held; undefined: nothing. */
export function remarkOnHeld(copy: KubeObject | Draft | undefined): string | undefined {
  const original = copy && originalOf(copy);
  if (original?.field !== 'replicas' || original.whenScaled === undefined) return undefined;
  return 'it deletes its claims when it is scaled down (whenScaled: Delete): they stay while it is held, and it has that back once it is promoted';
}
