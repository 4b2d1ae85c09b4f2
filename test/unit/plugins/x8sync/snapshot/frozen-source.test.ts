/** A snapshot that an earlier run has made is the moment that the task copies, by whatever class a later one asks for. */
import { expect, test } from '@jest/globals';
import type { ClaimState } from '../../../../../plugins/x8sync/claims/claim.ts';
import type { TaskSide } from '../../../../../plugins/x8sync/objects/sides.ts';
import { freezeSource } from '../../../../../plugins/x8sync/snapshot/frozen-source.ts';
import { volumeSnapshots } from '../../../../../src/kube/api/resources.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x8sync-db-source', uid: '1' }];
const labels = { 'app.kubernetes.io/managed-by': 'kubectl-x8sync', 'x8s.dev/task': 'db' };
const meta = { name: 'x8sync-db-source', namespace: 'shop', labels, ownerReferences };

function scene() {
  const kube = fakeKube();
  const side: TaskSide = { kube, ...meta, meta, selector: {}, selectorText: '' };
  const ref = { kube, namespace: 'shop', claim: 'data' };
  const source = { ref, object: { metadata: { name: 'data' }, spec: {} } } as unknown as ClaimState;
  // The driver, which is done at once.
  kube.after = async ({ verb, collection }) => {
    if (verb !== 'create' || !collection.endsWith('/volumesnapshots')) return;
    const made = await kube.get(volumeSnapshots, meta);
    const status = { readyToUse: true, creationTime: `of ${made.spec.volumeSnapshotClassName}` };
    await kube.replace(volumeSnapshots, { ...made, status });
  };
  const freeze = (snapshotClass: string) =>
    freezeSource(side, source, { method: 'snapshot', snapshotClass }, 'cluster', {
      timeoutMs: 1000,
      signal: new AbortController().signal,
    });
  return { kube, freeze };
}

test('one that is ready is used whatever class is asked for now, and that is told', async () => {
  const { kube, freeze } = scene();
  const first = await freeze('slow');
  expect(first).toMatchObject({ takenAt: 'of slow', otherClass: undefined });
  expect(await freeze('slow')).toMatchObject({ takenAt: 'of slow', otherClass: undefined });
  expect(await freeze('fast')).toMatchObject({ takenAt: 'of slow', otherClass: 'slow' });
  const made = kube.calls.filter(
    ({ verb, collection }) => verb === 'create' && collection.endsWith('/volumesnapshots'),
  );
  expect(made).toHaveLength(1);
});

test('one of an earlier task of this name is made anew', async () => {
  const { kube, freeze } = scene();
  await freeze('slow');
  const stale = await kube.get(volumeSnapshots, meta);
  const [owner] = ownerReferences;
  const metadata = {
    ...stale.metadata,
    ownerReferences: [{ ...owner, uid: 'gone' }] as typeof ownerReferences,
  };
  await kube.replace(volumeSnapshots, { ...stale, metadata });
  expect(await freeze('fast')).toMatchObject({ takenAt: 'of fast', otherClass: undefined });
});
