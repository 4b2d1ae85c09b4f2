/** What digests alone can't tell: the replica is asked what an apply would make of an object. */
import type { Draft } from '../objects/draft.ts';
import { liveDigest } from '../objects/wanted.ts';
import { applyCopy } from './apply.ts';
import { type ObjectKey, placeOf } from './keys.ts';
import type { Survey, SurveyedReplica } from './survey.ts';
import { foreignKeys } from './writer.ts';

/**
 * Whether a copy that is not what was applied is what the replica makes of it, which is no drift: of that no more is
 * remembered than there is room for, and nothing where the task's state was deleted. False too where it may not be
 * asked.
 */
export async function isWhatItMakes(
  { catalogue, shaping }: Survey,
  { site, copies }: SurveyedReplica,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<boolean> {
  const [kind, rule] = [catalogue.kind(placeOf(key).kind), catalogue.original(key)?.rule];
  const copy = await catalogue.copy(key, { name: site.name, cluster: site.id }, signal);
  catalogue.release(key, site.name);
  if (!kind || !rule || !copy?.main) return false;
  try {
    const options = { force: true, dryRun: true, signal };
    const after = await applyCopy(site.kube, kind.resource, copy.main, options);
    const isSame = liveDigest(after, rule, shaping) === copies.get(key)?.live;
    return isSame && foreignKeys(copy.main as Draft, after).length === 0;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
