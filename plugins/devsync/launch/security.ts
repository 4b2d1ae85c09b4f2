/**
 * Who an agent beside a container has to be to see its files: the kernel lets a process into `/proc/1/root`
 * only with the same user and group and no fewer capabilities than process 1 has (ptrace(2), PTRACE_MODE_READ).
 */
import type { Pod } from '../../../src/kube/api/objects.ts';
import { containerOf, containerStatus } from './containers.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The user that a container runs as. */
export interface User {
  readonly uid: number;
  readonly gid: number | undefined;
}

const asFields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};
const asNumber = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/** The user as the pod's specification or status says it; undefined where only the image knows. */
export function writtenUser(pod: Pod, container: string): User | undefined {
  const own = asFields(containerOf(pod, container)?.securityContext);
  const shared = asFields(pod.spec.securityContext);
  const uid = asNumber(own.runAsUser) ?? asNumber(shared.runAsUser);
  const gid = asNumber(own.runAsGroup) ?? asNumber(shared.runAsGroup);
  if (uid !== undefined) return { uid, gid };
  // Newer container runtimes tell; it is what the process began with.
  const linux = asFields(asFields(asFields(containerStatus(pod, container)).user).linux);
  const told = asNumber(linux.uid);
  return told === undefined ? undefined : { uid: told, gid: asNumber(linux.gid) };
}

/** The user that a container's image is likely to have; undefined where it may not be root. */
export function likelyUser(pod: Pod, container: string): User | undefined {
  const own = asFields(containerOf(pod, container)?.securityContext);
  const shared = asFields(pod.spec.securityContext);
  const mustNotBeRoot = (own.runAsNonRoot ?? shared.runAsNonRoot) === true;
  return mustNotBeRoot ? undefined : { uid: 0, gid: undefined };
}

/**
 * The target's security context for a container beside it: nothing more than it has, and no way to more.
 * What stands at the pod holds for both anyway.
 */
export function besideContext(pod: Pod, container: string, user: User | undefined): Fields {
  const own = asFields(containerOf(pod, container)?.securityContext);
  const { capabilities, seccompProfile, appArmorProfile, seLinuxOptions, runAsNonRoot, privileged } = own;
  const isRoot = user !== undefined && user.uid === 0;
  const kept = { seccompProfile, appArmorProfile, seLinuxOptions, runAsNonRoot };
  const limited = privileged === true ? { privileged } : { allowPrivilegeEscalation: false };
  return withoutUndefined({
    ...kept,
    ...limited,
    // A process that is not root has none of them, whatever the container is given.
    capabilities: isRoot || user === undefined ? capabilities : { drop: ['ALL'] },
    runAsUser: user?.uid,
    runAsGroup: user?.gid,
    readOnlyRootFilesystem: true,
  });
}

/** Whether processes of containers with these security contexts are the same user, in the same group. */
export const isSameUser = (one: Fields, other: Fields): boolean =>
  one.runAsUser === other.runAsUser && one.runAsGroup === other.runAsGroup;

function withoutUndefined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
