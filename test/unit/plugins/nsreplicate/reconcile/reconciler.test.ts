import { afterEach, expect, test } from '@jest/globals';
import { AppliedResults } from '../../../../../plugins/nsreplicate/cache/applied-results.ts';
import { Autoscaled } from '../../../../../plugins/nsreplicate/cache/autoscaled.ts';
import { type CopiedKind, chooseKinds } from '../../../../../plugins/nsreplicate/clusters/kinds.ts';
import type { TaskSpec } from '../../../../../plugins/nsreplicate/decide/spec.ts';
import { keyOf, Places } from '../../../../../plugins/nsreplicate/objects/keys.ts';
import { Reconciler } from '../../../../../plugins/nsreplicate/reconcile/reconciler.ts';
import { blankState } from '../../../../../plugins/nsreplicate/state/saved-state.ts';
import { setUp, setUpReplica } from '../../../../../plugins/nsreplicate/task/set-up.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { configMap, configMaps, namespace, namespaces, sides } from '../../../support/replication.ts';

let closing: () => Promise<unknown>;

afterEach(() => closing());

const key = keyOf('ConfigMap', 'shop', 'a');

/** A reconciler between two clusters, whose caches were filled by hand: from one original, and what the replica has. */
async function scene(original: KubeObject | undefined, present?: KubeObject, change: Partial<TaskSpec> = {}) {
  const { from, to, assignment } = sides(change);
  closing = () => Promise.all([from.close(), to.close()]);
  const { primary, spec, replicas } = assignment;
  const [replica] = replicas;
  if (!replica) throw new Error('there is no replica');
  to.objects.create(namespaces, namespace('shop'));
  const here = original && from.objects.create(configMaps, original);
  const there = present && to.objects.create(configMaps, present);
  const options = {
    ...assignment,
    key: new Uint8Array(32),
    saved: blankState(),
    results: new AppliedResults(),
    epochs: { number: 0 },
  };
  const { kinds } = await chooseKinds(primary, spec.rules);
  const kind = kinds.find(({ name }) => name === 'ConfigMap') as CopiedKind;
  const places = new Places(spec.map);
  const around = { kinds, places, autoscaled: new Autoscaled(places), labels: new Map() };
  const { shaping, primaryCache } = setUp(options, around);
  const { replicaCache, assessor, results } = setUpReplica(replica, options, {
    primaryCache,
    places,
    shaping,
  });
  primaryCache.beginList('ConfigMap|shop');
  if (here) primaryCache.take(kind, here, 'ConfigMap|shop');
  primaryCache.endList('ConfigMap|shop', kind, 'shop');
  if (there) replicaCache.set(key, there, undefined);
  const fences: (Error | undefined)[] = [];
  const asked: string[] = [];
  const reconciler = new Reconciler({
    ...{ primary, replica, spec, assessor, primaryCache, replicaCache, places, shaping, results },
    clock: fakeClock(),
    resultsChanged: () => undefined,
    deletions: {
      mayDelete: () => asked.push('brake') > 0,
      wasRefused: () => undefined,
      lapse: () => undefined,
    },
    epoch: () => 0,
    primaryCheck: {
      confirm: async () => void asked.push('primary'),
      sequence: async () => 7,
      sawSequence: () => undefined,
    },
    fence: async () => {
      const failure = fences.shift();
      if (failure) throw failure;
      return 60_000;
    },
    signal: new AbortController().signal,
  });
  const copy = () => to.objects.find(configMaps, 'shop', 'a');
  return { from, to, reconciler, copy, fences, asked, primaryCache, replicaCache, kind };
}

test('makes what is not there, with its provenance, and has nothing to do after that', async () => {
  const { reconciler, copy, to } = await scene(configMap('a'));
  expect(reconciler.differs(key)).toBe(true);
  expect(await reconciler.reconcile(key)).toEqual({ did: 'created' });
  const { metadata, data } = copy() as KubeObject;
  expect([data, metadata.labels]).toEqual([{ value: '1' }, { 'x8s.dev/replica-of': 't' }]);
  expect(metadata.annotations?.['x8s.dev/origin']).toContain('sequence=7');
  const before = to.objects.version;
  expect(reconciler.differs(key)).toBe(false);
  expect(await reconciler.reconcile(key)).toEqual({ did: 'unchanged' });
  expect(to.objects.version).toBe(before);
});

test('brings a change over', async () => {
  const { from, reconciler, copy, primaryCache, kind } = await scene(configMap('a'));
  await reconciler.reconcile(key);
  primaryCache.take(kind, from.objects.replace(configMaps, configMap('a', '2')));
  expect(await reconciler.reconcile(key)).toEqual({ did: 'updated' });
  expect(copy()?.data).toEqual({ value: '2' });
});

test("leaves somebody's own object alone, and takes it over where it is told to", async () => {
  const own = configMap('a', 'mine');
  const refusing = await scene(configMap('a'), own);
  await expect(refusing.reconciler.reconcile(key)).rejects.toMatchObject({
    class: 'decision',
    reason: 'not-ours',
  });
  expect(refusing.copy()?.data).toEqual({ value: 'mine' });
  await closing();
  const adopting = await scene(configMap('a'), own, { adopt: true });
  expect(await adopting.reconciler.reconcile(key)).toEqual({ did: 'adopted' });
  expect(adopting.copy()?.data).toEqual({ value: '1' });
});

test('writes nothing once its process may not write any more', async () => {
  const { reconciler, copy, fences } = await scene(configMap('a'));
  fences.push(new Error('another instance has taken over'));
  await expect(reconciler.reconcile(key)).rejects.toThrow('another instance has taken over');
  expect(copy()).toBeUndefined();
});

test('asks again right before each write whether it may', async () => {
  const { reconciler, copy, fences } = await scene(configMap('a'));
  fences.push(undefined, new Error('another cluster was promoted'));
  await expect(reconciler.reconcile(key)).rejects.toThrow('another cluster was promoted');
  expect(copy()).toBeUndefined();
});

test('deletes a copy only after the primary was asked who it is, and for the object', async () => {
  const { from, reconciler, copy, asked, primaryCache, kind } = await scene(configMap('a'));
  await reconciler.reconcile(key);
  const original = from.objects.find(configMaps, 'shop', 'a') as KubeObject;
  primaryCache.remove(kind, original);
  expect(await reconciler.reconcile(key)).toEqual({
    did: 'left',
    why: 'it is still on the primary, but no rule covers it any more',
  });
  from.objects.delete(configMaps, 'shop', 'a');
  expect(await reconciler.reconcile(key)).toEqual({ did: 'pruned' });
  expect([copy(), asked]).toEqual([undefined, ['primary', 'brake']]);
});
