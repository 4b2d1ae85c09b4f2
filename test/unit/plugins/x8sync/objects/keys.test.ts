import { expect, test } from '@jest/globals';
import { ensureKeys } from '../../../../../plugins/x8sync/objects/keys.ts';
import { secrets } from '../../../../../src/kube/resources.ts';
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
