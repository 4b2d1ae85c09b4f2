/** Who else may scale a workload while it is to stand still: named beforehand, since it would end a cutover. */
import { isForbidden, isNotFound } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { ownershipMarks } from '../../../src/kube/api/ownership.ts';
import { horizontalPodAutoscalers } from '../../../src/kube/api/resources.ts';
import type { NamespaceRef } from '../claims/claim.ts';
import type { Workload } from '../records/claim-workloads.ts';

interface Autoscaler extends KubeObject {
  spec?: {
    scaleTargetRef?: { kind?: string; name?: string };
    minReplicas?: number;
    maxReplicas?: number;
  };
}

const marks = ownershipMarks.filter(({ keeps }) => keeps);

/** Field managers that apply what lies in a repository. */
const appliers = /^(argocd|kustomize-controller|helm-controller|fleet|flux)/;

/** What a cutover does with a workload that others may scale as well. */
export type Use = 'stopped' | 'started';

/**
 * A line on each that may scale one of these workloads: one that is to stand still, or one that is to come up with the
 * pods that the other side had.
 */
export async function otherScalers(
  { kube, namespace }: NamespaceRef,
  workloads: readonly Workload[],
  use: Use,
  signal: AbortSignal,
): Promise<string[]> {
  if (workloads.length === 0) return [];
  const autoscalers = await listAutoscalers(kube, namespace, signal);
  const unseen = autoscalers === undefined ? [unseenLine('HorizontalPodAutoscalers', namespace)] : [];
  const lines = workloads.flatMap((workload) => [
    ...(autoscalers ?? [])
      .filter((one) => scales(one, workload))
      .map((one) => autoscalerLine(one, workload, use)),
    ...markLines(workload, use),
  ]);
  return [...unseen, ...lines];
}

/** What this user may not see may be there. */
export const unseenLine = (what: string, namespace: string): string =>
  `${what} of namespace ${namespace} may not be listed by this user: whether one starts pods meanwhile is not known`;

/** Undefined where they may not be listed. */
async function listAutoscalers(
  kube: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<Autoscaler[] | undefined> {
  try {
    return (await kube.list(horizontalPodAutoscalers, { namespace, signal })).items as Autoscaler[];
  } catch (error) {
    if (isForbidden(error)) return undefined;
    if (isNotFound(error)) return [];
    throw error;
  }
}

const scales = ({ spec }: Autoscaler, { kind, name }: Workload): boolean =>
  spec?.scaleTargetRef?.kind === kind && spec.scaleTargetRef.name === name;

/** An autoscaler of Kubernetes' own leaves zero alone, unless it may go there itself; KEDA starts from there. */
function autoscalerLine(
  { metadata: { name, labels = {} }, spec = {} }: Autoscaler,
  { kind, name: workload, replicas }: Workload,
  use: Use,
): string {
  const object = labels['scaledobject.keda.sh/name'];
  const { minReplicas = 1, maxReplicas = Number.POSITIVE_INFINITY } = spec;
  const who = object === undefined ? `HorizontalPodAutoscaler ${name}` : `KEDA's ScaledObject ${object}`;
  const line = `${who} scales ${kind} ${workload}`;
  const startsIt = object !== undefined || minReplicas === 0;
  if (use === 'stopped')
    return startsIt ? `${line}, and may start it again: pause it` : `${line}; at zero it stands still`;
  if (startsIt) return `${line} of the target, and may start it before its files are whole: pause it`;
  return maxReplicas < replicas
    ? `${line} of the target, and leaves it ${maxReplicas} pods of the ${replicas} that it is to have`
    : `${line} of the target from the moment at which it is started`;
}

/** What its labels, annotations, owners and the managers of its replica count tell. */
function markLines({ kind, name, object }: Workload, use: Use): string[] {
  const { labels = {}, annotations = {}, ownerReferences = [] } = object.metadata;
  const keys = [...Object.keys(labels), ...Object.keys(annotations)];
  const who = new Set([
    ...marks.filter(({ key }) => keys.some((one) => key.test(one))).map(({ who }) => who),
    ...replicaManagers(object).filter((manager) => appliers.test(manager)),
    ...ownerReferences.filter(({ controller }) => controller).map((owner) => `${owner.kind} ${owner.name}`),
  ]);
  const [where, ending] =
    use === 'stopped'
      ? ['', 'may start it again: pause that']
      : [
          ' of the target',
          'may set its number of pods back: pause that, and give it the number there as well',
        ];
  return [...who].map((one) => `${kind} ${name}${where} is managed by ${one}, which ${ending}`);
}

/** Who has set the number of pods, by the API server's own book. */
function replicaManagers({ metadata: { managedFields = [] } }: KubeObject): string[] {
  const entries = managedFields as {
    manager?: string;
    fieldsV1?: { 'f:spec'?: { 'f:replicas'?: unknown } };
  }[];
  return entries.flatMap(({ manager, fieldsV1 }) =>
    manager !== undefined && fieldsV1?.['f:spec']?.['f:replicas'] !== undefined ? [manager] : [],
  );
}
