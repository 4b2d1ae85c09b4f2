/** Which jobs can be tried again. Pure. */
import type { JobRecord } from './records.ts';

/** Whether a job fails, so that it can be tried again: it failed, or is just being tried once more. */
export const isFailing = ({ state, attempts }: Pick<JobRecord, 'state' | 'attempts'>): boolean =>
  state === 'failed' || (state === 'running' && attempts > 1);
