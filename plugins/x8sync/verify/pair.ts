/** The two claims of a task that copied them, wherever they are. */
import { RefusedError, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { persistentVolumeClaims } from '../../../src/kube/api/resources.ts';
import { type ClaimRef, describeClaim } from '../claims/claim.ts';
import type { Owner, Selection } from '../mover/protocol/options.ts';
import { type Identity, parseIdentity } from '../objects/manifests/identity.ts';
import type { Role } from '../objects/sides.ts';
import { decisiveRecord, type RecordedSpec, specOf, type TaskEntry } from '../records/inventory.ts';
import { requireSound } from '../records/soundness.ts';
import { peerOf } from '../records/task-sides.ts';
import { type ReachWish, reachIn } from '../run/request/reach-wish.ts';

export interface Pair {
  readonly source: ClaimRef;
  readonly target: ClaimRef;
  /** The task kept what only the target had. */
  readonly merged: boolean;
  /** What of the volumes it copied; all where absent. */
  readonly selection?: Selection;
  /** Who it gave all of its copy to. */
  readonly owner?: Owner | undefined;
  /** Who its pods ran as, where that was asked for. */
  readonly runAs?: Identity | undefined;
  /** It copied `trusted.*` attributes, too. */
  readonly trustedXattrs?: boolean;
  /** How its two sides reached each other, where that was asked for. */
  readonly reach?: ReachWish | undefined;
}

export interface PairContext {
  /** A client of the cluster with this API server, by any context that this workstation has for it. */
  connectTo(server: string): Promise<KubeClient>;
  readonly signal: AbortSignal;
}

/**
 * @param kube of the cluster that the task was seen in.
 * @throws RefusedError where a claim is another one by now: what was copied is not what would be compared; and where
 *   somebody has changed the record.
 */
export async function pairOfTask(entry: TaskEntry, kube: KubeClient, context: PairContext): Promise<Pair> {
  requireSound(entry, kube);
  const record = decisiveRecord(entry);
  const spec = specOf(record);
  const { sourceClaim, sourceUid, targetClaim, targetUid, mode } = spec;
  if (!record || !sourceClaim || !targetClaim)
    throw new X8sError(`the record of task ${entry.task} does not tell which claims it is about`);
  const clientOf = async (role: Role) => {
    if (entry.records[role] || !record.peer) return kube;
    return (await peerOf(record.peer, context)).kube;
  };
  const [source, target] = await Promise.all([
    claimNow(await clientOf('source'), sourceClaim, sourceUid, entry.task, context.signal),
    claimNow(await clientOf('target'), targetClaim, targetUid, entry.task, context.signal),
  ]);
  const owner = spec.chown === undefined ? undefined : parseIdentity(spec.chown, '--chown');
  const merged = mode === 'merge' && spec.delete === undefined && spec.cutover === undefined;
  const runAs = spec.runAs === undefined ? undefined : parseIdentity(spec.runAs, '--run-as');
  const trustedXattrs = spec.trustedXattrs !== undefined;
  const how = { owner, runAs, trustedXattrs, reach: reachIn(record) };
  return { source, target, merged, selection: selectionIn(spec), ...how };
}

function selectionIn({ sourcePath = '', targetPath = '', filters = '[]' }: RecordedSpec): Selection {
  return { sourcePath, targetPath, filters: JSON.parse(filters) as Selection['filters'] };
}

async function claimNow(
  kube: KubeClient,
  name: string,
  uid: string | undefined,
  task: string,
  signal: AbortSignal,
): Promise<ClaimRef> {
  const [namespace = '', claim = ''] = name.split('/');
  const ref = { kube, namespace, claim };
  const { metadata } = await kube.get(persistentVolumeClaims, { namespace, name: claim }, { signal });
  if (uid !== undefined && metadata.uid !== uid)
    throw new RefusedError(
      `claim ${describeClaim(ref)} is not the one that task ${task} was about: it was made anew since`,
      { hint: 'name both claims to compare them as they are now: kubectl x8sync verify SOURCE TARGET' },
    );
  return ref;
}
