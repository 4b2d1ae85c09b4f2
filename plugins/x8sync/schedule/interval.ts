/** What `--every` names: an interval that a cron schedule keeps evenly, or a schedule of cron itself. */
import { UsageError } from '../../../src/errors.ts';
import { parseCron } from './cron.ts';

/** When copies are made, for a CronJob. */
export interface Timetable {
  /** As the person gave it. */
  readonly every: string;
  /** The five fields of cron, or one of its words (`@daily`). */
  readonly cron: string;
  /** Name of the IANA time zone that the fields are of. */
  readonly timeZone: string;
}

/** The zone where none is named: no change of clocks makes an interval longer or shorter. */
export const defaultTimeZone = 'Etc/UTC';

const hour = 60;
const day = 24 * hour;
const week = 7 * day;

/** Intervals of a cron schedule that are equally long, in minutes, with its fields. */
const even: ReadonlyMap<number, string> = new Map([
  ...divisorsOf(60).map((minutes): [number, string] => [
    minutes,
    minutes === 1 ? '* * * * *' : `*/${minutes} * * * *`,
  ]),
  [hour, '0 * * * *'],
  ...divisorsOf(24).map((hours): [number, string] => [
    hours * hour,
    hours === 1 ? '0 * * * *' : `0 */${hours} * * *`,
  ]),
  [day, '0 0 * * *'],
  [week, '0 0 * * 0'],
]);

const intervalForm = /^(\d{1,6})(s|m|h|d)$/;

/** Those below the number itself. */
function divisorsOf(number: number): number[] {
  return Array.from({ length: number - 1 }, (_, index) => index + 1).filter(
    (divisor) => number % divisor === 0,
  );
}

/**
 * Reads `--every` and `--time-zone`: `15m`, `1h`, `1d`, `7d`, or five fields of cron.
 *
 * @throws UsageError where the interval can't be kept evenly, with the nearest that can, and where either is none.
 */
export function parseTimetable(every: string, given?: string): Timetable {
  const timeZone = given ?? defaultTimeZone;
  if (!isTimeZone(timeZone))
    throw new UsageError(`--time-zone: ${JSON.stringify(timeZone)} is no time zone`, {
      hint: 'by its name in the IANA database, for example Europe/Berlin',
    });
  const [, amount, unit = ''] = intervalForm.exec(every) ?? [];
  if (amount !== undefined && given !== undefined)
    throw new UsageError('--time-zone belongs to the fields of cron: an interval has none', {
      hint: 'for example --every "0 3 * * *" --time-zone Europe/Berlin',
    });
  if (amount !== undefined)
    return { every, cron: cronOf(every, Number(amount) * (minutesOf[unit] ?? 0)), timeZone };
  if (parseCron(every)) return { every, cron: every, timeZone };
  throw new UsageError(`--every: ${JSON.stringify(every)} is neither an interval nor a schedule of cron`, {
    hint: 'for example 15m, 1h, 1d, or "30 3 * * *": minute, hour, day, month, day of the week',
  });
}

const minutesOf: Readonly<Record<string, number>> = { s: 1 / 60, m: 1, h: hour, d: day };

/** Whether these fields keep this interval. */
export function keeps(cron: string, every: string): boolean {
  const [, amount, unit = ''] = intervalForm.exec(every) ?? [];
  return amount !== undefined && even.get(Number(amount) * (minutesOf[unit] ?? 0)) === cron;
}

function cronOf(every: string, minutes: number): string {
  const cron = even.get(minutes);
  if (cron !== undefined) return cron;
  const all = [...even.keys()].sort((a, b) => a - b);
  const nearest = [all.findLast((one) => one < minutes), all.find((one) => one > minutes)];
  const names = nearest.filter((one) => one !== undefined).map(intervalText);
  throw new UsageError(`--every: a cron schedule can't keep ${every} evenly`, {
    hint: `the nearest that it can: ${names.join(' or ')}`,
  });
}

function intervalText(minutes: number): string {
  if (minutes % day === 0) return `${minutes / day}d`;
  return minutes % hour === 0 ? `${minutes / hour}h` : `${minutes}m`;
}

function isTimeZone(name: string): boolean {
  try {
    // An offset such as +01:00 is one to JavaScript, and none to Kubernetes.
    return /^[A-Za-z]/.test(name) && new Intl.DateTimeFormat('en-US', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

/** `every 15m`, or `"30 3 * * *" (Europe/Berlin)`. */
export function describeTimetable({ every, cron, timeZone }: Timetable): string {
  const zone = timeZone === defaultTimeZone ? 'UTC' : timeZone;
  return every === cron ? `at "${cron}" (${zone})` : `every ${every}`;
}
