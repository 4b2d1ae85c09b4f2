import { expect, test } from '@jest/globals';
import { look } from '../../../../../plugins/nsreplicate/preview/look.ts';
import { raiseEpoch } from '../../../../../plugins/nsreplicate/state/epoch.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { configMap, configMaps, sides } from '../../../support/replication.ts';

test('a plan of a task that is fenced says that nothing of it would be written', async () => {
  const { from, to, assignment } = sides();
  from.objects.create(configMaps, configMap('a'));
  const options = { ...assignment, state: from, clock: fakeClock(), signal: new AbortController().signal };
  expect((await look(options)).notes).toEqual([]);
  const raisedAt = '2026-01-01T00:00:00.000Z';
  await raiseEpoch(to, 't', { number: 1, leader: 'TO', leaderName: 'to', raisedAt });
  expect((await look(options)).notes).toEqual([expect.stringContaining('Task t is fenced: to was promoted')]);
  await Promise.all([from.close(), to.close()]);
});
