/** `approve` says whether deletions go on now. */
import { expect, test } from '@jest/globals';
import { ApproveCommand } from '../../../../../plugins/nsreplicate/commands/approve.ts';
import { readControl } from '../../../../../plugins/nsreplicate/state/control.ts';
import { blankState } from '../../../../../plugins/nsreplicate/state/saved-state.ts';
import { stateDocument, type TaskStatus } from '../../../../../plugins/nsreplicate/state/state.ts';
import { metadataOf } from '../../../../../plugins/nsreplicate/state/task-objects.ts';
import type { KubeCommandContext } from '../../../../../src/cli/kube-command.ts';
import { hastyClock } from '../../../support/fake-clock.ts';
import { FakeCluster } from '../../../support/fake-cluster.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

test('where nobody is at work they do so later, whatever the record says', async () => {
  const cluster = new FakeCluster();
  const status = {
    ...{ task: 't', phase: 'Watching', startedAt: '2026-01-01T00:00:00Z' },
    ...{ primary: { name: 'a', server: '' }, replicas: [] },
  } as unknown as TaskStatus;
  const { data } = stateDocument(status, blankState());
  cluster.create('/configmaps', { metadata: metadataOf('t', 'state'), data });
  const kube = fakeKube(cluster, { context: 'a' });
  const context = {
    ...{ binaryName: 'x', clock: hastyClock(), signal: new AbortController().signal, kube: async () => kube },
  } as unknown as KubeCommandContext;
  const command = Object.assign(new ApproveCommand(), { name: 't', primary: undefined, digest: undefined });
  expect((await command.run(context)).text).toBe(
    'Task t: deletions go on once an instance is at work on it: nobody is now.',
  );
  expect((await readControl(kube, 't')).approval).toBeDefined();
  await kube.close();
});
