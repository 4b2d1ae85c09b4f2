/**
 * Whether a directory of this workstation is synced already. The workstation remembers its syncs of all clusters, and
 * is not told where one is deleted from elsewhere: so the cluster of each is asked before it stands in the way.
 */
import { sep } from 'node:path';
import { messageOf, RefusedError } from '../../../src/errors.ts';
import { areNested } from './spec.ts';
import type { Registered, Workstation } from './workstation.ts';

/** Tells whether the cluster still has that very sync; rejects where it cannot be asked. */
export type IsThere = (one: Registered) => Promise<boolean>;

/** What a sync is to be made of. */
export type NewSync = Pick<Registered, 'name' | 'namespace' | 'server' | 'path'>;

/** Rejects with a RefusedError where a sync has the directory, or a part of it. Those that are no more are forgotten. */
export async function refuseLocalOverlap(
  workstation: Workstation,
  wanted: NewSync,
  isThere: IsThere,
): Promise<void> {
  for (const one of workstation.registered()) {
    // Whether its own name is in use is for the cluster to say.
    if (isNamesake(one, wanted) || !areNested(one.path, wanted.path, sep)) continue;
    let found: boolean;
    try {
      found = await isThere(one);
    } catch (error) {
      throw unknown(one, wanted, messageOf(error), workstation.pathOf(one.uid));
    }
    if (found)
      throw new RefusedError(`${wanted.path} overlaps with ${one.path}, which the sync ${one.name} has`, {
        details: [whereIs(one)],
        hint: '--allow-overlap allows it; changes then travel from one sync to the other.',
      });
    workstation.forget(one.uid);
  }
}

/** Forgets what earlier syncs of this name have left: a name has one at a time. */
export function forgetNamesakes(workstation: Workstation, { uid, ...made }: Registered): void {
  for (const one of workstation.registered())
    if (one.uid !== uid && isNamesake(one, made) && !areOfOtherClusters(one, made))
      workstation.forget(one.uid);
}

/** Whether they are known to be, though the addresses are the same. */
const areOfOtherClusters = (one: Pick<Registered, 'clusterUid'>, other: Pick<Registered, 'clusterUid'>) =>
  one.clusterUid !== undefined && other.clusterUid !== undefined && one.clusterUid !== other.clusterUid;

const isNamesake = (one: NewSync, other: NewSync) =>
  one.name === other.name && one.namespace === other.namespace && one.server === other.server;

const whereIs = ({ name, namespace, server }: Registered) =>
  `${name} was made in namespace ${namespace} of ${server}`;

function unknown(one: Registered, { path }: NewSync, why: string, folder: string): RefusedError {
  return new RefusedError(`${path} overlaps with ${one.path}, which the sync ${one.name} had`, {
    details: [whereIs(one), `Whether it still exists could not be asked: ${why}`],
    hint: `Try again once that cluster answers. Where the sync is no more, --allow-overlap goes past it; removing ${folder} forgets it for good.`,
  });
}
