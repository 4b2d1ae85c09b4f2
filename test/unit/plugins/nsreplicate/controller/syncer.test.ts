/** One KRMSyncer whose work, or what is told of it, meets a defect: it is begun anew, and the controller goes on. */
import { expect, test } from '@jest/globals';
import { Informers } from '../../../../../plugins/nsreplicate/cache/informers.ts';
import { unidentified } from '../../../../../plugins/nsreplicate/clusters/cluster.ts';
import { SharedControls } from '../../../../../plugins/nsreplicate/controller/controls.ts';
import {
  krmSyncers,
  type SyncerObject,
} from '../../../../../plugins/nsreplicate/controller/resource/resource.ts';
import { Syncer, type SyncerContext } from '../../../../../plugins/nsreplicate/controller/syncer.ts';
import { ControllerWork } from '../../../../../plugins/nsreplicate/controller/work-now.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import type { FakeKube } from '../../../support/fake-kube.ts';
import { configMap, configMaps, namespace, namespaces, sides } from '../../../support/replication.ts';

const collection = `${krmSyncers.group}/${krmSyncers.plural}`;

/** A KRMSyncer that pushes ConfigMaps of its namespace between two fake clusters. */
function scene({
  ownId,
  earlier,
}: {
  ownId?: string | undefined;
  earlier?: { from: FakeKube; to: FakeKube };
} = {}) {
  const { from, to } = sides({}, earlier);
  Object.assign(to.cluster, { server: 'https://to.invalid' });
  if (!earlier) {
    from.objects.create(configMaps, configMap('a'));
    for (const one of ['kube-system', 'shop']) to.objects.create(namespaces, namespace(one));
  }
  const made = () =>
    from.objects.create(collection, {
      apiVersion: `${krmSyncers.group}/${krmSyncers.version}`,
      kind: krmSyncers.kind,
      metadata: { name: 'one', namespace: 'shop', generation: 1 },
      spec: {
        mode: 'push',
        destination: { clusterConfig: { kubeConfigSecretRef: { name: 'remote' } } },
        rules: [{ group: '', version: 'v1', kind: 'ConfigMap', namespaces: ['shop'] }],
      },
    } as never);
  const object = (from.objects.find(collection, 'shop', 'one') ?? made()) as unknown as SyncerObject;
  const clock = fakeClock();
  const ended = new AbortController();
  const said: string[] = [];
  let rounds = 0;
  const secret = { metadata: { name: 'remote' }, data: { kubeconfig: Buffer.from('x').toString('base64') } };
  const context = {
    own: from,
    ownId: ownId ?? unidentified('local', from).id,
    clients: { local: async () => from, remote: async () => to },
    secrets: { follow: async () => secret },
    controls: new SharedControls(from, clock, ended.signal),
    informers: new Informers(clock),
    work: new ControllerWork(),
    metersOf: () => undefined,
    taskEnded: () => undefined,
    policy: { trusted: ['shop'], tokens: [] },
    clock,
    fence: async () => 60_000,
    lost: new AbortController().signal,
    guardedBy: 'controller',
    isEldest: () => true,
    admit: async () => {
      rounds++;
    },
    info: (text: string) => said.push(text),
    warn: (text: string) => {
      said.push(text);
      if (text.includes("status can't be written")) throw new Error('nobody listens');
    },
  } as unknown as SyncerContext;
  let over: unknown;
  const running = new Syncer(object, context, ended.signal).run().then(
    () => {
      over = 'ended';
    },
    (error: unknown) => {
      over = error;
    },
  );
  const end = async () => {
    ended.abort(new Error('ended'));
    await clock.advance(5000);
    await running;
    await Promise.all([from.close(), to.close()]);
    return over;
  };
  return { from, to, clock, said, end, rounds: () => rounds, over: () => over };
}

test('of which nothing can be told any more is begun anew, again and again', async () => {
  const { from, to, clock, said, end, rounds, over } = scene({ ownId: 'FROM' });
  let mayTell = true;
  from.before = ({ verb, collection: of }) => {
    if (of === collection && verb !== 'get' && !mayTell) throw apiError(500, 'broken');
  };
  await clock.advance(3000);
  expect([rounds(), to.objects.all(configMaps).length, said]).toEqual([1, 1, ['taken up']]);
  mayTell = false;
  from.objects.create(configMaps, configMap('b'));
  await clock.advance(60_000);
  expect(over()).toBeUndefined();
  expect(rounds()).toBeGreaterThan(2);
  expect(said.filter((text) => /^a defect: Error: nobody listens/.test(text)).length).toBeGreaterThan(1);
  expect(await end()).toBe('ended');
});

/** As the state of the task names what copies were made from, and of which cluster the last run was. */
const savedIn = (from: FakeKube) => {
  const [state] = from.objects
    .all('/configmaps', 'x8s-nsreplicate')
    .filter(({ metadata }) => metadata.name.endsWith('-state'));
  const { saved = '{}' } = (state as { data?: Record<string, string> } | undefined)?.data ?? {};
  return JSON.parse(saved) as { primary?: string; clusters?: Record<string, string> };
};

test('both clusters stay who they were while a restarted controller may not ask them who they are', async () => {
  const first = scene({ ownId: 'FROM' });
  await first.clock.advance(5000);
  const before = savedIn(first.from);
  expect([before.primary, before.clusters]).toEqual(['FROM', { remote: expect.stringMatching(/./) }]);
  expect(before.clusters?.remote).not.toMatch(/^server-/);
  await first.end();
  const conceal = (kube: FakeKube) => {
    kube.before = ({ collection: of, name }) => {
      if (of === namespaces && name === 'kube-system') throw apiError(403, 'not allowed', 'Forbidden');
    };
  };
  const again = scene({ ownId: undefined, earlier: first });
  conceal(again.from);
  conceal(again.to);
  await again.clock.advance(5000);
  expect(again.said.filter((text) => /another cluster/.test(text))).toEqual([]);
  expect(savedIn(again.from)).toMatchObject({ primary: 'FROM', clusters: before.clusters });
  await again.end();
});
