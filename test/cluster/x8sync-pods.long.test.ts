/** Pods in namespaces that ask for limits, and on nodes that take none. */
import { afterAll, expect, test } from '@jest/globals';
import { apply } from './support/clients.ts';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { kubectl } from './support/kubectl.ts';
import { leastMemory } from './support/policies.ts';
import { Scene } from './support/scene.ts';
import { saidBy, x8sync } from './support/x8sync.ts';

const scene = await Scene.open('pods');
const source = scene.ref(contextA, 'source');
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', someFiles(6));
afterAll(() => scene.close());

test.concurrent('a quota of limits admits the pods; a limit range that does not is told what to give', async () => {
  const own = await Scene.open('pods-limits');
  try {
    await Promise.all([own.claim(contextA, 'source'), own.claim(contextB, 'target')]);
    await own.shell(contextA, 'source', someFiles(1));
    const hard = { 'limits.cpu': '2', 'limits.memory': '1Gi' };
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'limits' }, spec: { hard } };
    await Promise.all(own.contexts.map((context) => apply(context, own.namespace, quota)));
    await Promise.all(
      own.contexts.map((context) =>
        kubectl(context, [
          ...['-n', own.namespace, 'wait', '--timeout=180s', 'resourcequota/limits'],
          '--for=jsonpath={.status.hard.limits\\.cpu}=2',
        ]),
      ),
    );
    const pair = [own.ref(contextA, 'source'), own.ref(contextB, 'target')];
    saidBy(await x8sync(...pair), 0);
    await leastMemory(contextB, own.namespace, 'large', '128Mi');
    const said = saidBy(await x8sync(...pair), 3);
    expect(said).toMatch(/minimum memory usage per Container[\s\S]*hint: .*--cpu and --memory/);
    saidBy(await x8sync(...pair, '--memory', '128Mi'), 0);
    expect(await own.leftovers()).toEqual([]);
  } finally {
    await own.close();
  }
});

test.concurrent('nodes that take no pod are named in the end, with what to give', async () => {
  await scene.claim(contextB, 'nowhere');
  const args = [source, scene.ref(contextB, 'nowhere'), '--node-selector', 'x8s.dev/test=absent'];
  const said = saidBy(await x8sync(...args, '--timeout', '10s'), 124);
  expect(said).toMatch(/can't be scheduled[\s\S]*hint: --toleration and --node-selector/);
  expect(saidBy(await x8sync('doctor', ...args), 1)).toMatch(
    /the pod may run on no node: \S+: it has no label x8s\.dev\/test=absent/,
  );
});
