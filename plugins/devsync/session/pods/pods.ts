/** Which container a sync works with, now and after the next roll. */
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { isMet } from '../../../../src/kube/api/conditions.ts';
import type { Pod } from '../../../../src/kube/api/objects.ts';
import { pods } from '../../../../src/kube/api/resources.ts';
import { listWatch } from '../../../../src/kube/watch/watch.ts';
import {
  containerStatus,
  containersOf,
  defaultContainer,
  describeContainer,
} from '../../launch/containers.ts';
import type { Target } from '../../launch/launcher.ts';
import type { TargetSpec } from '../../spec/spec.ts';
import { whyNotReady } from './not-ready.ts';

/** The container to work with, and what to say where there is none. */
export interface Choice {
  readonly target: Target | undefined;
  readonly message: string;
}

/**
 * One rule for all: of the Ready pods that are not on their way out the oldest one, by name among equals. The
 * one that is worked with stays chosen as long as it qualifies.
 *
 * @param isHeld whether a container's program is held back until it is synced: it is not Ready before that.
 */
export function chooseTarget(
  candidates: Iterable<Pod>,
  spec: TargetSpec,
  current: Target | undefined,
  isHeld: (containerId: string) => boolean = () => false,
): Choice {
  const all = [...candidates];
  const usable = all.map((pod) => targetIn(pod, spec)).filter((one) => one !== undefined);
  const stays = usable.find((one) => one.containerId === current?.containerId);
  if (stays) return { target: stays, message: '' };
  const held = usable.find(({ containerId }) => isHeld(containerId));
  if (held) return { target: held, message: `pod ${held.pod.metadata.name}, whose program is held back` };
  const ready = usable.filter(({ pod, container }) => isReady(pod, container)).sort(byAge);
  const [first] = ready;
  if (first) {
    const others = ready.length > 1 ? ` (the oldest of ${ready.length})` : '';
    const which = describeContainer(first.pod, first.container, spec.container !== undefined);
    return { target: first, message: `pod ${first.pod.metadata.name}${others}, ${which}` };
  }
  return { target: undefined, message: whyNone(all, spec) };
}

export function byAge({ pod: one }: Target, { pod: other }: Target): number {
  const [a, b] = [one.metadata, other.metadata];
  const age = (a.creationTimestamp ?? '').localeCompare(b.creationTimestamp ?? '');
  return age !== 0 ? age : a.name.localeCompare(b.name);
}

/** The container in a pod that a specification means, if it runs and the pod is not on its way out. */
export function targetIn(pod: Pod, spec: TargetSpec): Target | undefined {
  const status = containerStatus(pod, spec.container ?? defaultContainer(pod) ?? '');
  const isLeaving = pod.metadata.deletionTimestamp !== undefined;
  if (isLeaving || pod.status?.phase !== 'Running' || !status?.state?.running || !status.containerID)
    return undefined;
  return {
    namespace: pod.metadata.namespace ?? '',
    pod,
    container: status.name,
    containerId: status.containerID,
    imageId: status.imageID ?? '',
  };
}

export function isReady(pod: Pod, container: string): boolean {
  return (
    isMet(pod, 'Ready') || (containerStatus(pod, container)?.ready === true && containersOf(pod).length > 1)
  );
}

export function whyNone(all: readonly Pod[], { selector, pod, container }: TargetSpec): string {
  const wanted = pod === undefined ? `pods with ${selector}` : `pod ${pod}`;
  if (all.length === 0)
    return `there is no ${pod === undefined ? 'pod' : ''} ${pod ?? `with ${selector}`}`.replace(
      'no  ',
      'no pod ',
    );
  const lacking = all.find((one) => container && !containersOf(one).some(({ name }) => name === container));
  if (lacking) {
    const names = containersOf(lacking)
      .map(({ name }) => name)
      .join(', ');
    return `pod ${lacking.metadata.name} has no container ${container}; it has ${names}`;
  }
  return `${wanted}: none of ${all.length} is ready${aboutNewest(all, container)}`;
}

/** What keeps the newest one from being ready: those before it may be on their way out. */
function aboutNewest(all: readonly Pod[], container: string | undefined): string {
  const createdAt = ({ metadata }: Pod) => metadata.creationTimestamp ?? '';
  const [newest] = all.toSorted((one, other) => createdAt(other).localeCompare(createdAt(one)));
  const why = newest && whyNotReady(newest, container ?? defaultContainer(newest) ?? '');
  return why === undefined ? '' : `; ${newest?.metadata.name} ${why}`;
}

/**
 * Tells the choice whenever it changes, and without a message whenever the chosen pod does (it has got one of our
 * containers, which is not to be made again), until the signal says stop. Rejects where pods may not be listed.
 */
export async function followTarget(
  kube: KubeClient,
  namespace: string,
  spec: TargetSpec,
  onChoice: (choice: Choice) => void,
  signal: AbortSignal,
  isHeld?: (containerId: string) => boolean,
): Promise<void> {
  let current: Target | undefined;
  let lastMessage: string | undefined;
  const choose = (known: Iterable<Pod>) => {
    const choice = chooseTarget(known, spec, current, isHeld);
    const isSame = choice.target?.pod === current?.pod;
    current = choice.target;
    if (isSame && (choice.target !== undefined || choice.message === lastMessage)) return;
    lastMessage = choice.message;
    onChoice(choice);
  };
  await followPods(kube, namespace, spec, choose, signal);
}

/** Tells all pods that a specification may mean whenever one of them changes. Rejects where pods may not be listed. */
export async function followPods(
  kube: KubeClient,
  namespace: string,
  spec: TargetSpec,
  onPods: (known: readonly Pod[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const known = new Map<string, Pod>();
  const tell = () => onPods([...known.values()]);
  const handler = {
    replaced: (items: Pod[]) => {
      known.clear();
      for (const pod of items) known.set(pod.metadata.name, pod);
      tell();
    },
    event: (type: string, pod: Pod) => {
      if (type === 'DELETED') known.delete(pod.metadata.name);
      else known.set(pod.metadata.name, pod);
      tell();
    },
  };
  await listWatch(kube, pods, { namespace, ...scopeOf(spec) }, handler, signal);
}

/** The pods that a specification may mean, as they are now. */
export async function listPods(
  kube: KubeClient,
  namespace: string,
  spec: TargetSpec,
  signal: AbortSignal,
): Promise<Pod[]> {
  return (await kube.list(pods, { namespace, signal, ...scopeOf(spec) })).items;
}

const scopeOf = ({ selector, pod }: TargetSpec) => ({
  ...(selector !== undefined && { labelSelector: selector }),
  ...(pod !== undefined && { fieldSelector: `metadata.name=${pod}` }),
});
