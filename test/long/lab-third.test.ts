/** The lab's levers on what a cluster remembers, on the third one. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isLab } from '../cluster/support/contexts.ts';
import { kubectl } from '../cluster/support/kubectl.ts';
import {
  emptyEtcd,
  ensureThird,
  expireWatches,
  restoreEtcd,
  snapshotEtcd,
  takeThirdDown,
} from '../lab/index.ts';
import { eventually } from '../support/eventually.ts';

const third = 'lab-c';

(isLab ? describe : describe.skip)('the memory of a cluster', () => {
  const names = async (): Promise<string[]> =>
    (await kubectl(third, ['get', 'configmaps', '-o', 'name'])).trim().split('\n');
  const make = (name: string) => kubectl(third, ['create', 'configmap', name]);

  beforeAll(ensureThird);
  afterAll(takeThirdDown);

  test('a snapshot put back forgets what came after it', async () => {
    await make('before');
    snapshotEtcd(third, 'test');
    await make('after');
    await restoreEtcd(third, 'test');
    expect(await names()).toContain('configmap/before');
    expect(await names()).not.toContain('configmap/after');
  });

  test('an old resourceVersion expires', async () => {
    const path = '/api/v1/namespaces/default/configmaps';
    const list = JSON.parse(await kubectl(third, ['get', '--raw', path])) as {
      metadata: { resourceVersion: string };
    };
    for (let i = 0; i < 3; i++) await make(`expire-${i}`);
    await expireWatches(third);
    const watch = `${path}?watch=true&timeoutSeconds=2&resourceVersion=${list.metadata.resourceVersion}`;
    expect(await kubectl(third, ['get', '--raw', watch])).toMatch(/"code":410/);
  });

  test('an emptied etcd holds nothing', async () => {
    await emptyEtcd(third);
    // The cluster makes its own again, a moment after it answers.
    await eventually(async () => expect(await names()).toEqual(['configmap/kube-root-ca.crt']));
  });
});
