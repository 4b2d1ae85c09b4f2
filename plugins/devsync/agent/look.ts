/** What an agent does that only looks: it makes nothing and leaves nothing, not even a missing root. */
import type { Maybe } from '../reconcile/entry.ts';
import { difference, splitPath } from '../reconcile/tree.ts';
import { resolveWithin } from '../sync/folder.ts';
import { glance, requireWritable } from '../sync/glance.ts';
import { placesInContainer } from '../sync/home.ts';
import { codeOf } from '../sync/system-error.ts';
import type { Looked, LookRequest } from '../wire/calls.ts';
import { mountsBelow, readMounts } from './mounts.ts';
import { resolveRoot } from './root-path.ts';
import { type Send, sendTree } from './send.ts';

/** Sends what is there. Rejects with what the system says where a sync could not work there. */
export async function look(request: LookRequest, send: Send): Promise<Looked> {
  const { base, scan, ignores } = request;
  const root = find(request);
  if (root !== undefined) requireWritable(base + root);
  const mounts = root === undefined ? new Set<string>() : mountsBelow(readMounts(base), root);
  const tree: Maybe =
    root === undefined
      ? undefined
      : await glance({
          root: base + root,
          scan,
          ignores,
          mounts,
          places: placesInContainer(base, root),
        });
  await sendTree(send, [...difference(undefined, tree)]);
  return { isMissing: root === undefined };
}

/** The root without links; undefined where it is missing and could be made. */
function find({ base, root, create }: LookRequest): string | undefined {
  try {
    return resolveRoot({ base, root });
  } catch (error) {
    if (!create || codeOf(error) !== 'ENOENT') throw error;
    requireWritable(base + resolveWithin(base, splitPath(root)[0] || '/'));
    return undefined;
  }
}
