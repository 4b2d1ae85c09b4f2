/** Who else may scale a workload while it is to stand still: named beforehand, since it would end a cutover. */
import { isForbidden, isNotFound } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { ownershipMarks } from '../../../src/kube/api/ownership.ts';
import { horizontalPodAutoscalers } from '../../../src/kube/api/resources.ts';
import type { Workload } from './workloads.ts';

interface Autoscaler extends KubeObject {
  spec?: { scaleTargetRef?: { kind?: string; name?: string } };
}

const marks = ownershipMarks.filter(({ keeps }) => keeps);

/** Field managers that apply what lies in a repository. */
const appliers = /^(argocd|kustomize-controller|helm-controller|fleet|flux)/;

/** A line on each that may scale one of these workloads. */
export async function otherScalers(
  kube: KubeClient,
  namespace: string,
  workloads: readonly Workload[],
  signal: AbortSignal,
): Promise<string[]> {
  const autoscalers = await listAutoscalers(kube, namespace, signal);
  const unseen =
    autoscalers === undefined && workloads.length > 0
      ? [unseenLine('HorizontalPodAutoscalers', namespace)]
      : [];
  const lines = workloads.flatMap((workload) => [
    ...(autoscalers ?? []).filter((one) => scales(one, workload)).map((one) => autoscalerLine(one, workload)),
    ...markLines(workload),
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

function autoscalerLine({ metadata: { name, labels = {} } }: Autoscaler, workload: Workload): string {
  const object = labels['scaledobject.keda.sh/name'];
  // An autoscaler of Kubernetes' own leaves zero alone; KEDA starts from there.
  return object === undefined
    ? `HorizontalPodAutoscaler ${name} scales ${workload.kind} ${workload.name}; at zero it stands still`
    : `KEDA's ScaledObject ${object} scales ${workload.kind} ${workload.name}, and may start it again: pause it`;
}

/** What its labels, annotations, owners and the managers of its replica count tell. */
function markLines({ kind, name, object }: Workload): string[] {
  const { labels = {}, annotations = {}, ownerReferences = [] } = object.metadata;
  const keys = [...Object.keys(labels), ...Object.keys(annotations)];
  const who = new Set([
    ...marks.filter(({ key }) => keys.some((one) => key.test(one))).map(({ who }) => who),
    ...replicaManagers(object).filter((manager) => appliers.test(manager)),
    ...ownerReferences.filter(({ controller }) => controller).map((owner) => `${owner.kind} ${owner.name}`),
  ]);
  return [...who].map((one) => `${kind} ${name} is managed by ${one}, which may start it again: pause that`);
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
