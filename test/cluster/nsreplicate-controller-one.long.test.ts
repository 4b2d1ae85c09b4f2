/** A controller of one namespace and one of all namespaces on one cluster, and one whose destination comes back empty. */
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ensureDefinition } from '../../plugins/nsreplicate/controller/installation/ensure-crd.ts';
import { krmSyncers } from '../../plugins/nsreplicate/controller/resource/resource.ts';
import { earlierTaskName, taskName } from '../../plugins/nsreplicate/controller/resource/task-names.ts';
import { conditionOf } from '../../src/kube/api/conditions.ts';
import { leases } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { contextB } from './support/contexts.ts';
import { startPlugin } from './support/kubectl.ts';
import { kubeconfigOf } from './support/limited.ts';
import { Pair, stateNamespace } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';
import type { Running } from './support/process.ts';
import { reachable, reachableKubeconfig } from './support/reachable.ts';
import { describeWithServers, type Servers } from './support/servers.ts';
import { putDestination, ref, rule, syncerObject } from './support/syncers.ts';

const told = { info: () => undefined, warn: () => undefined };
const tests = (servers: () => Servers) => {
  const started: Running[] = [];
  const endAll = async () => {
    for (const { child } of started) child.kill('SIGTERM');
    await Promise.all(started.splice(0).map(({ ended }) => ended));
  };
  const controller = (...args: string[]): Running => {
    const running = startPlugin('nsreplicate', [
      'controller',
      '--kubeconfig',
      servers().named('own').kubeconfig,
      ...args,
    ]);
    started.push(running);
    return running;
  };

  async function syncer(pair: Pair, namespace: string): Promise<void> {
    pair.alsoTask(taskName(namespace, 'sync'));
    const file = kubeconfigOf(contextB, join(tmpdir(), `${namespace}.yaml`), 'b');
    await putDestination(pair, namespace, readFileSync(file, 'utf8'));
    rmSync(file);
    const spec = { destination: ref, rules: [rule('ConfigMap')] };
    await pair.from.create(krmSyncers, syncerObject(namespace, 'sync', spec));
  }

  const arrives = (pair: Pair, name: string) => eventually(() => pair.copyOf('configmaps', name));

  test('whoever came first carries it out; the other one follows when that has ended, or was killed', async () => {
    const pair = await Pair.open('one', { primary: servers().named('own').kubeconfig, replica: contextB });
    try {
      const { namespace } = pair;
      const other = await pair.addNamespace('other');
      await ensureDefinition(pair.from, told);
      await syncer(pair, namespace);
      await syncer(pair, other);

      const narrow = controller('-n', namespace);
      await narrow.saw(`${namespace}/sync: taken up`);
      const wide = controller();
      await wide.saw(`namespace ${namespace}: left to its own controller`);
      await wide.saw(`${other}/sync: taken up`);
      await pair.put(pair.from, configMap('first', { a: '1' }));
      await arrives(pair, 'first');
      expect(wide.output.stderr).not.toContain(`${namespace}/sync: taken up`);
      narrow.child.kill('SIGKILL');
      await wide.saw(`${namespace}/sync: taken up`);
      await pair.put(pair.from, configMap('second', { a: '1' }));
      await arrives(pair, 'second');

      const late = controller('-n', namespace);
      await late.saw('leads: standing by');
      await pair.put(pair.from, configMap('third', { a: '1' }));
      await arrives(pair, 'third');
      expect(late.output.stderr).not.toContain('taken up');
      wide.child.kill('SIGTERM');
      await wide.ended;
      await late.saw(`${namespace}/sync: taken up`);
      await pair.put(pair.from, configMap('fourth', { a: '1' }));
      await arrives(pair, 'fourth');
      expect(late.output.stderr).not.toContain(`${other}/sync`);

      // Somebody takes its Lease and does not renew it, while its API server is away for a moment.
      const lease = {
        namespace: stateNamespace,
        name: `nsreplicate-${earlierTaskName(namespace, 'controller')}-lease`,
      };
      const thief = 'somebody@elsewhere pid=1 id=ab';
      await pair.from.patch(leases, lease, { spec: { holderIdentity: thief } }, { type: 'merge' });
      await servers().named('own').restartWith();
      await late.saw('Lost the lock');
      await pair.put(pair.from, configMap('fifth', { a: '1' }));
      await arrives(pair, 'fifth');
      expect((await pair.from.get(leases, lease)).spec?.holderIdentity).not.toBe(thief);
      expect(late.child.exitCode).toBeNull();
    } finally {
      await endAll();
      await pair.close();
    }
  });

  test('a destination that comes back empty is filled again, and nothing is deleted at home', async () => {
    const [own, away] = [servers().named('own'), servers().named('away')];
    const pair = await Pair.open('empty', { primary: own.kubeconfig, replica: away.kubeconfig });
    const { namespace } = pair;
    const is = (reason: string) =>
      eventually(async () => {
        const object = await pair.from.get(krmSyncers, { namespace, name: 'sync' });
        expect(conditionOf(object, 'Ready')).toMatchObject({ reason });
      });
    const has = (name: string, a: string) =>
      eventually(async () => expect(await pair.copyOf('configmaps', name)).toMatchObject({ data: { a } }));
    try {
      await ensureDefinition(pair.from, told);
      pair.alsoTask(taskName(namespace, 'sync'));
      await putDestination(pair, namespace, reachableKubeconfig(away));
      const spec = { destination: ref, rules: [rule('ConfigMap')] };
      await pair.from.create(krmSyncers, syncerObject(namespace, 'sync', spec));
      await pair.put(pair.from, configMap('first', { a: '1' }), configMap('second', { a: '1' }));
      const running = controller('-n', namespace);
      await has('second', '1');
      await away.kill();
      await pair.put(pair.from, configMap('first', { a: '2' }));
      await is('Unreachable');
      await away.empty();
      await has('first', '2');
      await has('second', '1');
      await is('InSync');
      expect(Object.keys(await pair.content(pair.from))).toEqual(
        expect.arrayContaining(['ConfigMap first', 'ConfigMap second']),
      );
      expect(running.child.exitCode).toBeNull();
    } finally {
      await endAll();
      await pair.close();
    }
  });
};

describeWithServers('controllers of one cluster', ['own', 'away'], tests, reachable);
