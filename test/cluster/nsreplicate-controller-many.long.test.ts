/** Many KRMSyncers of one pair of clusters, in this process, so that what they ask of the servers can be counted. */
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runController } from '../../plugins/nsreplicate/controller/controller.ts';
import { ensureDefinition } from '../../plugins/nsreplicate/controller/installation/ensure-crd.ts';
import { krmSyncers } from '../../plugins/nsreplicate/controller/resource/resource.ts';
import { taskName } from '../../plugins/nsreplicate/controller/resource/task-names.ts';
import { ControllerWork } from '../../plugins/nsreplicate/controller/work-now.ts';
import { systemClock } from '../../src/clock.ts';
import type { KubeClient } from '../../src/kube/api/client.ts';
import { conditionOf } from '../../src/kube/api/conditions.ts';
import { createClient } from '../../src/kube/connect/rest.ts';
import { eventually } from '../support/eventually.ts';
import { type Asked, askedOf } from './support/asked-of.ts';
import { contextB } from './support/contexts.ts';
import { kubeconfigOf } from './support/limited.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';
import { putDestination, ref, rule, syncerObject } from './support/syncers.ts';

const MANY = 50;
let pair: Pair;
let controller: Promise<unknown>;
const ended = new AbortController();
/** What is asked of the other side: by the controller, but for the copies that this test looks for. */
let destination: Asked;
/** Paths of the watches that the controller has begun in its own cluster, and not ended. */
const watches = new Map<string, number>();

/** The same client, with its watches counted. */
function counted(kube: KubeClient): KubeClient {
  const { transport } = kube;
  const count = (path: string, change: number) => watches.set(path, (watches.get(path) ?? 0) + change);
  const request: typeof transport.request = async (asked) => {
    const response = await transport.request(asked);
    if (!asked.streaming) return response;
    const [path = ''] = asked.path.split('?');
    count(path, 1);
    asked.signal?.addEventListener('abort', () => count(path, -1), { once: true });
    return response;
  };
  return createClient(
    kube.cluster,
    { ...transport, request },
    { requestTimeoutMs: 20_000, clock: systemClock },
  );
}

beforeAll(async () => {
  pair = await Pair.open('krmmany');
  const file = kubeconfigOf(contextB, join(tmpdir(), `${pair.namespace}.yaml`), 'b');
  await putDestination(pair, pair.namespace, readFileSync(file, 'utf8'));
  rmSync(file);
  await ensureDefinition(pair.from, { info: () => undefined, warn: () => undefined });
  const own = counted(pair.from);
  destination = askedOf(pair.to.cluster.server);
  controller = runController({
    own,
    pod: undefined,
    namespace: pair.namespace,
    policy: { trusted: [], tokens: [] },
    innerCidrs: [],
    mostObjects: 200_000,
    work: new ControllerWork(),
    metersOf: () => undefined,
    taskEnded: () => undefined,
    requestTimeoutMs: 20_000,
    userAgent: 'test',
    clock: systemClock,
    signal: ended.signal,
    ready: () => undefined,
    info: () => undefined,
    warn: () => undefined,
  }).catch((error: unknown) => error);
});
afterAll(async () => {
  ended.abort();
  await controller;
  destination.close();
  await pair.close();
});

test('fifty cost one watch a kind on either side, and share their connections', async () => {
  // Others find the objects to be the first one's: what is counted here is what they ask for.
  const spec = { destination: ref, rules: [rule('ConfigMap', { namespaces: [pair.namespace] })] };
  await pair.put(pair.from, configMap('shared', { a: '1' }));
  for (let index = 0; index < MANY; index++) pair.alsoTask(taskName(pair.namespace, `many-${index}`));
  for (let index = 0; index < MANY; index++)
    await pair.from.create(krmSyncers, syncerObject(pair.namespace, `many-${index}`, spec));
  await eventually(async () => {
    const { items } = await pair.from.list(krmSyncers, { namespace: pair.namespace });
    const reasons = items.map((item) => conditionOf(item, 'Ready')?.reason);
    expect(reasons.filter((reason) => reason === 'InSync' || reason === 'ChangesFail')).toHaveLength(MANY);
  });
  const inside = `/api/v1/namespaces/${pair.namespace}`;
  expect(Object.fromEntries([...watches].filter(([, count]) => count > 0))).toEqual({
    [`/apis/syncer.gkelabs.io/v1alpha1/namespaces/${pair.namespace}/krmsyncers`]: 1,
    '/api/v1/namespaces/x8s-nsreplicate/configmaps': 1,
    '/api/v1/namespaces': 1,
    [`${inside}/secrets`]: 1,
    [`${inside}/configmaps`]: 1,
  });
  await eventually(() => pair.copyOf('configmaps', 'shared'));
  expect(Object.fromEntries(destination.watches)).toMatchObject({ [`${inside}/configmaps`]: 1 });
  expect(new Set(destination.watches.values())).toEqual(new Set([1]));
  expect(destination.connections).toBeLessThan(MANY);
});
