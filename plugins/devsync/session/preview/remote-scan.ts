/** The container's side as it is, asked of an agent that leaves nothing there. */

import type { AgentConnection } from '../../launch/agent-connection.ts';
import { emptyDirectory, type MaybeEntry } from '../../reconcile/entry.ts';
import { type Edit, edited } from '../../reconcile/tree.ts';
import { Gate } from '../../sync/ignore/gate.ts';
import { compileIgnores } from '../../sync/ignore/ignore.ts';
import type { ScanRequest } from '../../wire/calls.ts';
import { asEdits, asObject } from '../../wire/check.ts';

/** The session's number: nothing else is asked over the connection. */
const session = 1;

/**
 * What is there; an empty directory where it is missing and would be made. Rejects with an AgentError where a sync
 * could not work there.
 */
export async function scanRemote(
  connection: AgentConnection,
  request: ScanRequest,
): Promise<{ readonly tree: MaybeEntry; readonly isMissing: boolean }> {
  const gate = new Gate(request.scan, compileIgnores(request.ignores));
  const edits: Edit[] = [];
  connection.listen(session, ({ type, header }) => {
    if (type !== 'tree') return;
    for (const edit of gate.admitAll(asEdits(asObject(header, 'a header').edits))) edits.push(edit);
  });
  const { isMissing } = asObject(await connection.call(session, 'scan', request), 'an answer');
  if (isMissing === true) return { tree: emptyDirectory, isMissing };
  return { tree: edited(undefined, edits), isMissing: false };
}
