/** Who makes the definition of KRMSyncers, and whose it is afterwards. */
import { expect, test } from '@jest/globals';
import {
  definitions,
  syncerDefinition,
} from '../../../../../../plugins/nsreplicate/controller/installation/crd.ts';
import { ensureDefinition } from '../../../../../../plugins/nsreplicate/controller/installation/ensure-crd.ts';
import { installManager } from '../../../../../../plugins/nsreplicate/controller/installation/installation.ts';
import { fakeKube } from '../../../../support/fake-kube.ts';

const { name } = syncerDefinition().metadata;
const silent = { info: () => undefined, warn: () => undefined };

test('a definition that a controller on a workstation made belongs to install, which may change it later', async () => {
  const kube = fakeKube();
  // What the API server's own controller says of every definition.
  const conditions = [{ type: 'Established', status: 'True' }];
  kube.after = async ({ verb }) => {
    if (verb !== 'apply') return;
    kube.after = () => undefined;
    await kube.patch(definitions, { name }, { status: { conditions } }, { type: 'merge' });
  };
  await ensureDefinition(kube, silent);
  const found = await kube.get(definitions, { name });
  expect(found.metadata.managedFields).toEqual([
    expect.objectContaining({ manager: installManager, operation: 'Apply' }),
  ]);
});
