/** What ends the controller, and what it waits out. */
import { expect, test } from '@jest/globals';
import { runController } from '../../../../../plugins/nsreplicate/controller/controller.ts';
import { ControllerWork } from '../../../../../plugins/nsreplicate/controller/work-now.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { apiError, FakeCluster } from '../../../support/fake-cluster.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const syncers = 'syncer.gkelabs.io/krmsyncers';

/** A controller whose server says no to so many questions for KRMSyncers, after it answered so many. */
function scene({ after, times }: { after: number; times: number }) {
  const objects = new FakeCluster();
  objects.create('/namespaces', { metadata: { name: 'x8s-nsreplicate' } });
  objects.create('/namespaces', { metadata: { name: 'kube-system' } });
  const own = fakeKube(objects);
  let asked = 0;
  own.before = ({ verb, collection }) => {
    if (collection !== syncers || verb === 'watch') return;
    asked += 1;
    if (asked > after && asked <= after + times) throw apiError(403, 'not let', 'Forbidden');
  };
  const clock = fakeClock();
  const stop = new AbortController();
  const said: string[] = [];
  const over = runController({
    own,
    namespace: undefined,
    pod: undefined,
    policy: { trusted: [], tokens: [] },
    innerCidrs: [],
    mostObjects: 200_000,
    work: new ControllerWork(),
    metersOf: () => undefined,
    taskEnded: () => undefined,
    requestTimeoutMs: 1000,
    userAgent: 'test',
    clock,
    signal: stop.signal,
    ready: () => said.push('ready'),
    info: (text) => said.push(text),
    warn: (text) => said.push(text),
  }).catch((error: unknown) => error);
  const end = async () => {
    stop.abort(new Error('ended'));
    await clock.advance(1000);
    await own.close();
    return over;
  };
  return { said, clock, end, asked: () => asked };
}

test('who may not see KRMSyncers is told so before it stands by', async () => {
  const { said, clock, end } = scene({ after: 0, times: 99 });
  await clock.advance(1000);
  expect(await end()).toMatchObject({ code: 403 });
  expect(said).toEqual([]);
});

test('one that could see them, and leads while the server has forgotten its rights, goes on once it may', async () => {
  const { said, clock, end, asked } = scene({ after: 1, times: 3 });
  await clock.advance(60_000);
  const denials = said.filter((text) => text.includes('tried again by itself'));
  expect([said[0], denials.length, asked()]).toEqual(['ready', 1, 5]);
  expect(await end()).toMatchObject({ message: 'ended' });
});
