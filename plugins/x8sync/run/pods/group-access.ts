/**
 * `--fs-group`: how a mover that is no root may write to a volume whose root folder is root's, as CSI drivers make
 * them. With fsGroup the kubelet gives everything in the volume to the group before the pod starts, which would rewrite
 * owners and modes of files that are there; so the volume is looked into first, by a pod that mounts it read-only and
 * has no fsGroup itself, and it has to be empty.
 */
import { RefusedError, X8sError } from '../../../../src/errors.ts';
import type { Pod } from '../../../../src/kube/api/objects.ts';
import { pods } from '../../../../src/kube/api/resources.ts';
import { unlessRefused } from '../../../../src/kube/cluster/refusal.ts';
import { waitFor } from '../../../../src/kube/watch/wait.ts';
import { formatPlural } from '../../../../src/ui/format.ts';
import { stateOf } from '../../monitor/follow.ts';
import { PodDiagnosis } from '../../monitor/pod-diagnosis.ts';
import { lostFoundName } from '../../mover/volume/tree.ts';
import { type EnsureOptions, remove } from '../../objects/ensure.ts';
import type { GroupAccess } from '../../objects/manifests/pod-security.ts';
import { type PodPlan, podSpec } from '../../objects/manifests/pods.ts';
import type { SideMeta } from '../../objects/manifests/service.ts';
import type { TaskSide } from '../../objects/sides.ts';

/** The root folder of a volume, as the looking pod saw it. */
export interface RootFolder {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  /** Entries in it, but for lost+found. */
  readonly entries: number;
}

const container = 'look';

/** Prints owner, group, octal mode and number of entries; fails where it can't list the folder. */
const script = `cd /target
found=$(find . -mindepth 1 -maxdepth 1 ! -name ${lostFoundName} -printf .) || exit
printf '%s %s\\n' "$(stat -c '%u %g %a' .)" "\${#found}" >/dev/termination-log`;

/** Looks into the target volume, and decides how the mover gets its group. */
export async function groupAccess(
  side: TaskSide,
  plan: PodPlan,
  group: number,
  options: EnsureOptions,
): Promise<GroupAccess> {
  return decideGroup(
    await lookAtRoot(side, plan, options),
    group,
    `${side.kube.cluster.context}/${side.namespace}/${plan.claim}`,
  );
}

/**
 * A root folder that the group may write to already, from an earlier run, needs no fsGroup: the group suffices.
 *
 * @throws RefusedError where fsGroup would rewrite what is there.
 */
export function decideGroup(root: RootFolder, group: number, claim: string): GroupAccess {
  const writable = 0o030;
  if (root.gid === group && (root.mode & writable) === writable) return { group, chown: false };
  if (root.entries === 0) return { group, chown: true };
  const mode = root.mode.toString(8).padStart(4, '0');
  throw new RefusedError(
    `target claim ${claim} holds ${formatPlural(root.entries, 'entry', 'entries')}: --fs-group would rewrite their owners and modes, so it is for an empty volume only`,
    {
      details: [`its root folder belongs to ${root.uid}:${root.gid} and has mode ${mode}`],
      hint: `leave --fs-group out, and let the pods run as somebody who may write there: --run-as ${root.uid}:${root.gid}`,
    },
  );
}

/** The mover's pod, which does nothing but look: without the containers that a patch has put beside it. */
export function lookingPod({ meta }: SideMeta, plan: PodPlan): Pod {
  const { containers, ...spec } = podSpec({ ...plan, readOnly: true, group: undefined }, 'Never');
  const own = containers.filter(({ name }) => name === plan.side);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...meta, name: `${meta.name}-look` },
    spec: {
      ...spec,
      containers: own.map((one) => ({ ...one, name: container, command: ['sh', '-c', script] })),
    },
  };
}

async function lookAtRoot(side: TaskSide, plan: PodPlan, options: EnsureOptions): Promise<RootFolder> {
  const { kube, namespace } = side;
  const pod = lookingPod(side, plan);
  const old = await kube.find(pods, pod.metadata, { signal: options.signal });
  if (old) await remove(kube, pods, old, options);
  const need = { verb: 'create', resource: pods, namespace };
  // Not to be aborted: a create that is cut off may have happened, after the clean-up has looked.
  const made = await unlessRefused(kube, need, kube.create(pods, pod), { signal: options.signal });
  const ended = await waitFor(kube, pods, pod.metadata, endOf(side), {
    timeoutMs: options.timeoutMs,
    signal: options.signal,
    what: `pod ${namespace}/${pod.metadata.name} in ${kube.cluster.context} to look into the target volume`,
  });
  await remove(kube, pods, made, options);
  return ended;
}

/** What the pod wrote about the folder; undefined while it has written nothing. */
function endOf({ kube, namespace }: TaskSide): (pod: Pod | undefined) => RootFolder | undefined {
  const diagnosis = new PodDiagnosis();
  return (pod) => {
    if (!pod) return undefined;
    const where = `pod ${namespace}/${pod.metadata.name} in ${kube.cluster.context}`;
    const { terminated } = stateOf(pod, container) ?? {};
    if (terminated?.exitCode === 0) return parseRoot(terminated.message ?? '');
    if (terminated)
      throw new RefusedError(
        `the target volume's root folder can't be listed, so it is not known to be empty`,
        {
          details: [where],
          hint: 'leave --fs-group out, or choose with --run-as who may list it',
        },
      );
    const trouble = diagnosis.diagnose(pod);
    if (trouble?.fatal) throw new X8sError(`${where} can't start: ${trouble.text}`);
    return undefined;
  };
}

/** @throws X8sError where the pod said something else. */
export function parseRoot(text: string): RootFolder {
  const [, uid, gid, mode, entries] = /^(\d+) (\d+) ([0-7]+) (\d+)\n?$/.exec(text) ?? [];
  if (entries === undefined)
    throw new X8sError(`the look into the target volume said ${JSON.stringify(text)}`);
  return {
    uid: Number(uid),
    gid: Number(gid),
    mode: Number.parseInt(mode ?? '', 8),
    entries: Number(entries),
  };
}
