/**
 * KRMSyncers of many namespaces, which read as the same identity on both sides: their objects come by one watch a kind, as
 * the API servers count it, also after these have forgotten what happened, or were away.
 */
import { expect, test } from '@jest/globals';
import { ensureDefinition } from '../../plugins/nsreplicate/controller/installation/ensure-crd.ts';
import { krmSyncers } from '../../plugins/nsreplicate/controller/resource/resource.ts';
import { taskName } from '../../plugins/nsreplicate/controller/resource/task-names.ts';
import type { ConfigMap } from '../../src/kube/api/objects.ts';
import { configMaps } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { kubectlBinary, startPlugin } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';
import { must } from './support/process.ts';
import { reachable, reachableKubeconfig } from './support/reachable.ts';
import { describeWithServers } from './support/servers.ts';
import type { SoloServer } from './support/solo-server.ts';
import { putDestination, ref, rule, syncerObject } from './support/syncers.ts';

const MANY = 20;

/** How many watches of ConfigMaps a server has open, of one namespace each and of the whole cluster. */
async function watchesOf({ kubeconfig }: SoloServer): Promise<{ namespace: number; cluster: number }> {
  const metrics = await must(kubectlBinary, ['--kubeconfig', kubeconfig, 'get', '--raw', '/metrics']);
  const count = (scope: string) =>
    metrics
      .split('\n')
      .filter((line) =>
        [
          'apiserver_longrunning_requests{',
          'resource="configmaps"',
          `scope="${scope}"`,
          'verb="WATCH"',
        ].every((part) => line.includes(part)),
      )
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  return { namespace: count('namespace'), cluster: count('cluster') };
}

describeWithServers(
  'KRMSyncers of many namespaces',
  ['own', 'away'],
  (servers) => {
    test('cost one watch a kind on either side, and each copies its own namespace alone', async () => {
      const [own, away] = [servers().named('own'), servers().named('away')];
      const pair = await Pair.open('krmwide', { primary: own.kubeconfig, replica: away.kubeconfig });
      const controller = startPlugin('nsreplicate', [
        ...['controller', '--kubeconfig', own.kubeconfig, '--trusted-namespaces', `${pair.namespace}*`],
      ]);
      const all = [pair.namespace];
      for (let index = 1; index < MANY; index++) all.push(await pair.addNamespace(String(index)));
      /** Each namespace has its own value, and so has its copy. */
      const arrives = async (name: string, values: readonly string[]) => {
        for (const [index, namespace] of all.entries())
          await pair.put(pair.from, {
            ...configMap(name, { value: values[index] ?? '' }),
            metadata: { name, namespace },
          });
        await eventually(async () => {
          const copies = await Promise.all(
            all.map((namespace) => pair.find<ConfigMap>(pair.to, 'configmaps', name, namespace)),
          );
          expect(copies.map((copy) => copy?.data?.value)).toEqual(values);
        });
      };
      const valuesOf = (text: string) => all.map((_, index) => `${text}-${index}`);
      try {
        await ensureDefinition(pair.from, { info: () => undefined, warn: () => undefined });
        await controller.saw('leading');
        const before = { own: await watchesOf(own), away: await watchesOf(away) };
        for (const namespace of all) {
          pair.alsoTask(taskName(namespace, 'sync'));
          await putDestination(pair, namespace, reachableKubeconfig(away));
          const spec = { destination: ref, rules: [rule('ConfigMap', { namespaces: [namespace] })] };
          await pair.from.create(krmSyncers, syncerObject(namespace, 'sync', spec));
        }
        await arrives('first', valuesOf('one'));
        const oneEach = async () => {
          expect(await watchesOf(away)).toEqual({ ...before.away, cluster: before.away.cluster + 1 });
          // What people ask of the tasks is watched in the state's namespace.
          const { namespace, cluster } = await watchesOf(own);
          expect(cluster).toBe(before.own.cluster + 1);
          expect(namespace).toBeLessThanOrEqual(before.own.namespace + 1);
        };
        await eventually(oneEach);
        await arrives('first', valuesOf('two'));

        for (const server of [own, away]) await server.compact();
        for (const server of [own, away]) await server.restartWith(...(reachable.apiServerFlags ?? []));
        await arrives('first', valuesOf('three'));
        await arrives('second', valuesOf('one'));
        await eventually(oneEach);
        await pair.from.delete(configMaps, { namespace: all[7] ?? '', name: 'first' });
        await eventually(async () =>
          expect(await pair.find(pair.to, 'configmaps', 'first', all[7])).toBeUndefined(),
        );
        expect(await pair.find(pair.to, 'configmaps', 'first', all[8])).toBeDefined();
      } finally {
        controller.child.kill('SIGKILL');
        await controller.ended;
        await pair.close();
      }
    });
  },
  reachable,
);
