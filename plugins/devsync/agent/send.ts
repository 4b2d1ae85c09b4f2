/** What the agent tells of itself: frames of a session, and trees in them. */
import type { Edit } from '../reconcile/tree.ts';
import { packEdits } from '../wire/check.ts';

/** Sends a frame of this session. */
export type Send = (
  type: 'content' | 'end' | 'credit' | 'tree',
  header: unknown,
  body?: readonly Uint8Array[],
) => Promise<void>;

/** Edits in one frame. */
const editsAFrame = 2000;

/** Tells what has become of a tree, in frames of a bounded size; the last one says so. */
export async function sendTree(send: Send, edits: readonly Edit[], degraded?: string): Promise<void> {
  for (let from = 0; from === 0 || from < edits.length; from += editsAFrame) {
    const part = edits.slice(from, from + editsAFrame);
    const last = from + editsAFrame >= edits.length;
    await send('tree', { edits: packEdits(part), last, degraded });
  }
}
