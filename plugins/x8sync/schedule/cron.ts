/**
 * Cron schedules as Kubernetes reads them: the five fields of robfig/cron v3 (`ParseStandard`), in a time zone. Only to
 * say when the next run is: the runs themselves are the CronJob controller's.
 */

/** What one field allows. */
interface Field {
  readonly values: ReadonlySet<number>;
  /** `*` or `?`, without a step. */
  readonly isAny: boolean;
}

export interface CronSchedule {
  readonly minute: Field;
  readonly hour: Field;
  readonly day: Field;
  readonly month: Field;
  readonly weekday: Field;
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly names?: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const ranges: readonly Range[] = [
  { from: 0, to: 59 },
  { from: 0, to: 23 },
  { from: 1, to: 31 },
  { from: 1, to: 12, names: months },
  { from: 0, to: 6, names: weekdays },
];

const macros: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** Undefined where the text is no schedule that Kubernetes takes. */
export function parseCron(text: string): CronSchedule | undefined {
  const whole = Object.hasOwn(macros, text) ? (macros[text] ?? '') : text;
  const words = whole.trim().split(/\s+/);
  const fields = ranges.map((range, index) => parseField(words[index] ?? '', range));
  const [minute, hour, day, month, weekday] = fields;
  if (words.length !== ranges.length || !minute || !hour || !day || !month || !weekday) return undefined;
  return { minute, hour, day, month, weekday };
}

function parseField(text: string, range: Range): Field | undefined {
  const values = new Set<number>();
  let isAny = false;
  for (const part of text.split(',')) {
    const read = parsePart(part, range);
    if (!read) return undefined;
    isAny ||= read.isAny;
    for (let value = read.from; value <= read.to; value += read.step) values.add(value);
  }
  return { values, isAny };
}

/** `*`, `5`, `1-5`, each also with `/STEP`; a single number with a step goes on to the end of the range. */
function parsePart(part: string, range: Range) {
  const [, low = '', high, stepText] = /^([^-/]+)(?:-([^-/]+))?(?:\/(\d+))?$/.exec(part) ?? [];
  const step = Number(stepText ?? 1);
  const isStar = (low === '*' || low === '?') && high === undefined;
  const from = isStar ? range.from : numberOf(low, range);
  const single = stepText === undefined ? from : range.to;
  const to = isStar ? range.to : high === undefined ? single : numberOf(high, range);
  if (from === undefined || to === undefined || from > to || step < 1) return undefined;
  return { from, to, step, isAny: isStar && step === 1 };
}

function numberOf(text: string, { from, to, names = [] }: Range): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return named + from;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= from && value <= to ? value : undefined;
}

const minuteMs = 60_000;
/** A 29th of February comes within eight years at the latest; beyond that a schedule names no day that exists. */
const furthestMs = 8 * 366 * 24 * 60 * minuteMs;

/** The first time after this one that the schedule names; undefined where there is none. */
export function nextRun(schedule: CronSchedule, after: Date, timeZone: string): Date | undefined {
  const wallClock = wallClockOf(timeZone);
  const last = after.getTime() + furthestMs;
  let time = Math.floor(after.getTime() / minuteMs + 1) * minuteMs;
  while (time <= last) {
    const now = wallClock(time);
    if (!isDay(schedule, now)) time += minutesLeftOfDay(now) * minuteMs;
    else if (!schedule.hour.values.has(now.hour)) time += (60 - now.minute) * minuteMs;
    else if (!schedule.minute.values.has(now.minute)) time += minuteMs;
    else return new Date(time);
  }
  return undefined;
}

/** Never beyond midnight, also on a day that a change of the clocks makes an hour shorter. */
const minutesLeftOfDay = ({ hour, minute }: WallClock): number =>
  hour < 21 ? (22 - hour) * 60 - minute : 60 - minute;

/** Where both are limited, a day is one that either names, as in every cron. */
function isDay({ day, month, weekday }: CronSchedule, now: WallClock): boolean {
  if (!month.values.has(now.month)) return false;
  const [byDay, byWeekday] = [day.values.has(now.day), weekday.values.has(now.weekday)];
  return day.isAny || weekday.isAny ? byDay && byWeekday : byDay || byWeekday;
}

interface WallClock {
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
}

function wallClockOf(timeZone: string): (time: number) => WallClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    month: 'numeric',
    day: 'numeric',
    weekday: 'short',
    hour: 'numeric',
    minute: 'numeric',
  });
  return (time) => {
    const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]));
    return {
      month: Number(parts.month),
      day: Number(parts.day),
      weekday: weekdays.indexOf((parts.weekday ?? '').toLowerCase()),
      hour: Number(parts.hour),
      minute: Number(parts.minute),
    };
  };
}
