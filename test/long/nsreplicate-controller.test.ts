/** What befalls a controller: its Lease is stolen, its API server goes and comes back, its destination comes back empty. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ensureDefinition } from '../../plugins/nsreplicate/controller/installation/ensure-crd.ts';
import { krmSyncers } from '../../plugins/nsreplicate/controller/resource/resource.ts';
import { taskName } from '../../plugins/nsreplicate/controller/resource/task-names.ts';
import { conditionOf } from '../../src/kube/api/conditions.ts';
import { configMaps, leases, namespaces } from '../../src/kube/api/resources.ts';
import { startPlugin } from '../cluster/support/kubectl.ts';
import { Pair, stateNamespace } from '../cluster/support/nsreplicate.ts';
import { configMap } from '../cluster/support/objects.ts';
import type { Running } from '../cluster/support/process.ts';
import { reachable, reachableKubeconfig } from '../cluster/support/reachable.ts';
import { describeWithServers } from '../cluster/support/servers.ts';
import type { AuditEvent } from '../cluster/support/solo-server.ts';
import { putDestination, ref, rule, syncerObject } from '../cluster/support/syncers.ts';
import { eventually } from '../support/eventually.ts';

const writes = ['create', 'update', 'patch', 'delete'];
const auditRules = [{ level: 'Metadata', verbs: writes }, { level: 'None' }];
const LIMIT_MS = 90_000;
const lease = { namespace: stateNamespace, name: 'nsreplicate-krm-controller-lease' };

describeWithServers(
  'a controller',
  ['home', 'away'],
  (servers) => {
    let pair: Pair;
    let controller: Running;

    beforeAll(async () => {
      const [home, away] = [servers().named('home'), servers().named('away')];
      pair = await Pair.open('befalls', { primary: home.kubeconfig, replica: away.kubeconfig });
      const { namespace } = pair;
      await ensureDefinition(pair.from, { info: () => undefined, warn: () => undefined });
      await putDestination(pair, namespace, reachableKubeconfig(away));
      const spec = { destination: ref, rules: [rule('ConfigMap')] };
      await pair.from.create(krmSyncers, syncerObject(namespace, 'sync', spec));
      pair.alsoTask(taskName(namespace, 'sync'));
      controller = startPlugin('nsreplicate', ['controller', '--kubeconfig', home.kubeconfig]);
      await pair.put(pair.from, ...['a', 'b', 'c'].map((name) => configMap(name, { value: '1' })));
      await arrives('c', '1');
    }, 120_000);
    afterAll(async () => {
      controller?.child.kill('SIGTERM');
      await controller?.ended;
      await pair?.close();
    }, 60_000);

    const arrives = (name: string, value: string) =>
      eventually(
        async () => expect(await pair.copyOf('configmaps', name)).toMatchObject({ data: { value } }),
        LIMIT_MS,
      );
    const change = (value: string) => pair.put(pair.from, configMap('a', { value }));
    const is = (reason: string) =>
      eventually(async () => {
        const object = await pair.from.get(krmSyncers, { namespace: pair.namespace, name: 'sync' });
        expect(conditionOf(object, 'Ready')).toMatchObject({ reason });
      }, LIMIT_MS);

    test('whose Lease is stolen writes nothing more, and goes on once the thief has let it lapse', async () => {
      const thief = 'somebody@elsewhere pid=1 id=ab';
      await pair.from.patch(leases, lease, { spec: { holderIdentity: thief } }, { type: 'merge' });
      await controller.saw('Lost the lock');
      await change('2');
      // Nobody renews it, so that it goes stale.
      await arrives('a', '2');
      const { spec } = await pair.from.get(leases, lease);
      expect(spec?.holderIdentity).not.toBe(thief);
      const ofA = ({ objectRef }: AuditEvent) =>
        objectRef?.resource === 'configmaps' && objectRef.name === 'a';
      const written = servers().named('away').audited().filter(ofA).at(-1)?.requestReceivedTimestamp ?? '';
      expect(written > (spec?.acquireTime ?? '~')).toBe(true);
      await is('InSync');
    }, 180_000);

    test('whose API server goes away and comes back takes up what changed, without being started anew', async () => {
      const home = servers().named('home');
      await home.kill('kube-apiserver');
      await controller.saw(/could not be renewed|does not answer|can't be reached|ECONNREFUSED/);
      await home.start();
      await change('3');
      await arrives('a', '3');
      await is('InSync');
      expect(controller.child.exitCode).toBeNull();
    }, 180_000);

    test('whose destination comes back empty fills it again, and deletes nothing at home', async () => {
      const away = servers().named('away');
      await away.kill();
      await change('4');
      await is('Unreachable');
      await away.empty();
      for (const [name, value] of Object.entries({ a: '4', b: '1', c: '1' })) await arrives(name, value);
      await is('InSync');
      const { items } = await pair.from.list(configMaps, { namespace: pair.namespace });
      expect(items.map(({ metadata: { name } }) => name)).toEqual(expect.arrayContaining(['a', 'b', 'c']));
      expect(await pair.from.find(namespaces, { name: pair.namespace })).toBeDefined();
    }, 240_000);
  },
  { ...reachable, auditRules },
);
