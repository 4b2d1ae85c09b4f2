/** What an agent does that only looks: it makes nothing and leaves nothing, not even a missing root. */
import type { Maybe } from '../reconcile/entry.ts';
import { difference, type Edit, splitPath } from '../reconcile/tree.ts';
import { resolveWithin } from '../sync/folder.ts';
import { glance, requireWritable } from '../sync/glance.ts';
import { codeOf } from '../sync/system-error.ts';
import type { Looked, LookRequest } from '../wire/calls.ts';
import { packEdits } from '../wire/check.ts';
import { mountsBelow, readMounts } from './mounts.ts';
import type { Send } from './server.ts';

/** Edits in one frame. */
const editsAFrame = 2000;

/** Sends what is there. Rejects with what the system says where a sync could not work there. */
export async function look(request: LookRequest, send: Send): Promise<Looked> {
  const { base, scan, ignores } = request;
  const root = find(request);
  if (root !== undefined) requireWritable(base + root);
  const mounts = root === undefined ? new Set<string>() : mountsBelow(readMounts(base), root);
  const tree: Maybe =
    root === undefined ? undefined : await glance({ root: base + root, scan, ignores, mounts });
  await sendTree(send, [...difference(undefined, tree)]);
  return { isMissing: root === undefined };
}

/** The root without links; undefined where it is missing and could be made. */
function find({ base, root, create }: LookRequest): string | undefined {
  try {
    return resolveWithin(base, root);
  } catch (error) {
    if (!create || codeOf(error) !== 'ENOENT') throw error;
    requireWritable(base + resolveWithin(base, splitPath(root)[0] || '/'));
    return undefined;
  }
}

/** Tells what has become of a tree, in frames of a bounded size; the last one says so. */
export async function sendTree(send: Send, edits: readonly Edit[], degraded?: string): Promise<void> {
  for (let from = 0; from === 0 || from < edits.length; from += editsAFrame) {
    const part = edits.slice(from, from + editsAFrame);
    const last = from + editsAFrame >= edits.length;
    await send('tree', { edits: packEdits(part), last, degraded });
  }
}
