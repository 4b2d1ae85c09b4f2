import { expect, test } from '@jest/globals';
import { ensureKeys } from '../../../../../plugins/x8sync/objects/keys.ts';
import { secrets } from '../../../../../src/kube/api/resources.ts';
import { settle } from '../../../support/fake-clock.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

test('where one Secret is refused, the other one is not made behind the back of the clean-up', async () => {
  const [there, here] = [fakeKube(), fakeKube()];
  const slow = Promise.withResolvers<void>();
  there.before = ({ verb }) => (verb === 'create' ? slow.promise : undefined);
  here.before = ({ verb }) => {
    if (verb === 'create') throw apiError(403, 'exceeded quota', 'Forbidden');
  };
  const side = (kube: typeof there) => ({
    kube,
    meta: { name: 'x8sync-db', namespace: 'shop' },
    selector: {},
  });
  let ended = false;
  const made = ensureKeys(side(there), side(here), undefined, {
    timeoutMs: 0,
    signal: new AbortController().signal,
  });
  made.catch(() => {
    ended = true;
  });
  await settle();
  expect(ended).toBe(false);
  slow.resolve();
  await expect(made).rejects.toThrow('exceeded quota');
  expect((await there.list(secrets)).items).toHaveLength(1);
});

test('a tunnel has two key pairs more, each half where it is needed, and a change of direction makes all anew', async () => {
  const [there, here] = [fakeKube(), fakeKube()];
  const side = (kube: typeof there) => ({
    kube,
    meta: { name: 'x8sync-db', namespace: 'shop', labels: taskLabels, ownerReferences: [owner] },
    selector: {},
  });
  const keys = (isTunnelled: boolean) => ensureKeys(side(there), side(here), undefined, options, isTunnelled);
  const namesAt = async (kube: typeof there) => {
    const { items } = await kube.list(secrets);
    return items.flatMap(({ stringData = {} }) => Object.keys(stringData));
  };
  const pulled = await keys(false);
  expect(pulled.tunnel).toBeUndefined();
  const pushed = await keys(true);
  expect(pushed.client).not.toBe(pulled.client);
  expect(await keys(true)).toEqual(pushed);
  expect(await namesAt(there)).toEqual(['host_key', 'authorized_keys', 'tunnel_key', 'tunnel_known_hosts']);
  expect(await namesAt(here)).toEqual([
    ...['client_key', 'known_hosts', 'tunnel_host_key', 'tunnel_authorized_keys'],
  ]);
});

const options = { timeoutMs: 1000, signal: new AbortController().signal };
const taskLabels = { 'x8s.dev/task': 'db', 'app.kubernetes.io/managed-by': 'kubectl-x8sync' };
const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x8sync-db', uid: 'u' };
