/** Nodes on which a pod of a copy may run. */
import { X8sError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { isMet } from '../../../src/kube/api/conditions.ts';
import type { Node, PodSpec } from '../../../src/kube/api/objects.ts';
import { nodes } from '../../../src/kube/api/resources.ts';
import { formatPlural } from '../../../src/ui/format.ts';

/** The cluster's nodes, or undefined where they may not be listed. */
export async function readNodes(kube: KubeClient, signal: AbortSignal): Promise<readonly Node[] | undefined> {
  try {
    return (await kube.list(nodes, { signal })).items;
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

/** As a pod has it; without a key it tolerates every taint. */
export interface Toleration {
  readonly key?: string;
  readonly operator?: 'Exists' | 'Equal';
  readonly value?: string;
  readonly effect?: string;
}

/** Whether a pod of these tolerations may come to a node of this taint (k8s.io/api/core/v1, ToleratesTaint). */
export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some(
    ({ key, operator = 'Equal', value = '', effect }) =>
      (effect === undefined || effect === '' || effect === taint.effect) &&
      (key === undefined || key === '' ? operator === 'Exists' : key === taint.key) &&
      (operator === 'Exists' || value === (taint.value ?? '')),
  );
}

/** Why a pod can't come to a node, as far as the node tells; undefined where nothing is known against it. */
export function nodeObstacle(node: Node, pod: PodSpec): string | undefined {
  const { metadata, spec } = node;
  if (!isMet(node, 'Ready')) return 'it is not ready';
  const { nodeSelector = {}, tolerations = [] } = pod as {
    nodeSelector?: Record<string, string>;
    tolerations?: readonly Toleration[];
  };
  const taints = (spec?.taints ?? []) as readonly Taint[];
  if (spec?.unschedulable && !tolerates(tolerations, cordon)) return 'it is cordoned';
  const taint = taints.find((one) => one.effect !== 'PreferNoSchedule' && !tolerates(tolerations, one));
  if (taint) return `it has the taint ${taint.key}${taint.value ? `=${taint.value}` : ''}:${taint.effect}`;
  const lacking = Object.entries(nodeSelector).find(([key, value]) => metadata.labels?.[key] !== value);
  return lacking && `it has no label ${lacking.join('=')}`;
}

const shownNodes = 5;

/**
 * A line for each node that can't take a pod for what the node itself tells: the scheduler names no taint. None where
 * the nodes can't be listed.
 */
export async function nodeObstacles(kube: KubeClient, pod: PodSpec, signal: AbortSignal): Promise<string[]> {
  const all = await readNodes(kube, signal).catch((error: unknown) => {
    if (error instanceof X8sError) return undefined;
    throw error;
  });
  const lines = (all ?? []).flatMap((node) => {
    const why = nodeObstacle(node, pod);
    return why === undefined ? [] : [`node ${node.metadata.name}: ${why}`];
  });
  const left = lines.length - shownNodes;
  return left > 0 ? [...lines.slice(0, shownNodes), `and ${formatPlural(left, 'node')} more`] : lines;
}

/** What a cordoned node's taint is, whether or not the controller has put it there yet. */
const cordon: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
