/** Workloads by the claims that their pods mount, or would: found through their templates. */
import type { KubeObject, PodSpec } from '../../../src/kube/api/objects.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import { Label, managerOf } from '../../../src/tasks/names.ts';
import type { ClaimRef } from '../claims/claim.ts';
import { tool } from '../objects/sides.ts';
import { type ScaledWorkload, type WorkloadKind, workloadResources } from './cutover-state.ts';

/** A Deployment or a StatefulSet as it was read. */
export interface Workload extends ScaledWorkload {
  readonly object: WorkloadObject;
}

export interface WorkloadObject extends KubeObject {
  spec: {
    replicas?: number;
    /** Of a Deployment: a change of its template waits. */
    paused?: boolean;
    updateStrategy?: { readonly rollingUpdate?: { readonly partition?: number } };
    template: { spec?: Pick<PodSpec, 'volumes' | 'nodeSelector' | 'affinity'> };
    volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
    ordinals?: { readonly start?: number };
    persistentVolumeClaimRetentionPolicy?: { readonly whenScaled?: 'Retain' | 'Delete' };
  };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    readyReplicas?: number;
    updatedReplicas?: number;
  };
}

/** Their kinds, to be read with their templates. */
export const readWorkloads = workloadResources as Readonly<Record<WorkloadKind, Resource<WorkloadObject>>>;

/** The workloads whose pods would mount a claim, running or not; what x8sync itself has made is none. */
export async function workloadsByTemplate(
  { kube, namespace, claim }: ClaimRef,
  signal: AbortSignal,
): Promise<Workload[]> {
  const kinds = ['Deployment', 'StatefulSet'] as const;
  const found = await Promise.all(
    kinds.map(async (kind) => {
      const { items } = await kube.list(readWorkloads[kind], { namespace, signal });
      const users = items.filter((object) => !isOfTask(object) && mounts(object, claim));
      return users.map((object) => described(kind, object));
    }),
  );
  return found.flat();
}

/** The server of a source is a StatefulSet, too. */
const isOfTask = ({ metadata: { labels } }: KubeObject): boolean =>
  labels?.[Label.managedBy] === managerOf(tool);

export function described(kind: ScaledWorkload['kind'], object: WorkloadObject): Workload {
  const { name, uid = '' } = object.metadata;
  return { kind, name, uid, replicas: object.spec.replicas ?? 1, object };
}

/** By name in its template, or as one of the claims that a StatefulSet makes: TEMPLATE-NAME-NUMBER. */
export function mounts(object: WorkloadObject, claim: string): boolean {
  if (volumesOf(object).includes(claim)) return true;
  const own = object.spec.volumeClaimTemplates ?? [];
  return own.some(({ metadata: { name } }) => {
    const start = `${name}-${object.metadata.name}-`;
    return claim.startsWith(start) && /^\d+$/.test(claim.slice(start.length));
  });
}

/** Claims that its template names, volume by volume; empty for a volume that is no claim. */
export const volumesOf = ({ spec: { template } }: WorkloadObject): string[] =>
  (template.spec?.volumes ?? []).map((volume) => volume.persistentVolumeClaim?.claimName ?? '');

/** Claims that the pods of a workload mount, as many as it has now. */
export function claimsOf({ object, name, replicas }: Workload): string[] {
  const { volumeClaimTemplates = [], ordinals } = object.spec;
  const start = ordinals?.start ?? 0;
  const numbers = Array.from({ length: replicas }, (_, index) => start + index);
  const own = volumeClaimTemplates.flatMap(({ metadata }) =>
    numbers.map((number) => `${metadata.name}-${name}-${number}`),
  );
  const named = replicas === 0 ? [] : volumesOf(object).filter((claim) => claim !== '');
  return [...new Set([...named, ...own])];
}

/**
 * Those that are to have pods with a claim, whoever has started them, by their names: one that was made anew is one as well.
 *
 * @throws ForbiddenError where they may not be listed.
 */
export async function runningWith(ref: ClaimRef, signal: AbortSignal): Promise<ScaledWorkload[]> {
  const all = await workloadsByTemplate(ref, signal);
  const running = all.filter((workload) => claimsOf(workload).includes(ref.claim));
  return running.map(({ kind, name, uid, replicas }) => ({ kind, name, uid, replicas }));
}
