/** How a cutover stands, or has ended, as people and programs read it. */
import { formatAgeSince } from '../../../src/ui/format.ts';
import {
  downtimeText,
  endLine,
  endOf,
  sideOfEnd,
  stoppedAndStarted,
  verifiedText,
} from '../records/cutover-end.ts';
import type { RunsNow } from '../records/cutover-now.ts';
import {
  type CutoverState,
  cutoverStateOf,
  describeWorkload,
  isUnderWay,
  namesOf,
  type ScaledWorkload,
} from '../records/cutover-state.ts';
import type { TaskEntry } from '../records/inventory.ts';
import type { Standing } from '../records/standing.ts';
import { overtakenText } from '../records/stopped-workloads.ts';

/** The field `cutover` of a task's document; undefined of one that is none. */
export function cutoverDocument(
  { records }: TaskEntry,
  { stoppedNow, runsNow }: Standing,
): Record<string, unknown> | undefined {
  const all = Object.values(records);
  const state = all.map(cutoverStateOf).find((one) => one !== undefined);
  if (!state) return undefined;
  const end = all.map(endOf).find((one) => one !== undefined);
  const mark = stoppedNow?.others[0]?.mark;
  return {
    ...state,
    ...(stoppedNow && { standingStill: names(stoppedNow.still), running: names(stoppedNow.running) }),
    ...(mark && { overtakenBy: { task: mark.task, target: mark.target, ended: mark.moved === true } }),
    ...(end && {
      ended: {
        at: end.at,
        downtimeSeconds: end.downtimeSeconds,
        stopped: names(end.stopped),
        started: names(end.started),
        side: sideOfEnd(end),
        verified: end.verification !== undefined,
      },
    }),
    ...(runsNow && { runsNow: { source: names(runsNow.source), target: names(runsNow.target) } }),
  };
}

const names = (workloads: readonly ScaledWorkload[]): string[] => workloads.map(describeWorkload);

/** What a person reads of it beside the task's own fields. */
export function cutoverFields(
  entry: TaskEntry,
  standing: Standing,
  now: Date,
): [string, string | undefined][] {
  const middle = middleText(entry, standing);
  if (middle !== undefined) return [['Cutover', middle]];
  const end = endIn(entry);
  if (!end) return [];
  return [
    ['Cutover', `ended at ${end.at} (${formatAgeSince(end.at, now)} ago): ${stoppedAndStarted(end)}`],
    ['Downtime', downtimeText(end)],
    ['Compared', verifiedText(end)],
    ['Runs now', standing.runsNow && runsText(standing.runsNow)],
  ];
}

/** One line, for a list: what stands still matters more than how the last copy went. */
export function cutoverLine(entry: TaskEntry, standing: Standing): string | undefined {
  const middle = middleText(entry, standing);
  if (middle !== undefined || standing.phase !== 'Succeeded') return middle;
  const end = endIn(entry);
  return end && endLine(end);
}

const endIn = ({ records }: TaskEntry) =>
  Object.values(records)
    .map(endOf)
    .find((end) => end !== undefined);

function runsText({ source, target }: RunsNow): string {
  const parts = [
    ...(target.length > 0 ? [`${namesOf(target)} with the target`] : []),
    ...(source.length > 0 ? [`${namesOf(source)} with the source`] : []),
  ];
  return parts.join(', ') || 'nothing of what it has stopped or started';
}

/** What a cutover has stopped and not started again; undefined of one that is in no middle. */
function middleText(
  { task, records }: TaskEntry,
  { stopped: marked, stoppedNow, phase }: Standing,
): string | undefined {
  if (marked) return `in its middle, as far as its source tells: ${namesOf(marked)} stands still`;
  const state = Object.values(records)
    .map(cutoverStateOf)
    .find((one) => one !== undefined);
  if (!state || !isUnderWay(state)) return undefined;
  if (stoppedNow) return seenText(task, state, stoppedNow);
  const unseen = phase === 'Running' ? '' : ', by its record: its source could not be asked';
  return `in its middle (${state.phase}): ${stillText(state, state.source)}${unseen}`;
}

function seenText(
  task: string,
  state: CutoverState,
  { still, running, others: [other] }: NonNullable<Standing['stoppedNow']>,
): string {
  if (other) {
    const left = still.length > 0 ? `, and ${namesOf(still)} of the source stands still for it` : '';
    return `${overtakenText(other, { task })}${left}`;
  }
  if (still.length > 0 || state.source.length === 0)
    return `in its middle (${state.phase}): ${stillText(state, still)}`;
  const left = `left in its middle (${state.phase})`;
  return running.length > 0
    ? `${left}: ${namesOf(running)} runs again`
    : `${left}: what it had stopped is gone`;
}

function stillText({ phase }: CutoverState, still: readonly ScaledWorkload[]): string {
  const how = phase === 'starting' ? 'was stopped, and what is to run may not be up' : 'stands still';
  return `${namesOf(still) || 'nothing'} ${how}`;
}
