/** How a running task stands, out of the engine's own status of it. Pure. */
import type { CopiedKind } from '../clusters/kinds.ts';
import { uncopied } from '../decide/outcomes.ts';
import type { TaskStatus } from '../state/state.ts';
import type { Work } from './resource/conditions.ts';

/**
 * @param kinds what the task copies, as the cluster that is copied from serves it
 * @param how whether the first comparison is through, and whether the task's copies are being deleted
 */
export function workOf(
  status: TaskStatus,
  kinds: readonly CopiedKind[],
  how: Pick<Work, 'compared' | 'leaving'>,
): Work {
  const [replica] = status.replicas;
  const left = replica?.left ?? {};
  const failing: Record<string, number> = {};
  for (const { reason, count } of status.failures) failing[reason] = (failing[reason] ?? 0) + count;
  return {
    ...how,
    paused: status.phase === 'Paused',
    objects: status.objects - uncopied.reduce((sum, why) => sum + (left[why] ?? 0), 0),
    pending: replica?.behind.pending ?? 0,
    oldestMs: replica?.behind.oldestMs ?? 0,
    failed: replica?.failed ?? 0,
    failing,
    left,
    deletionsStopped: replica?.deletionsStopped,
    away: status.primary.problem ?? replica?.away,
    unlisted: { ...replica?.unlisted, ...status.primary.unlisted },
    nothingCarried: kinds.filter(carriesNothing).map(({ name }) => name),
    notes: status.notes,
  };
}

/** Whether nothing is left to be done, as far as all that could be looked at. */
export const isThrough = (work: Work): boolean =>
  work.compared &&
  !work.paused &&
  work.pending === 0 &&
  work.failed === 0 &&
  work.deletionsStopped === undefined &&
  work.away === undefined &&
  Object.keys(work.unlisted).length === 0;

/** Whether its rules carry the status only, and there is none. */
const carriesNothing = ({ resource, rules }: CopiedKind): boolean =>
  rules.length > 0 &&
  !resource.subresources.includes('status') &&
  rules.every(({ rule }) => rule.carry.what === 'status');
