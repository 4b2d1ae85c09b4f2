/** A first copy that is over, and whose command was ended before it left the schedule that was asked for. */
import { holderState } from '../claims/claim-lock.ts';
import type { SideRecord } from '../objects/side-cleanup.ts';
import { isScheduled } from '../objects/sides.ts';
import { firstCopyIn } from '../run/first-copy.ts';
import { isThrough } from '../run/results/copy-end.ts';
import { specOf } from './inventory.ts';
import type { Standing } from './standing.ts';
import type { TaskContext } from './task-sides.ts';

/**
 * What was asked for is not done by a good first copy: it is no end of the task, and is not to be kept as one.
 *
 * @param standing by the mover alone, of a task that has no CronJob
 */
export async function unlessBeforeSchedule(
  standing: Standing,
  { kube, record }: SideRecord,
  { clock, signal }: Pick<TaskContext, 'clock' | 'signal'>,
): Promise<Standing> {
  const { end, message = '', finishedAt } = standing;
  if (!isScheduled(record) || firstCopyIn(record) || !end || !isThrough(end)) return standing;
  const { namespace } = record;
  const claimUid = specOf(record).targetUid ?? '';
  const isHeld = record.holder !== undefined;
  const holder = isHeld ? await holderState(kube, { namespace, claimUid }, { clock, signal }) : 'none';
  if (holder === 'live')
    return { phase: 'Running', message: 'its first copy has ended, and its command leaves the schedule now' };
  return {
    phase: 'Interrupted',
    message: `its first copy has ended (${message}), and no schedule was left, since its command was ended before: run the same command again`,
    finishedAt,
  };
}
