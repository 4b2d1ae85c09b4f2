/** The containers of a pod that can be synced with. */
import type { ContainerStatus, Pod } from '../../../src/kube/api/objects.ts';

/** What kubectl takes for the container that is meant where none is named. */
const defaultAnnotation = 'kubectl.kubernetes.io/default-container';

/** A container as a pod's specification has it. */
export interface Container extends Readonly<Record<string, unknown>> {
  readonly name: string;
}

/** Those that run as long as the pod does: its own, and init containers that never end (native sidecars). */
export function containersOf({ spec }: Pod): Container[] {
  const begun = (spec.initContainers ?? []) as Container[];
  const sidecars = begun.filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...(spec.containers as Container[]), ...sidecars];
}

/** One of them. */
export function containerOf(pod: Pod, name: string): Container | undefined {
  return containersOf(pod).find((container) => container.name === name);
}

/** The container that is meant where none is named: the one that the pod's annotation says, or the first. */
export function defaultContainer(pod: Pod): string | undefined {
  const named = pod.metadata.annotations?.[defaultAnnotation];
  return named !== undefined && containerOf(pod, named) ? named : containersOf(pod)[0]?.name;
}

/** What the cluster says of one of them. */
export function containerStatus({ status }: Pod, name: string): ContainerStatus | undefined {
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  return all.find((one) => one.name === name);
}

/** Containers that were named, in a few words. */
export const namedContainers = (names: readonly string[]): string =>
  names.length === 1 ? `container ${names[0]}` : `containers ${names.join(', ')}`;

/** A container in a few words; where it was not named, with how it was chosen among how many. */
export function describeContainer(pod: Pod, container: string, isNamed: boolean): string {
  const others = containersOf(pod).length;
  if (isNamed || others === 1) return `container ${container}`;
  const why =
    container === pod.metadata.annotations?.[defaultAnnotation] ? 'annotated as default' : 'the first';
  return `container ${container} (${why} of ${others})`;
}
