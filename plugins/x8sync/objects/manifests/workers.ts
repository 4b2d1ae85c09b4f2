/** The pods that copy beside the mover's, where both claims are seen from several nodes: an Indexed Job. */
import type { Job, PodSpec } from '../../../../src/kube/api/objects.ts';
import { PREFIX } from '../../../../src/tasks/names.ts';
import type { PodTemplate } from './pod-patch.ts';
import { moverCommand } from './pods.ts';

/** Pods that may be started anew in all; the copy goes on without them. */
const backoffLimit = 6;

const hostKey = 'kubernetes.io/hostname';

/** What the API server writes into the template of a Job. */
const controllersLabel = /^(batch\.kubernetes\.io\/)?(controller-uid|job-name)$/;

export interface WorkersMeta {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What all pods of the task's side bear. */
  readonly selector: Readonly<Record<string, string>>;
}

/**
 * The mover's Job once more, with another command: image, user, resources, placement, patches and settings are the
 * mover's, whichever run has made it. Another node is preferred, and none is waited for in vain: the mover copies what no
 * worker does. Its end means nothing; the mover's Job says how the copy ended.
 */
export function workersJob(mover: Job, count: number, { name, labels, selector }: WorkersMeta): Job {
  const { metadata, spec } = mover;
  const { podReplacementPolicy, podFailurePolicy } = spec as Record<string, unknown>;
  const { ownerReferences, namespace } = metadata;
  const own = Object.entries(metadata.annotations ?? {}).filter(([key]) => key.startsWith(PREFIX));
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace,
      labels: { ...labels },
      ownerReferences,
      annotations: Object.fromEntries(own),
    },
    spec: {
      completionMode: 'Indexed',
      completions: count,
      parallelism: count,
      backoffLimit,
      podReplacementPolicy,
      podFailurePolicy,
      template: workersTemplate(spec.template as PodTemplate, { labels, selector }),
    },
  } as Job;
}

function workersTemplate(
  { metadata, spec }: PodTemplate,
  { labels, selector }: Omit<WorkersMeta, 'name'>,
): PodTemplate {
  const own = Object.entries(metadata.labels ?? {}).filter(([key]) => !controllersLabel.test(key));
  const [container, ...others] = spec.containers;
  const containers = [{ ...container, command: moverCommand('work') }, ...others];
  return {
    metadata: { ...metadata, labels: { ...Object.fromEntries(own), ...labels } },
    spec: { ...spec, containers, topologySpreadConstraints: spreadOf(spec, selector) } as PodSpec,
  };
}

/** A person's own constraint for nodes stands. */
function spreadOf(spec: PodSpec, matchLabels: Readonly<Record<string, string>>): readonly object[] {
  const given = (spec.topologySpreadConstraints ?? []) as readonly { readonly topologyKey?: string }[];
  if (given.some(({ topologyKey }) => topologyKey === hostKey)) return given;
  const spread = { maxSkew: 1, topologyKey: hostKey, whenUnsatisfiable: 'ScheduleAnyway' };
  return [...given, { ...spread, labelSelector: { matchLabels } }];
}
