/** Nodes on which a pod of a copy may run, and whether they have its image. Pure. */
import { X8sError } from '../../../src/errors.ts';
import type { Node, PodSpec } from '../../../src/kube/api/objects.ts';
import { formatPlural } from '../../../src/ui/format.ts';
import type { ClaimMount } from '../claims/claim.ts';
import { nodeObstacle } from '../monitor/nodes.ts';
import { type Finding, failed, note, ok } from './finding.ts';

type Place = Pick<Finding, 'side' | 'check'>;

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

/** What Node Feature Discovery finds out: the API server itself does not tell whether a node has SELinux. */
const seLinuxLabel = 'feature.node.kubernetes.io/kernel-selinux.enabled';

/** Pods beside which one of a copy comes with another SELinux level: what they named is taken, and they name none. */
export function seLinuxFindings(
  place: Place,
  nodes: readonly Node[],
  mounts: readonly ClaimMount[],
): Finding[] {
  const enforcing = new Set(
    nodes
      .filter(({ metadata }) => metadata.labels?.[seLinuxLabel] === 'true')
      .map(({ metadata }) => metadata.name),
  );
  return mounts
    .filter(
      ({ node, task, seLinuxLevel }) =>
        task === undefined && seLinuxLevel === undefined && enforcing.has(node ?? ''),
    )
    .map(({ pod, node }) =>
      note(
        place,
        `${pod} is on node ${node}, which has SELinux, and names no level (securityContext.seLinuxOptions): it may lose the volume to a pod of the copy there, whose level is another; give it one before, which the copy then takes`,
      ),
    );
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
