/** What a mover is told, and the pod that this comes to. Pure. */
import { type ClaimState, isDevice, seLinuxLevelOf } from '../../claims/claim.ts';
import type { CompressionWish } from '../../mover/protocol/compression.ts';
import {
  copyEnv,
  type Deletes,
  type Mode,
  type OnCollision,
  type Owner,
  readsOnly,
  type Selection,
} from '../../mover/protocol/options.ts';
import type { ParallelOptions } from '../../mover/protocol/parallel-options.ts';
import type { PodsWish } from '../../mover/protocol/pods.ts';
import { forwardedPort } from '../../mover/protocol/tunnel-options.ts';
import type { Fingerprints } from '../../objects/keys.ts';
import { imageAccount } from '../../objects/manifests/identity.ts';
import type { GroupAccess, PodPrivileges } from '../../objects/manifests/pod-security.ts';
import {
  type Gate,
  moverCommand,
  type PodPlan,
  type PodWishes,
  podSpec,
} from '../../objects/manifests/pods.ts';
import { sshPort } from '../../objects/manifests/service.ts';
import type { TaskSide } from '../../objects/sides.ts';

export interface MoverJobPlan extends PodWishes {
  readonly side: TaskSide;
  readonly claim: ClaimState;
  readonly privileges: PodPrivileges;
  /** The source's: decides which user sshd lets in. */
  readonly sourcePrivileges: PodPrivileges;
  /** Of both sides' Secrets; none where the source is mounted. */
  readonly keys?: Fingerprints | undefined;
  /** The source claim, where the mover's pod mounts it itself. */
  readonly mountedSource?: ClaimState | undefined;
  readonly mode: Mode;
  readonly task: string;
  /** Proves that an end line is this Job's. */
  readonly nonce: string;
  /** The source dials this pod. */
  readonly isTunnelled?: boolean | undefined;
  /** Addresses known by now; further ones are delivered into the running pod. */
  readonly addresses: readonly string[];
  readonly bandwidth?: string | undefined;
  readonly parallel?: ParallelOptions | undefined;
  /** Over how many pods its streams may be spread; one where absent. */
  readonly pods?: PodsWish | undefined;
  readonly compress?: CompressionWish | undefined;
  readonly rsyncArgs?: readonly string[] | undefined;
  /** Group that an empty volume is given to, where the mover is no root. */
  readonly fsGroup?: number | undefined;
  /** Compare files by their content. */
  readonly checksum: boolean;
  readonly onCollision?: OnCollision | undefined;
  /** Others may write to the target meanwhile. */
  readonly allowMounted?: boolean | undefined;
  /** Take up no Job that is there. */
  readonly fresh?: boolean | undefined;
  readonly selection?: Selection | undefined;
  readonly deletes?: Deletes | undefined;
  readonly owner?: Owner | undefined;
  /** A source that holds nothing is copied, or compared, as well. */
  readonly allowEmpty?: boolean | undefined;
  /** Nothing is begun where the target has entries that the source does not have. */
  readonly nothingElse?: boolean | undefined;
  /** What is known not to be kept: nothing else may be lost for the Job to be one that went well. */
  readonly knownLosses?: readonly string[] | undefined;
  /** Read and compare both sides once all is copied. */
  readonly verify?: boolean | undefined;
  /** What only the target has is no difference then. */
  readonly mayHaveMore?: boolean | undefined;
  /** Seconds that the mover stays after its last line; for a plugin that is there to take it away where absent. */
  readonly lingerSeconds?: number | undefined;
  /** Seconds that it goes on looking for the source; the plugin decides earlier, and says why, where absent. */
  readonly connectSeconds?: number | undefined;
  /** One of a schedule's, with what runs before it. */
  readonly gate?: Gate | undefined;
  readonly isScheduled?: boolean | undefined;
  /** An unnamed task's partial files go when it is ended; a named one's stay, to go on from. */
  readonly keepPartial: boolean;
}

const usualConnectSeconds = 900;
const usualLingerSeconds = 5;

/** The pod of a mover. @param secret name of the Secret with this side's keys */
export function targetPodPlan(
  plan: Omit<MoverJobPlan, 'side' | 'keys'>,
  secret: string,
  group?: GroupAccess,
): PodPlan {
  const { claim, privileges, sourcePrivileges, mode, task, nonce, addresses, keepPartial } = plan;
  const { bandwidth = '', mountedSource } = plan;
  const { connectSeconds = usualConnectSeconds, lingerSeconds = usualLingerSeconds } = plan;
  return {
    side: 'target',
    image: plan.image,
    identity: plan.identity,
    options: plan.options,
    isLimited: plan.isLimited,
    group,
    gate: plan.gate,
    isScheduled: plan.isScheduled,
    command: moverCommand('copy'),
    privileges,
    claim: claim.ref.claim,
    isDevice: isDevice(claim),
    isTunnelled: plan.isTunnelled,
    mountedSource: mountedSource?.ref.claim,
    node: claim.node ?? mountedSource?.node,
    seLinuxLevel: (mountedSource && seLinuxLevelOf(mountedSource)) ?? seLinuxLevelOf(claim),
    readOnly: readsOnly(mode),
    secret: mountedSource ? undefined : secret,
    env: copyEnv({
      nonce,
      task,
      mode,
      privileges: privileges === 'user' ? 'user' : 'root',
      isSourceMounted: mountedSource !== undefined,
      isDevice: isDevice(claim),
      user: sourcePrivileges === 'user' ? imageAccount : 'root',
      addresses,
      connectSeconds,
      keepPartial,
      bandwidth,
      parallel: plan.parallel,
      pods: plan.pods,
      compress: plan.compress,
      rsyncArgs: plan.rsyncArgs,
      checksum: plan.checksum,
      onCollision: plan.onCollision,
      selection: plan.selection,
      deletes: plan.deletes,
      owner: plan.owner,
      verify: plan.verify,
      mayHaveMore: plan.mayHaveMore,
      allowEmpty: plan.allowEmpty,
      nothingElse: plan.nothingElse,
      knownLosses: plan.knownLosses,
      lingerSeconds,
      tunnel: plan.isTunnelled ? { user: imageAccount, port: sshPort, forwardedPort } : undefined,
    }),
  };
}

/** What the admission check tries: the same pod, of no task yet. */
export const sampleTargetPod =
  (claim: ClaimState, mode: Mode, wishes: PodWishes, isTunnelled = false) =>
  (privileges: PodPrivileges, isLimited = false) => {
    const sample = {
      ...wishes,
      isLimited,
      claim,
      privileges,
      sourcePrivileges: privileges,
      mode,
      task: '',
      nonce: '',
      addresses: [],
      keepPartial: false,
      checksum: false,
      isTunnelled,
    };
    return podSpec(targetPodPlan(sample, 'x8sync'), 'Never');
  };
