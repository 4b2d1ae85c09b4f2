/** What a run begins with of what earlier ones left. */
import { expect, test } from '@jest/globals';
import {
  readActive,
  readEarlierRuns,
  readResults,
  readSavedState,
  readShards,
  readStatus,
} from '../../../../../plugins/nsreplicate/state/state.ts';
import { metadataOf, type Role } from '../../../../../plugins/nsreplicate/state/task-objects.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

test('is read in two requests, and is what it is when it is read one by one; nothing of other tasks is among it', async () => {
  const kube = fakeKube();
  const keep = (task: string, role: Role, data: Record<string, string>) =>
    kube.objects.create('/configmaps', { metadata: metadataOf(task, role), data } as never);
  for (const task of ['t', 'other']) {
    keep(task, 'state', {
      saved: JSON.stringify({ sequence: 7 }),
      status: JSON.stringify({ task, phase: 'Stopped' }),
    });
    keep(task, 'results-3', { results: JSON.stringify({ standby: task }) });
    keep(task, 'jobs-recent', { records: `recent of ${task}` });
    keep(task, 'jobs-failed-0', { records: `failed of ${task}` });
    keep(task, 'jobs-active', { records: `active of ${task}` });
    keep(task, 'control', { paused: 'true' });
  }
  const earlier = await readEarlierRuns(kube, 't');
  expect(kube.calls).toHaveLength(2);
  expect(earlier).toEqual({
    saved: await readSavedState(kube, 't'),
    status: await readStatus(kube, 't'),
    results: await readResults(kube, 't'),
    shards: await readShards(kube, 't'),
    active: await readActive(kube, 't'),
  });
  expect([earlier.active, earlier.results.length]).toEqual(['active of t', 1]);
  const blank = await readEarlierRuns(kube, 'none');
  expect([blank.status, blank.saved.sequence, blank.results, blank.active]).toEqual([undefined, 0, [], '']);
});
