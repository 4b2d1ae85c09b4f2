/** Whether a copy under a name that has been copied before may begin. Pure. */
import { RefusedError } from '../../../../src/errors.ts';
import type { TaskRecord } from '../../../../src/tasks/record.ts';
import { specHash } from '../../../../src/tasks/spec.ts';
import { readsOnly } from '../../mover/protocol/options.ts';
import { isScheduled } from '../../objects/sides.ts';
import { type CopyRequest, specSchema } from '../request/request.ts';

/**
 * What has a name is copied once, until a person says otherwise: a second run by mistake would change a target that
 * somebody works with by now.
 *
 * @param record the one that is at the target under the name
 * @param spec what is to be copied now
 * @returns why it must not begin; undefined where it may
 */
export function whyNotBegin(
  record: TaskRecord | undefined,
  spec: Readonly<Record<string, string>>,
  { name, mode, schedule, again = false, cutover = false }: CopyRequest,
): RefusedError | undefined {
  if (record?.phase === 'Running' && isScheduled(record) && !schedule)
    return new RefusedError(`task ${name} has a schedule, by which it copies by itself`, {
      hint: `the same command with --every changes how often; kubectl x8sync cancel ${name} ends it`,
    });
  if (again || cutover || readsOnly(mode)) return undefined;
  if (record?.phase !== 'Succeeded' || record.specHash !== specHash(specSchema, spec)) return undefined;
  return finishedAlready(record, '--again copies what the source has changed since');
}

/** The refusal of a task that has come to its end. @param hint what --again would do */
export const finishedAlready = (
  { task, finishedAt, message }: Pick<TaskRecord, 'task' | 'finishedAt' | 'message'>,
  hint: string,
): RefusedError =>
  new RefusedError(
    `task ${task} has finished already${finishedAt === undefined ? '' : `, at ${finishedAt}`}: ${message}`,
    { hint },
  );
