/** What attach says where there is nothing to follow, and what to do then. */
import { expect, test } from '@jest/globals';
import { attach } from '../../../../../plugins/x8sync/records/attach.ts';
import { jobs } from '../../../../../src/kube/api/resources.ts';
import { detachedCopy } from '../../../support/detached-copy.ts';

test('a copy whose mover is gone unread is gone on with by its own command, which does not run any more', async () => {
  const { kube, context, entry } = await detachedCopy('ok');
  await kube.delete(jobs, { namespace: 'shop', name: 'x8sync-away-target' });
  await expect(attach(await entry(), kube, context)).rejects.toMatchObject({
    exitCode: 1,
    message: expect.stringMatching(/has no mover in fake, and how it ended is not known$/),
    hint: 'run the same command again to go on with it; kubectl x8sync cleanup away removes what is left',
  });
});
