/** What a person is told by the steps of a copy. Pure. */
import { type ClaimState, isDevice, writersOf } from '../../claims/claim.ts';
import { readsOnly } from '../../mover/protocol/options.ts';
import type { MoverEnd } from '../../mover/protocol/protocol.ts';
import { describeIdentity, imageUser } from '../../objects/manifests/identity.ts';
import type { PodPrivileges } from '../../objects/manifests/pod-security.ts';
import { type CopyRequest, furtherRun, type Mode } from '../request/request.ts';
import { isWhole, titleOf } from '../results/result.ts';
import type { OpenSide } from './task-records.ts';

/** What a copy may lack for how its source is, and for what its pod may do, a line each. */
export function sourceWarnings(
  source: ClaimState,
  privileges: PodPrivileges,
  request: Pick<CopyRequest, 'snapshot' | 'runAs' | 'cutover'>,
): string[] {
  const warnings: string[] = [];
  // The last copy of a cutover is made once nothing writes to the source any more.
  const writers = request.snapshot || request.cutover ? [] : writersOf(source);
  if (writers.length > 0) {
    const harm = isDevice(source)
      ? 'what it writes meanwhile may arrive in part, and a file system in it may be damaged at the target'
      : 'files that change meanwhile may arrive half changed';
    warnings.push(`The source is in use by ${writers.join(', ')}: ${harm}.`);
  }
  if (privileges === 'user') warnings.push(asUser(source, request, 'what it may not read is not copied'));
  return warnings;
}

/** What of a copy the target's pod can't do, or need not do as it was asked to, a line each. */
export function targetWarnings(
  target: ClaimState,
  privileges: PodPrivileges,
  request: Pick<CopyRequest, 'fsGroup' | 'trustedXattrs' | 'runAs'>,
): string[] {
  const warnings: string[] = [];
  if (privileges === 'user')
    warnings.push(asUser(target, request, 'owners, devices and file capabilities are not kept'));
  if (privileges !== 'user' && request.fsGroup !== undefined)
    warnings.push(
      `--fs-group is not used: the pod at ${namespaceName(target)} is root, and may write to the volume.`,
    );
  if (privileges === 'root' && request.trustedXattrs)
    warnings.push(
      `${namespaceName(target)} admits no CAP_SYS_ADMIN in a pod: trusted.* attributes are not kept.`,
    );
  return warnings;
}

/** A pod that is no root, by the person's wish or since the namespace admits none. */
function asUser(state: ClaimState, { runAs }: Pick<CopyRequest, 'runAs'>, loss: string): string {
  const where = namespaceName(state);
  return runAs
    ? `The pod at ${where} runs as ${describeIdentity(runAs)} (--run-as): ${loss}.`
    : `${where} admits no root in a pod, so the one there is an ordinary user (${describeIdentity(imageUser)}): ${loss}.`;
}

const namespaceName = ({ ref }: ClaimState) => `${ref.kube.cluster.context}/${ref.namespace}`;

/** Why a copy that is to go on by itself is not relayed. */
export const relayDeclined =
  'relay: it lasts for as long as this command runs, and --detach or --every is to go on without it';

/** That a task is open on one side, and whether this is its first run. */
export function nameTaken({ record, side, outcome }: OpenSide): string {
  const how =
    outcome === 'resumed' ? 'taken up where it stopped' : outcome === 'again' ? 'run again' : 'is new';
  return `Task in ${side.kube.cluster.context}/${record.namespace} ${how}`;
}

/** What a run has done, though it could not clean up: a person must know that the files are there. */
export function doneText(end: MoverEnd, mode: Mode): string {
  const what = readsOnly(mode) ? 'the two sides are compared' : 'the files are at the target';
  return `${isWhole(end) ? what : `${what}, not all of them`} (${titleOf(end, mode)})`;
}

/** That a mover which is taken up had come to its end before this run began. */
export const earlierMoverNotice = (endedAt: string, request: Pick<CopyRequest, 'mode' | 'name'>): string =>
  `The mover of an earlier run had ended at ${endedAt}. What the source changed since then is not copied: ${furtherRun(request)} for that.`;
