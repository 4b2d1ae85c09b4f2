/** A schedule in words, with its next time. */
import { nextRun, parseCron } from '../schedule/cron.ts';
import type { Timetable } from '../schedule/interval.ts';
import type { ScheduleReport } from './request/request.ts';

export function scheduleReport(timetable: Timetable, now: Date): ScheduleReport {
  return { ...timetable, next: nextTime(timetable, now)?.toISOString() };
}

/** Undefined where the fields of cron are none, or name no day that exists. */
export function nextTime({ cron, timeZone }: Timetable, now: Date): Date | undefined {
  const schedule = parseCron(cron);
  return schedule && nextRun(schedule, now, timeZone);
}
