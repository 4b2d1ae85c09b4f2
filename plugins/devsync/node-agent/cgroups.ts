/**
 * Which container a process belongs to, as its control groups say (cgroups(7), /proc/PID/cgroup). Pure.
 *
 * Below the group of its pod, each runtime names a container's group after the container's id, and adds what belongs to
 * the driver: `ID` (cgroupfs), `cri-containerd-ID.scope`, `crio-ID.scope`, `docker-ID.scope` (systemd), or
 * `POD.slice:cri-containerd:ID` (systemd's way in version 1, where a runtime does it by itself). Deeper groups are the
 * container's own. What watches a container (`crio-conmon-ID.scope`) does not belong to it.
 */

/** A container of a pod. */
export interface ContainerIdentity {
  /** The pod's. */
  readonly uid: string;
  /** Without the runtime's name. */
  readonly id: string;
}

/** The id in what the cluster calls a container: `containerd://0123…`; undefined where it is none. */
export function bareId(containerId: string): string | undefined {
  return /^[a-z][a-z0-9-]*:\/\/([0-9a-f]{64})$/.exec(containerId)?.[1];
}

/** Whether a process with these control groups runs in this container. */
export function runsIn(controlGroups: string, container: ContainerIdentity): boolean {
  return pathsIn(controlGroups).some((path) => isBelow(path, container));
}

/** What is before and after the id in the groups of a pod's containers. */
export interface GroupNames {
  readonly before: string;
  readonly after: string;
}

/** How the groups of all containers of a pod are named, as those of one of them say; undefined where they do not. */
export function groupNames(controlGroups: string, container: ContainerIdentity): GroupNames | undefined {
  const path = pathsIn(controlGroups).find((one) => isBelow(one, container));
  if (path === undefined) return undefined;
  const at = path.indexOf(container.id);
  const [after = ''] = path.slice(at + container.id.length).split('/');
  return { before: path.slice(0, at), after };
}

/** Of each line: number, controllers, and a path in which there may be colons. */
const pathsIn = (controlGroups: string): string[] =>
  controlGroups.split('\n').flatMap((line) => /^\d+:[^:]*:(.*)$/.exec(line)?.[1] ?? []);

const nameOfContainer = /^(?:cri-containerd-|crio-|docker-)?([0-9a-f]{64})(?:\.scope)?$/;

function isBelow(path: string, { uid, id }: ContainerIdentity): boolean {
  const groups = path.split(/[/:]/).filter((group) => group !== 'cri-containerd');
  // The outermost pod of all decides: what is named below it, a container of that pod may have made itself.
  const pod = groups.findIndex((group) => podOf(group) !== undefined);
  if (pod < 0 || podOf(groups[pod] ?? '') !== uid) return false;
  return nameOfContainer.exec(groups[pod + 1] ?? '')?.[1] === id;
}

/** Of a pod that the kubelet read from a file, a digest without hyphens. */
const uidOfPod = '[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}';
const nameOfPod = new RegExp(`^pod(${uidOfPod})$`);
const sliceOfPod = new RegExp(`(?:^|-)pod(${uidOfPod.replaceAll('-?', '_?')})\\.slice$`);

/**
 * The uid of the pod whose group has this name: `podUID`, or `kubepods-burstable-podUID.slice` with underscores, which
 * systemd wants, and before it the kubelet's own groups above (`--cgroup-root`). Undefined where it is no pod's.
 */
function podOf(group: string): string | undefined {
  return nameOfPod.exec(group)?.[1] ?? sliceOfPod.exec(group)?.[1]?.replaceAll('_', '-');
}
