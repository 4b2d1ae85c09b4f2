/** What a person wants of the pods beyond what a copy needs: resources, placement, labels, and a patch for any other. */
import type { PodSpec } from '../../../../src/kube/api/objects.ts';
import { mergeTemplate, type PodTemplate } from './pod-patch.ts';
import { requireSafe } from './pod-safety.ts';

/** Of CPU or memory: what a pod asks for, and the most that it may take. */
export interface Amount {
  readonly request?: string | undefined;
  readonly limit?: string | undefined;
}

export interface Toleration {
  readonly key: string;
  readonly operator: 'Exists' | 'Equal';
  readonly value?: string;
  readonly effect?: string;
}

export interface PodOptions {
  readonly imagePullSecrets?: readonly string[] | undefined;
  readonly serviceAccount?: string | undefined;
  readonly cpu?: Amount | undefined;
  readonly memory?: Amount | undefined;
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
  readonly tolerations?: readonly Toleration[] | undefined;
  readonly priorityClass?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Strategic merge patches of the pod template, by the side that they are for. */
  readonly patches?: readonly PodPatch[] | undefined;
}

export interface PodPatch {
  /** Both where absent. */
  readonly side?: 'source' | 'target' | undefined;
  /** The file, for messages. */
  readonly from: string;
  readonly patch: Readonly<Record<string, unknown>>;
}

/**
 * What a pod asks for. Measured with 20,000 files (150 MB): the source's takes 18 to 23 MB, 35 at most, the target's 27,
 * beside caches. Node.js has another 48 MB of program files mapped, which pods of one node share.
 */
const requests = { cpu: '10m', memory: '64Mi' };

/**
 * Limits where a namespace admits no pod without. Elsewhere there are none: rsync takes more for a folder of very many
 * entries, and a processor that is idle is a copy that takes longer.
 */
const limits = { cpu: '2', memory: '1Gi' };

/** The container's resources. `isLimited`: the namespace admits no pod without limits. */
export function resourcesOf({ cpu, memory }: PodOptions, isLimited: boolean): object {
  const most = {
    cpu: cpu?.limit ?? (isLimited ? limits.cpu : undefined),
    memory: memory?.limit ?? (isLimited ? limits.memory : undefined),
  };
  const given = Object.entries(most).filter(([, amount]) => amount !== undefined);
  return {
    requests: { cpu: cpu?.request ?? requests.cpu, memory: memory?.request ?? requests.memory },
    ...(given.length > 0 && { limits: Object.fromEntries(given) }),
  };
}

/** The fields of a pod's specification that these options set. */
export function specOptions(options: PodOptions, tolerations: readonly object[]): Partial<PodSpec> {
  const { imagePullSecrets = [], serviceAccount, nodeSelector, priorityClass } = options;
  const all = [...tolerations, ...(options.tolerations ?? [])];
  return {
    ...(imagePullSecrets.length > 0 && { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
    ...(serviceAccount !== undefined && { serviceAccountName: serviceAccount }),
    ...(nodeSelector && Object.keys(nodeSelector).length > 0 && { nodeSelector: { ...nodeSelector } }),
    ...(all.length > 0 && { tolerations: all }),
    ...(priorityClass !== undefined && { priorityClassName: priorityClass }),
  };
}

/**
 * The template with its labels, annotations and patches.
 *
 * @throws RefusedError where a patch changes what keeps data safe.
 */
export function withPodOptions(
  template: PodTemplate,
  { labels, annotations, patches = [] }: PodOptions,
  side: 'source' | 'target',
): PodTemplate {
  const { metadata, spec } = template;
  const ours: PodTemplate = {
    // What a task is found by stands above what a person names.
    metadata: {
      labels: { ...labels, ...metadata.labels },
      annotations: { ...metadata.annotations, ...annotations },
    },
    spec,
  };
  return patches
    .filter((one) => one.side === undefined || one.side === side)
    .reduce((patched, { patch, from }) => {
      const next = mergeTemplate(patched, patch, side);
      requireSafe(ours, next, side, from);
      return next;
    }, ours);
}
