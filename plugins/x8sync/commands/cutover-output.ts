/** How a cutover stands, or has ended, as people and programs read it. */
import { formatAgeSince, formatDuration } from '../../../src/ui/format.ts';
import {
  type CutoverEnd,
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
    ...(runsNow && {
      runsNow: { ...runsNow, source: names(runsNow.source), target: names(runsNow.target) },
    }),
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
    ['Downtime', downtimeText(end, standing.runsNow)],
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

function runsText(now: RunsNow): string {
  const unlisted = now.unlisted ? '; what else has the target can not be listed' : '';
  return `${sidesText(now) || 'nothing of what it has stopped or started'}${unlisted}`;
}

/** `Deployment next (3) with the target`; empty where nothing runs. */
function sidesText({ source, target }: RunsNow): string {
  const parts = [
    ...(target.length > 0 ? [`${namesOf(target)} with the target`] : []),
    ...(source.length > 0 ? [`${namesOf(source)} with the source`] : []),
  ];
  return parts.join(', ');
}

function downtimeText(end: CutoverEnd, now: RunsNow | undefined): string {
  const { downtimeSeconds, stopped, started } = end;
  if (downtimeSeconds !== undefined) return formatDuration(downtimeSeconds * 1000);
  if (stopped.length === 0) return 'none: nothing had to be stopped';
  if (started.length > 0) return 'not known: an earlier run had stopped or started it';
  return openText(now);
}

/** The pause of one that has started nothing, which others may have ended since. */
function openText(now: RunsNow | undefined): string {
  if (now?.startedBy) {
    const { task, at, downtimeSeconds } = now.startedBy;
    const after = downtimeSeconds === undefined ? '' : ` after ${formatDuration(downtimeSeconds * 1000)}`;
    return `over${after}: cutover ${task} has started what has the target, which was ready at ${at}`;
  }
  const running = now && sidesText(now);
  if (running) return `over: it has started nothing, and by now there is ${running}`;
  if (!now || now.unlisted) return 'goes on as far as is known: it has started nothing';
  return 'goes on: nothing was started';
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
