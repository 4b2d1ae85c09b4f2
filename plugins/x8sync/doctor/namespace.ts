/** What the namespace of a side has against the pods and objects of a copy: admission, quotas, limits, nodes. */
import { RefusedError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject, PodSpec } from '../../../src/kube/api/objects.ts';
import {
  jobs,
  limitRanges,
  nameOf,
  networkPolicies,
  type Resource,
  resourceQuotas,
  secrets,
  statefulSets,
} from '../../../src/kube/api/resources.ts';
import type { ClaimState } from '../claims/claim.ts';
import { madeFor } from '../connect/strategies.ts';
import { readNodes } from '../monitor/nodes.ts';
import { sourceNetworkPolicy, sourceSecret } from '../objects/manifests/source.ts';
import type { Role } from '../objects/sides.ts';
import { admittedPod, podIdentity, privilegeChoice } from '../preflight/pod-privileges.ts';
import { sampleTargetPod } from '../run/pods/mover-pod.ts';
import { sampleSourcePod } from '../run/pods/source-server.ts';
import type { CopyRequest } from '../run/request/request.ts';
import type { Right } from './access.ts';
import { checked, type Finding, failed, note, ok } from './finding.ts';
import { limitRangeFindings, type PodResources, quotaFindings } from './limits.ts';
import { imageFindings, nodeFindings, seLinuxFindings } from './nodes.ts';
import { trialSide, tryCreate } from './trial.ts';

type Wishes = Pick<CopyRequest, 'image' | 'pod' | 'runAs' | 'trustedXattrs' | 'strategies' | 'push'>;

/** Nothing where the claim could not be read. */
export async function examineNamespace(
  side: Role,
  claim: ClaimState | undefined,
  wishes: Wishes,
  rights: readonly Right[],
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (!claim) return [];
  const look = { side, claim, wishes, rights, signal };
  const { pod, findings } = await podOf(look);
  const rest = await Promise.all([limits(look, pod), objects(look), placement(look, pod)]);
  return [...findings, ...rest.flat()];
}

interface Look {
  readonly side: Role;
  readonly claim: ClaimState;
  readonly wishes: Wishes;
  readonly rights: readonly Right[];
  readonly signal: AbortSignal;
}

const words = {
  admin: 'admits a pod that is root and has CAP_SYS_ADMIN: everything is kept',
  root: 'admits a pod that is root with few capabilities: owners and devices are kept',
  user: 'admits no root in a pod: an ordinary user copies, and owners, devices and file capabilities are not kept',
} as const;

/** The pod that would be made, and what the namespace says of it. */
async function podOf({
  side,
  claim,
  wishes,
  signal,
}: Look): Promise<{ pod: PodSpec; findings: readonly Finding[] }> {
  const { kube, namespace } = claim.ref;
  const pods = { image: wishes.image, options: wishes.pod, identity: podIdentity(wishes) };
  const choice = privilegeChoice(side, wishes);
  const sample =
    side === 'source' ? sampleSourcePod(claim, pods) : sampleTargetPod(claim, 'merge', pods, wishes.push);
  const place = { side, check: 'pod admission' };
  let pod = sample(choice[0] ?? 'user');
  const findings = await checked(place, signal, async () => {
    const { privileges, isLimited } = await admittedPod(kube, namespace, choice, sample, signal);
    pod = sample(privileges, isLimited);
    const isLess = privileges === 'user' && wishes.runAs === undefined;
    return [
      isLess ? note(place, words.user) : ok(place, privileges === 'user' ? asWished : words[privileges]),
    ];
  });
  return { pod, findings };
}

const asWished = 'admits a pod that runs as the user of --run-as';

async function limits(look: Look, pod: PodSpec): Promise<readonly Finding[]> {
  const { side, claim, signal, wishes } = look;
  const { kube, namespace } = claim.ref;
  const { server, service } = madeFor(wishes.strategies);
  const resources = (pod.containers[0]?.resources ?? {}) as PodResources;
  const isDialled = (side === 'source') !== (wishes.push ?? false);
  const common = { secrets: one(server), services: one(service && isDialled) };
  const objects =
    side === 'source'
      ? { configmaps: '1', ...common, 'statefulsets.apps': one(server) }
      : { configmaps: '2', ...common, 'jobs.batch': '1' };
  const [quota, limit] = [
    { side, check: 'quota' },
    { side, check: 'limit range' },
  ];
  const [quotas, ranges] = await Promise.all([
    listed(kube, resourceQuotas, namespace, signal),
    listed(kube, limitRanges, namespace, signal),
  ]);
  return [
    ...(quotas ? quotaFindings(quota, quotas, { objects, pods: [resources] }) : [unread(quota, 'quotas')]),
    ...(ranges ? limitRangeFindings(limit, ranges, resources) : [unread(limit, 'limit ranges')]),
  ];
}

const one = (isMade: boolean): string => (isMade ? '1' : '0');

const unread = (place: Pick<Finding, 'side' | 'check'>, what: string) =>
  note(place, `${what} may not be read by this user, so they were not looked at`);

/** What else is made there, by dry run. */
async function objects({ side, claim, wishes, rights, signal }: Look): Promise<readonly Finding[]> {
  const { kube, namespace } = claim.ref;
  const at = trialSide(side, namespace);
  const template = { metadata: { labels: at.selector }, spec: emptyPod(wishes.image, side) };
  const { server } = madeFor(wishes.strategies);
  const secret = sourceSecret(at, { hostKey: '', authorizedKey: '', passwd: undefined }, {});
  const workload: readonly [Resource, KubeObject] =
    side === 'source'
      ? [
          statefulSets,
          {
            metadata: at.meta,
            spec: { serviceName: at.meta.name, selector: { matchLabels: at.selector }, template },
          },
        ]
      : [
          jobs,
          {
            metadata: at.meta,
            spec: { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } },
          },
        ];
  const all: readonly (readonly [Resource, KubeObject])[] = [
    ...(server || side === 'target' ? [workload] : []),
    ...(server ? [[secrets, secret] as const, [networkPolicies, sourceNetworkPolicy(at)] as const] : []),
  ];
  const mayMake = (resource: Resource) =>
    !rights.some(
      ({ allowed, ...right }) => !allowed && right.side === side && right.resource === nameOf(resource),
    );
  const found = await Promise.all(
    all
      .filter(([resource]) => mayMake(resource))
      .map(([resource, object]) => tried(side, kube, resource, object, signal)),
  );
  return found.flat();
}

/** Enough of a pod for what judges the object around it; the pod itself is judged by its own. */
const emptyPod = (image: string, name: string): PodSpec => ({ containers: [{ name, image }] });

async function tried(
  side: Role,
  kube: KubeClient,
  resource: Resource,
  object: KubeObject,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const place = { side, check: resource.kind };
  return checked(place, signal, async () => {
    const refusal = await tryCreate(kube, resource, object, signal);
    if (!refusal) return [ok(place, 'admitted')];
    const isNeeded = resource !== networkPolicies;
    return isNeeded
      ? [failed(place, new RefusedError(refusal.message, { details: refusal.details }))]
      : [note(place, `${refusal.message}; where traffic is denied by default, no pod is reached without it`)];
  });
}

async function placement({ side, claim, wishes, signal }: Look, pod: PodSpec): Promise<readonly Finding[]> {
  const { kube } = claim.ref;
  const [image, node] = [
    { side, check: 'image' },
    { side, check: 'nodes' },
  ];
  const all = await readNodes(kube, signal);
  if (!all)
    return [unread(node, 'nodes'), note(image, `${wishes.image}; whether nodes have it may not be asked`)];
  return [
    ...nodeFindings(node, all, pod, claim.node),
    ...seLinuxFindings({ side, check: 'mounted by' }, all, claim.mounts),
    ...imageFindings(image, all, wishes.image),
  ];
}

async function listed<T extends KubeObject>(
  kube: KubeClient,
  resource: Resource<T>,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<readonly T[] | undefined> {
  try {
    return (await kube.list(resource, { namespace, signal })).items;
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}
