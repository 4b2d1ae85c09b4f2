/** A scan of REMOTE for `plan`: it creates nothing, not even a missing root. */
import type { MaybeEntry } from '../reconcile/entry.ts';
import { difference } from '../reconcile/tree.ts';
import { codeOf } from '../sync/files/system-error.ts';
import { requireWritable, scanOnce } from '../sync/local/scan-once.ts';
import { metadataCandidatesInContainer } from '../sync/metadata/metadata-folder.ts';
import type { ScanAnswer, ScanRequest } from '../wire/calls.ts';
import { mountsBelow, readMounts } from './mounts.ts';
import { explainingAccess } from './ownership.ts';
import { nearestAbove, resolveRoot } from './remote-root.ts';
import { type Send, sendTree } from './send.ts';

/** Sends what is there. Rejects with what the system says where a sync could not work there. */
export async function answerScan(request: ScanRequest, send: Send): Promise<ScanAnswer> {
  const { base, scan, ignores, readsOnly } = request;
  const root = find(request);
  if (root !== undefined && !readsOnly) explainingAccess(base, root, () => requireWritable(base + root));
  const tree: MaybeEntry =
    root === undefined
      ? undefined
      : await scanOnce({
          root: base + root,
          scan,
          ignores,
          ...mountsBelow(readMounts(base), root),
          metadataCandidates: metadataCandidatesInContainer(base, root),
        });
  await sendTree(send, [...difference(undefined, tree)]);
  return { isMissing: root === undefined };
}

/** The root without links; undefined where it is missing and could be made. */
function find({ base, root, create }: ScanRequest): string | undefined {
  try {
    return resolveRoot({ base, root });
  } catch (error) {
    if (!create || codeOf(error) !== 'ENOENT') throw error;
    explainingAccess(base, root, () => requireWritable(base + nearestAbove(base, root)));
    return undefined;
  }
}
