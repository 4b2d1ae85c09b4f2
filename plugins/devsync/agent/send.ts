/** Sends frames of a session, and trees in them. */
import type { Edit } from '../reconcile/tree.ts';
import type { FrameBody } from '../wire/channel.ts';
import { packEdits } from '../wire/check.ts';
import { inParts } from '../wire/parts.ts';

/** Sends a frame of this session. */
export type Send = (
  type: 'content' | 'end' | 'credit' | 'tree',
  header: unknown,
  body?: FrameBody,
) => Promise<void>;

/** Edits in one frame. */
const editsAFrame = 2000;

/** Tells what has become of a tree, in frames of a bounded size; the last one says so. */
export async function sendTree(send: Send, edits: readonly Edit[], degraded?: string): Promise<void> {
  const parts = [...inParts(edits, editsAFrame, ([path, entry]) => ({ path, new: entry }))];
  const end = parts.pop() ?? [];
  for (const part of parts) await send('tree', { edits: packEdits(part, true), last: false, degraded });
  await send('tree', { edits: packEdits(end, true), last: true, degraded });
}
