/** What the pods of both sides may do, and as whom. */
import type { PodSpec } from '../../../../src/kube/api/objects.ts';
import type { Identity } from './identity.ts';

/**
 * What a pod may do. `root` keeps owners, devices and capabilities, and passes the `baseline` Pod Security
 * level; `user` runs where only `restricted` is allowed, and can keep none of these. `admin` sees and keeps
 * `trusted.*` attributes too, which takes CAP_SYS_ADMIN and a namespace that admits `privileged`: only on demand.
 */
export type PodPrivileges = 'admin' | 'root' | 'user';

/** The least that sshd with chroot and a reading rsync need as root. */
const sourceCapabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID', 'SYS_CHROOT'];
/** The least that a writing rsync needs to keep owners, modes, devices and file capabilities. */
const targetCapabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP'];

/** What it takes besides for root to start the sshd of a tunnel as an ordinary user. */
const tunnelCapabilities = ['SETGID', 'SETUID'];

/** A group that a pod at the target is in, to be let into the volume. */
export interface GroupAccess {
  readonly group: number;
  /** The kubelet gives the volume to the group first (fsGroup): only where nothing is in it. */
  readonly chown: boolean;
}

/** What a pod's security is decided by. */
export interface SecurityPlan {
  readonly privileges: PodPrivileges;
  readonly side: 'source' | 'target';
  /** The source dials the target's pod, which has an sshd for it. */
  readonly isTunnelled?: boolean | undefined;
  /** Who it runs as where it is no root. */
  readonly identity: Identity;
  readonly group?: GroupAccess | undefined;
  /** SELinux level of the pods that have the claim mounted by now. */
  readonly seLinuxLevel?: string | undefined;
}

/** The securityContext of a container of ours. */
export function securityContext({
  privileges,
  side,
  isTunnelled,
  identity: { uid, gid },
}: Omit<SecurityPlan, 'group' | 'seLinuxLevel'>): Record<string, unknown> {
  const common = { readOnlyRootFilesystem: true };
  if (privileges === 'user') {
    return {
      ...common,
      allowPrivilegeEscalation: false,
      runAsNonRoot: true,
      runAsUser: uid,
      runAsGroup: gid,
      capabilities: { drop: ['ALL'] },
    };
  }
  const target = isTunnelled ? [...targetCapabilities, ...tunnelCapabilities] : targetCapabilities;
  const add = side === 'source' ? sourceCapabilities : target;
  const root = { ...common, runAsUser: 0, runAsGroup: 0 };
  // Kubernetes takes CAP_SYS_ADMIN for an escalation, and refuses a pod that has it and denies those.
  return privileges === 'admin'
    ? { ...root, capabilities: { drop: ['ALL'], add: [...add, 'SYS_ADMIN'] } }
    : { ...root, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'], add } };
}

/** The privileges of a pod whose first container has such a securityContext. */
export function privilegesOf({ containers }: PodSpec): PodPrivileges {
  const { runAsUser, capabilities } = (containers[0]?.securityContext ?? {}) as {
    runAsUser?: number;
    capabilities?: { add?: readonly string[] };
  };
  if (runAsUser !== 0) return 'user';
  return capabilities?.add?.includes('SYS_ADMIN') ? 'admin' : 'root';
}

/**
 * The securityContext of a pod of ours. With fsGroup the kubelet rewrites owners and modes of what is in the volume, also
 * through a read-only mount. A pod that takes a first one's place finds the root folder as it should be, and leaves what
 * was copied by then alone.
 *
 * On a node with SELinux the runtime gives all of a volume the level of the pod that comes to it, read-only mount or not,
 * and pods of another level lose it: so ours has that of those that are there. A volume that is read-only itself would be
 * left as it is, but then our pod could not read one of another level, and iSCSI and FC would mount it read-only for the
 * whole node. Of the options only the level is taken: it is what volumes are given, and few namespaces admit the others.
 */
export function podSecurity({
  group,
  seLinuxLevel,
}: Pick<SecurityPlan, 'group' | 'seLinuxLevel'>): Record<string, unknown> {
  const common = {
    seccompProfile: { type: 'RuntimeDefault' },
    ...(seLinuxLevel !== undefined && { seLinuxOptions: { level: seLinuxLevel } }),
  };
  if (group === undefined) return common;
  return group.chown
    ? { ...common, fsGroup: group.group, fsGroupChangePolicy: 'OnRootMismatch' }
    : { ...common, supplementalGroups: [group.group] };
}
