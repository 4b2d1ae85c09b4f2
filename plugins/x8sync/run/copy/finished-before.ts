/** Whether a copy that a person named was made before, and stands: one of many is not made again by mistake. */
import { findClaim } from '../../claims/claim.ts';
import { type CopyContext, type CopyRequest, copySpec } from '../request/request.ts';
import { storeOf } from '../request/task-store.ts';
import { whyNotBegin } from './may-begin.ts';

/**
 * @returns that the task has finished, when and how; undefined where it is to be run, or what is asked for is another
 *   task, which is told where it is opened.
 */
export async function finishedBefore(
  request: CopyRequest,
  context: Pick<CopyContext, 'clock' | 'signal'>,
): Promise<string | undefined> {
  const { source, target, name } = request;
  const { signal } = context;
  if (name === undefined) return undefined;
  const record = await storeOf(target.kube, context).find(target.namespace, name, 'target', { signal });
  if (record?.phase !== 'Succeeded') return undefined;
  const [from, to] = await Promise.all([findClaim(source, signal), findClaim(target, signal)]);
  return from && to && whyNotBegin(record, copySpec(request, from, to), request)?.message;
}
