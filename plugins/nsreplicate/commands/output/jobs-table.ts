/** Jobs as a table. */
import { table } from '../../../../src/cli/table.ts';
import { standingOf } from '../../jobs/failing.ts';
import type { JobRecord } from '../../jobs/records.ts';

export function jobsTable(jobs: readonly JobRecord[]) {
  return table(
    jobs,
    [
      { header: 'REPLICA', value: ({ replica }) => replica },
      { header: 'NAMESPACE', value: ({ namespace }) => namespace ?? '' },
      { header: 'KIND', value: ({ kind }) => kind },
      { header: 'NAME', value: ({ name }) => name },
      { header: 'STATE', value: standingOf },
      { header: 'DID', value: ({ did }) => did ?? '' },
      { header: 'ATTEMPTS', value: ({ attempts }) => String(attempts) },
      { header: 'REASON', value: ({ reason }) => reason ?? '' },
      { header: 'CHANGE', wide: true, value: ({ change }) => change },
      { header: 'STARTED', wide: true, value: ({ startedAt }) => startedAt },
      { header: 'FINISHED', wide: true, value: ({ finishedAt }) => finishedAt ?? '' },
      { header: 'MESSAGE', wide: true, value: ({ message }) => message ?? '' },
    ],
    'No jobs found.',
  );
}
