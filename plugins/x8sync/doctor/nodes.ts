/** Nodes on which a pod of a copy may run, and whether they have its image. Pure. */
import { X8sError } from '../../../src/errors.ts';
import type { Node, PodSpec } from '../../../src/kube/api/objects.ts';
import { formatPlural } from '../../../src/ui/format.ts';
import { type Finding, failed, note, ok } from './finding.ts';

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

type Place = Pick<Finding, 'side' | 'check'>;

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
export function nodeObstacle({ metadata, spec, status }: Node, pod: PodSpec): string | undefined {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status !== 'True') return 'it is not ready';
  const { nodeSelector = {}, tolerations = [] } = pod as {
    nodeSelector?: Record<string, string>;
    tolerations?: readonly Toleration[];
  };
  const taints = (spec?.taints ?? []) as readonly Taint[];
  const taint = taints.find((one) => one.effect !== 'PreferNoSchedule' && !tolerates(tolerations, one));
  if (taint) return `it has the taint ${taint.key}${taint.value ? `=${taint.value}` : ''}:${taint.effect}`;
  if (spec?.unschedulable && !tolerates(tolerations, cordon)) return 'it is cordoned';
  const lacking = Object.entries(nodeSelector).find(([key, value]) => metadata.labels?.[key] !== value);
  return lacking && `it has no label ${lacking.join('=')}`;
}

/** What a cordoned node's taint is, whether or not the controller has put it there yet. */
const cordon: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** Whether some node takes the pod; `only` is the one on which the claim is mounted, if it is tied to one. */
export function nodeFindings(
  place: Place,
  nodes: readonly Node[],
  pod: PodSpec,
  only: string | undefined,
): Finding[] {
  const candidates = only === undefined ? nodes : nodes.filter(({ metadata }) => metadata.name === only);
  const obstacles = candidates.map((node) => ({
    name: node.metadata.name,
    why: nodeObstacle(node, pod),
  }));
  const free = obstacles.filter(({ why }) => why === undefined);
  const against = obstacles.flatMap(({ name, why }) => (why === undefined ? [] : [`${name}: ${why}`]));
  const tied = only === undefined ? '' : `, and the claim is in use on ${only}`;
  if (free.length > 0) {
    const others = against.length > 0 ? `; not ${against.join(', ')}` : '';
    return [
      ok(place, `the pod may run on ${free.length} of ${formatPlural(nodes.length, 'node')}${tied}${others}`),
    ];
  }
  const error = new X8sError(`the pod may run on no node${tied}: ${against.join(', ') || 'there is none'}`, {
    hint: '--toleration and --node-selector say where the pods may run',
  });
  return [failed(place, error)];
}

interface NodeImages {
  readonly images?: readonly { readonly names?: readonly string[] }[];
}

/** Which nodes have the image already; that the others can pull it shows only when a pod is there. */
export function imageFindings(place: Place, nodes: readonly Node[], image: string): Finding[] {
  const names = new Set([image, `docker.io/${image}`, `docker.io/library/${image}`]);
  const having = nodes.filter(({ status }) =>
    ((status ?? {}) as NodeImages).images?.some((one) => one.names?.some((name) => names.has(name))),
  );
  const where = `${having.length} of ${formatPlural(nodes.length, 'node')}`;
  if (having.length === nodes.length && nodes.length > 0) return [ok(place, `${image} is on ${where}`)];
  return [note(place, `${image} is on ${where}; the others have to pull it, which was not tried`)];
}
