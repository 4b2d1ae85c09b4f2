/** Which jobs fail, and what people are told of that. Pure. */
import type { JobRecord, JobState } from './records.ts';

/** Whether a job fails, so that it can be tried again: it failed, or is just being tried once more. */
export const isFailing = ({ state, attempts }: Pick<JobRecord, 'state' | 'attempts'>): boolean =>
  state === 'failed' || (state === 'running' && attempts > 1);

/** How a job stands, as tables say it: of those that failed, what is not tried again by itself is parked. */
export const standingOf = ({
  state,
  parked = false,
}: Pick<JobRecord, 'state' | 'parked'>): JobState | 'parked' => (parked ? 'parked' : state);
