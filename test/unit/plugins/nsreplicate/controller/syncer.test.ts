/** One KRMSyncer whose work, or what is told of it, meets a defect: it is begun anew, and the controller goes on. */
import { expect, test } from '@jest/globals';
import { Informers } from '../../../../../plugins/nsreplicate/cache/informers.ts';
import { SharedControls } from '../../../../../plugins/nsreplicate/controller/controls.ts';
import {
  krmSyncers,
  type SyncerObject,
} from '../../../../../plugins/nsreplicate/controller/resource/resource.ts';
import { Syncer, type SyncerContext } from '../../../../../plugins/nsreplicate/controller/syncer.ts';
import { ControllerWork } from '../../../../../plugins/nsreplicate/controller/work-now.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { configMap, configMaps, namespace, namespaces, sides } from '../../../support/replication.ts';

const collection = `${krmSyncers.group}/${krmSyncers.plural}`;

/** A KRMSyncer that pushes ConfigMaps of its namespace between two fake clusters. */
function scene() {
  const { from, to } = sides();
  from.objects.create(configMaps, configMap('a'));
  to.objects.create(namespaces, namespace('shop'));
  const object = from.objects.create(collection, {
    apiVersion: `${krmSyncers.group}/${krmSyncers.version}`,
    kind: krmSyncers.kind,
    metadata: { name: 'one', namespace: 'shop', generation: 1 },
    spec: {
      mode: 'push',
      destination: { clusterConfig: { kubeConfigSecretRef: { name: 'remote' } } },
      rules: [{ group: '', version: 'v1', kind: 'ConfigMap', namespaces: ['shop'] }],
    },
  } as never) as unknown as SyncerObject;
  const clock = fakeClock();
  const ended = new AbortController();
  const said: string[] = [];
  let rounds = 0;
  const secret = { metadata: { name: 'remote' }, data: { kubeconfig: Buffer.from('x').toString('base64') } };
  const context = {
    own: from,
    ownId: 'FROM',
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
  const { from, to, clock, said, end, rounds, over } = scene();
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
