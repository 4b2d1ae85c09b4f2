/** When a CronJob of ours copies, as it bears it itself: whoever reads the cluster alone knows it. */
import type { CronJob } from '../../../src/kube/api/objects.ts';
import { defaultTimeZone, keeps, type Timetable } from '../schedule/interval.ts';

const everyAnnotation = 'x8s.dev/every';

export const timetableAnnotations = ({ every }: Timetable): Record<string, string> => ({
  [everyAnnotation]: every,
});

/** As the CronJob has it now: where somebody has edited its fields, what was asked for is old. */
export function timetableOf({ metadata, spec }: CronJob): Timetable {
  const { schedule: cron, timeZone = defaultTimeZone } = spec;
  const { [everyAnnotation]: every = cron } = metadata.annotations ?? {};
  return { every: keeps(cron, every) ? every : cron, cron, timeZone };
}
