import { afterEach, expect, test } from '@jest/globals';
import { parseConfig } from '../../../../../plugins/nsreplicate/rules/parse-config.ts';
import { type Rule, ruleFor } from '../../../../../plugins/nsreplicate/rules/rule.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import type { Lever } from '../../../support/fake-kube.ts';
import {
  configMap,
  configMaps,
  groups,
  namespace,
  namespaces,
  replication,
  resource,
} from '../../../support/replication.ts';

let scene: ReturnType<typeof replication>;

afterEach(() => scene.end());

/** Fails as many calls of a kind as are asked for. */
function failing(verb: string, collection: string, times: number): Lever {
  let left = times;
  return (call) => {
    if (call.verb !== verb || call.collection !== collection || left-- <= 0) return;
    throw new UnreachableError('the connection was lost');
  };
}

const byLabel = {
  include: [],
  exclude: [],
  selector: [{ key: 'tier', operator: 'in', values: ['front'] } as const],
  sensitive: false,
};

test('a namespace that comes to be covered is read, also where the primary does not answer at first', async () => {
  scene = replication({ namespaces: byLabel });
  const { from, to, clock, defects } = scene;
  from.objects.create(namespaces, namespace('late'));
  from.objects.create(configMaps, configMap('a', '1', 'late'));
  await scene.begin();
  expect(to.objects.all(configMaps)).toEqual([]);
  from.before = failing('list', configMaps, 2);
  const late = from.objects.find(namespaces, undefined, 'late');
  from.objects.replace(namespaces, { ...late, ...namespace('late', { tier: 'front' }) });
  await clock.advance(10_000);
  expect(defects).toEqual([]);
  expect(to.objects.all(configMaps)).toMatchObject([{ metadata: { name: 'a', namespace: 'late' } }]);
});

test('what was deleted while nobody looked is deleted at the start, also where labels decide on namespaces', async () => {
  scene = replication({ namespaces: byLabel });
  for (const name of ['a', 'b']) scene.from.objects.create(configMaps, configMap(name));
  await scene.begin();
  await scene.end();
  scene.from.objects.delete(configMaps, 'shop', 'a');
  scene = replication({ namespaces: byLabel }, scene);
  // The primary says late which namespaces it has.
  scene.from.before = ({ verb, collection }) =>
    verb === 'list' && collection === namespaces ? scene.clock.sleep(300) : undefined;
  await scene.begin();
  expect(scene.to.objects.all(configMaps)).toMatchObject([{ metadata: { name: 'b' } }]);
});

test('a copy whose rule came to carry its status only is not deleted with its original', async () => {
  scene = replication();
  scene.from.objects.create(configMaps, configMap('a'));
  await scene.begin();
  await scene.end();
  scene = replication({ rules: [{ ...ruleFor('', 'ConfigMap'), carry: { what: 'status' } }] }, scene);
  const replica = await scene.begin();
  scene.from.objects.delete(configMaps, 'shop', 'a');
  await scene.clock.advance(1000);
  expect(scene.to.objects.all(configMaps)).toHaveLength(1);
  expect(replica.left.get('ConfigMap|shop|a')).toBe('no rule covers it any more');
});

test('a kind that the primary refuses holds up no other, is said, and comes when it may be read', async () => {
  scene = replication();
  const { from, to, task, clock, defects } = scene;
  from.objects.create(configMaps, configMap('a'));
  let refused = true;
  from.before = ({ verb, collection }) => {
    if (refused && verb === 'list' && collection === namespaces) throw apiError(403, 'not you', 'Forbidden');
  };
  await scene.begin();
  expect(to.objects.all(configMaps)).toHaveLength(1);
  expect([...task.primary.refused.keys()]).toEqual(['Namespace']);
  // Another kind that is well must not hide it.
  from.objects.cutWatches();
  await clock.advance(10_000);
  expect([...task.primary.refused.keys()]).toEqual(['Namespace']);
  expect(to.objects.all(namespaces)).toEqual([]);
  refused = false;
  await clock.advance(60_000);
  expect(task.primary.refused.size).toBe(0);
  expect(to.objects.all(namespaces)).toHaveLength(1);
  expect(defects).toEqual([]);
});

test('a namespace of a replica that may not be read is said, also where the next one is well', async () => {
  const include = ['shop', 'pay'];
  scene = replication({ namespaces: { include, exclude: [], selector: [], sensitive: false } });
  const { from, to, clock } = scene;
  for (const name of include) from.objects.create(configMaps, configMap('a', '1', name));
  to.before = ({ verb, collection, namespace }) => {
    if (verb !== 'list' || collection !== configMaps) return;
    if (namespace === 'pay') throw apiError(403, 'not you', 'Forbidden');
    return clock.sleep(300);
  };
  const replica = await scene.begin();
  expect([...replica.unlisted.keys()]).toEqual(['ConfigMap']);
  to.before = () => undefined;
  await clock.advance(60_000);
  expect(replica.unlisted.size).toBe(0);
  expect(to.objects.all(configMaps)).toHaveLength(2);
});

test('where namespaces may not be listed on a replica, those that are named are taken to be there', async () => {
  scene = replication();
  const { from, to, clock } = scene;
  from.objects.create(configMaps, configMap('a'));
  to.before = ({ verb, collection }) => {
    if (verb === 'list' && collection === namespaces) throw apiError(403, 'not you', 'Forbidden');
  };
  const replica = await scene.begin();
  expect([replica.unlisted.size, replica.uncompared, replica.failures.size]).toEqual([0, 0, 0]);
  expect([...replica.left.values()]).toEqual([expect.stringContaining('they have to be there')]);
  expect(to.objects.all(configMaps)).toHaveLength(1);
  expect(to.objects.all(namespaces)).toEqual([]);
  // Once they may be, they are copied.
  to.before = () => undefined;
  await clock.advance(60_000);
  expect(to.objects.all(namespaces)).toHaveLength(1);
});

test('a kind that comes to the primary later, and that a glob means, begins the task anew', async () => {
  scene = replication({ rules: [ruleFor('', 'Config*')] });
  const { from, clock, renewals } = scene;
  await scene.begin();
  await clock.advance(120_000);
  expect(renewals).toEqual([]);
  const kinds = [resource('namespaces', 'Namespace', 'Cluster'), resource('configmaps', 'ConfigMap')];
  from.answers.set('/api', () => groups('', ...kinds, resource('configs', 'Config')));
  await clock.advance(120_000);
  expect(renewals).toEqual(['primary from serves Config now']);
});

test('a task that holds lists what there is without waiting for work to be done', async () => {
  scene = replication();
  for (let index = 0; index < 1000; index++) scene.from.objects.create(configMaps, configMap(`o-${index}`));
  scene.task.setPaused(true);
  const replica = await scene.begin();
  // And the namespace.
  expect(replica.behind().pending).toBe(1001);
});

test('a namespace is made where whole objects go, and not for what adds to the objects of others', async () => {
  const rule = ruleFor('', 'ConfigMap');
  const rules: Rule[] = [
    { ...rule, namespaces: ['shop'] },
    { ...rule, carry: { what: 'status' } },
  ];
  scene = replication({
    rules,
    namespaces: { include: ['shop', 'pay'], exclude: [], selector: [], sensitive: false },
  });
  scene.from.objects.create(namespaces, namespace('pay'));
  await scene.begin();
  expect(scene.to.objects.all(namespaces)).toMatchObject([{ metadata: { name: 'shop' } }]);
});

test('copies in a namespace that was dropped from the task are left, and reported until they are gone', async () => {
  const scope = (...include: string[]) => ({ include, exclude: [], selector: [], sensitive: false });
  const again = async (...include: string[]) => {
    await scene.end();
    scene = replication({ namespaces: scope(...include) }, scene);
    return scene.begin();
  };
  scene = replication({ namespaces: scope('shop', 'pay') });
  scene.from.objects.create(configMaps, configMap('b', '1', 'pay'));
  await scene.begin();
  const dropped = await again('shop');
  expect(dropped.left.get('ConfigMap|pay|b')).toBe('no rule covers it any more');
  scene.from.objects.delete(configMaps, 'pay', 'b');
  await scene.clock.advance(1000);
  expect(scene.to.objects.all(configMaps)).toHaveLength(1);
  expect((await again('shop')).left.size).toBe(1);
  scene.to.objects.delete(configMaps, 'pay', 'b');
  await scene.clock.advance(1000);
  expect(scene.task.replicas[0]?.left.has('ConfigMap|pay|b')).toBe(false);
  await again('shop');
  expect(scene.saved.covered).toEqual({ ConfigMap: ['shop'], Namespace: [''] });
});

test('what an object says of a moved namespace is forgotten with it', async () => {
  scene = replication({ map: new Map([['shop', 'shop-b']]) });
  const { from, task, clock } = scene;
  from.objects.create(configMaps, configMap('a', 'db.shop.svc'));
  await scene.begin();
  expect(task.primaryCache.findings.remarks()).toEqual([
    'ConfigMap shop/a: names .shop.svc in a text, which stays as it is',
  ]);
  from.objects.delete(configMaps, 'shop', 'a');
  await clock.advance(1000);
  expect(task.primaryCache.findings.remarks()).toEqual([]);
});

test('of an object that came from the replica, and does not go back there, nothing is said', async () => {
  const change = { map: new Map([['shop', 'shop-b']]) };
  const said = ['ConfigMap shop/b: names .shop.svc in a text, which stays as it is'];
  scene = replication(change);
  const { from, task } = scene;
  const came = configMap('a', 'db.shop.svc');
  const annotations = { 'x8s.dev/origin': 'of=ConfigMap/shop/a cluster=TO task=other namespace=shop uid=1' };
  const labels = { 'x8s.dev/replica-of': 'other' };
  from.objects.create(configMaps, { ...came, metadata: { ...came.metadata, labels, annotations } });
  from.objects.create(configMaps, configMap('b', 'db.shop.svc'));
  const replica = await scene.begin();
  expect([...replica.left.keys()]).toEqual(['ConfigMap|shop|a']);
  expect(task.notes).toEqual(said);
});

test('whether the primary is what it was can be asked when the run is over, for its last record', async () => {
  scene = replication();
  await scene.begin();
  await scene.end();
  await expect(scene.task.confirmPrimary()).resolves.toBeUndefined();
});

test('an override that names an object that is not there is said once everything is compared', async () => {
  const { overrides } = parseConfig('overrides: [{names: [a, wbe], set: {data.value: "0"}}]', 'dr.yaml');
  scene = replication({ overrides });
  scene.from.objects.create(configMaps, configMap('a'));
  await scene.begin();
  expect(scene.to.objects.find(configMaps, 'shop', 'a')?.data).toEqual({ value: '0' });
  expect(scene.task.notes).toEqual([
    'dr.yaml:1:13: overrides[0]: no object of its kinds and namespaces is called "wbe", so this part of it changes nothing',
  ]);
});

test('a namespace that a map names and the task has not is said, also where namespaces may not be listed', async () => {
  const text = 'map:\n  shop: shop-b\n  shpo: other\n';
  const { map, mapPlaces = {} } = parseConfig(text, 'dr.yaml');
  const change = { map: new Map(Object.entries(map)), mapPlaces: new Map(Object.entries(mapPlaces)) };
  const said = [
    'dr.yaml:3:9: map.shpo: no namespace of the task on from is called "shpo", so nothing goes into other',
  ];
  scene = replication(change);
  await scene.begin();
  expect(scene.task.notes).toEqual(said);
  await scene.end();
  scene = replication(change);
  scene.from.before = ({ verb, collection }) => {
    if (verb === 'list' && collection === namespaces) throw apiError(403, 'not you', 'Forbidden');
  };
  await scene.begin();
  expect(scene.task.notes).toEqual(said);
});

test('a task that leaves deletes its copies, though their originals are there, and nothing of others', async () => {
  scene = replication();
  for (const name of ['a', 'b']) scene.from.objects.create(configMaps, configMap(name));
  scene.to.objects.create(configMaps, configMap('theirs'));
  await scene.begin();
  await scene.end();
  scene = replication({ leaving: true }, scene);
  scene.from.objects.create(configMaps, configMap('new'));
  await scene.begin();
  await scene.clock.advance(1000);
  expect(scene.to.objects.all(configMaps).map(({ metadata: { name } }) => name)).toEqual(['theirs']);
  expect(scene.from.objects.all(configMaps)).toHaveLength(3);
});

test('a task that leaves with more copies than the brake lets go deletes none', async () => {
  scene = replication();
  const names = Array.from({ length: 12 }, (_, index) => `many-${index}`);
  for (const name of names) scene.from.objects.create(configMaps, configMap(name));
  await scene.begin();
  await scene.end();
  scene = replication({ leaving: true }, scene);
  await scene.begin();
  await scene.clock.advance(1000);
  expect(scene.to.objects.all(configMaps)).toHaveLength(12);
  expect(scene.task.replicas[0]?.deletions.state.stopped).toContain('12 deletions');
});

test('a primary that comes to show more objects than there is room for ends the run, and says why', async () => {
  scene = replication({}, undefined, 20);
  const { from, clock, task, defects } = scene;
  while (from.objects.all(configMaps).length < 10)
    from.objects.create(configMaps, configMap(`a-${from.objects.version}`));
  await scene.begin();
  expect([defects, task.primaryCache.known <= 20]).toEqual([[], true]);
  while (from.objects.all(configMaps).length < 25)
    from.objects.create(configMaps, configMap(`a-${from.objects.version}`));
  await clock.advance(1000);
  expect(defects[0]).toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(/^the primary from has more objects .* than the 20/),
    hint: expect.stringContaining('--most-objects'),
  });
});

test('a list that goes on and on is refused before it ends, whether a rule wants what it holds or not', async () => {
  scene = replication(
    { rules: [{ ...ruleFor('', 'ConfigMap'), selector: byLabel.selector } as never] },
    undefined,
    20,
  );
  const { from, defects } = scene;
  while (from.objects.all(configMaps).length < 25)
    from.objects.create(configMaps, configMap(`a-${from.objects.version}`));
  await scene.begin();
  expect(defects[0]).toMatchObject({ exitCode: 3 });
});

test('a replica that shows more objects than there is room for ends the run, too', async () => {
  scene = replication({}, undefined, 20);
  const { to, defects } = scene;
  to.objects.create(namespaces, namespace('shop'));
  while (to.objects.all(configMaps).length < 25)
    to.objects.create(configMaps, configMap(`a-${to.objects.version}`));
  await scene.begin();
  expect(defects[0]).toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(/^the replica to has more objects/),
  });
});
