/** `--every`, `--time-zone`: a copy that is made again and again without this workstation. */
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { option } from '../../../../src/cli/options.ts';
import type { Outcome } from '../../../../src/cli/output.ts';
import { UsageError } from '../../../../src/errors.ts';
import { formatAge } from '../../../../src/ui/format.ts';
import type { StrategyName } from '../../connect/strategy-names.ts';
import type { CopyRequest, ScheduleReport, ScheduleWish } from '../../run/request/request.ts';
import type { Rescheduled } from '../../run/reschedule.ts';
import { describeTimetable, parseTimetable } from '../../schedule/interval.ts';

const group = 'Schedule';

export const everyOption = () =>
  option.text('--every', {
    group,
    value: 'INTERVAL',
    description:
      'After this copy, leave a CronJob at the target that copies again: 15m, 1h, 1d, or "0 3 * * *". Takes --name.',
  });

export const timeZoneOption = () =>
  option.text('--time-zone', {
    group,
    value: 'ZONE',
    description: 'Time zone of the cron fields of --every, by its IANA name; UTC where not given.',
  });

export interface ScheduleFlags {
  readonly every: string | undefined;
  readonly timeZone: string | undefined;
  readonly name: string | undefined;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly cutover: boolean;
  readonly detach: boolean;
  readonly snapshot: boolean;
  readonly clone: boolean;
  readonly push: boolean;
  readonly fsGroup: string | undefined;
  readonly delete: boolean;
  readonly yes: boolean;
  readonly strategies: readonly StrategyName[];
}

/** Why a flag does not go with --every. */
const declined: readonly (readonly [keyof ScheduleFlags, flag: string, why: string])[] = [
  ['force', '--force', 'the target would be empty for a while with each copy; --delete keeps it equal'],
  ['dryRun', '--dry-run', 'a dry run has something to show, and nobody would see it'],
  ['cutover', '--cutover', 'a workload moves once, and this command has to see to its end'],
  ['detach', '--detach', 'the first copy shows that later ones will work, so it is waited for'],
  ['snapshot', '--snapshot', 'snapshots are made by this command, which is not there for later copies'],
  ['clone', '--clone', 'clones are made by this command, which is not there for later copies'],
  ['push', '--push', 'between two copies nobody is at the target for the source to dial'],
  [
    'fsGroup',
    '--fs-group',
    'only the first copy finds the volume empty; --run-as names a user who may write',
  ],
];

/** @throws UsageError where the flags contradict each other, or the interval is none. */
export function scheduleWishOf(flags: ScheduleFlags): ScheduleWish | undefined {
  if (flags.every === undefined) {
    if (flags.timeZone !== undefined) throw new UsageError('--time-zone belongs to --every');
    return undefined;
  }
  const timetable = parseTimetable(flags.every, flags.timeZone);
  if (flags.name === undefined)
    throw new UsageError('--every takes --name: by it the schedule is found, changed and ended');
  for (const [key, flag, why] of declined)
    if (flags[key]) throw new UsageError(`${flag} does not go with --every: ${why}`);
  if (flags.strategies.length > 0 && flags.strategies.every((name) => name === 'relay'))
    throw new UsageError(
      'a relay passes what it copies through this workstation, and --every copies without it',
    );
  return { ...timetable, deletes: flags.delete ? (flags.yes ? 'all' : 'half') : 'nothing' };
}

/** What is said of a copy that is made again and again. */
export function scheduleLines(
  report: ScheduleReport,
  task: string,
  { target: { kube, namespace } }: Pick<CopyRequest, 'target'>,
  now: Date,
): string[] {
  const find = `${task} --context ${kube.cluster.context} -n ${namespace}`;
  return [
    `Copies again ${describeTimetable(report)}, without this workstation${nextText(report, now)}`,
    `  kubectl x8sync status ${find}   shows the last good copy, and what failed since`,
    `  kubectl x8sync cancel ${find}   ends it; until then what serves the source stays, too`,
  ];
}

function nextText({ next }: ScheduleReport, now: Date): string {
  return next === undefined ? '' : `; next in ${formatAge(Date.parse(next) - now.getTime())}, at ${next}`;
}

/** What is said where a schedule's times were changed, and nothing was copied. */
export function rescheduledOutcome(
  { before, wasSuspended, ...changed }: Rescheduled,
  request: CopyRequest,
  { clock, reporter }: KubeCommandContext,
): Outcome {
  const { task, source, target, schedule } = changed;
  const [from, to] = [describeTimetable(before), describeTimetable(schedule)];
  const how = from === to ? `Unchanged: ${to}` : `Changed from ${from} to ${to}`;
  const woken = wasSuspended ? '; it was suspended, and goes on' : '';
  const lines = scheduleLines(schedule, task, request, clock.now());
  return {
    data: { task, source, target, schedule, before, wasSuspended, warnings: reporter.warnings },
    text: [`${how}${woken}: ${source} → ${target}`, ...lines].join('\n'),
  };
}
