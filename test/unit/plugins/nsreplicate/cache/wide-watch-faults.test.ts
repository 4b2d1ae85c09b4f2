/** One watch for many namespaces where something goes wrong: for a follower, for its handler, or for the server. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type InformerHandler, Informers } from '../../../../../plugins/nsreplicate/cache/informers.ts';
import { configMaps as resource } from '../../../../../src/kube/api/resources.ts';
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts';
import { apiError, FakeCluster } from '../../../support/fake-cluster.ts';
import { type FakeCall, type FakeKube, fakeKube } from '../../../support/fake-kube.ts';
import { configMap, configMaps } from '../../../support/replication.ts';

const reviews = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

let kube: FakeKube;
let clock: FakeClock;
let informers: Informers;
let ended: AbortController;

beforeEach(() => {
  kube = fakeKube();
  clock = fakeClock();
  informers = new Informers(clock);
  ended = new AbortController();
  kube.answers.set(reviews, () => ({ status: { allowed: true } }));
});
afterEach(async () => {
  ended.abort();
  await kube.close();
});

/** Writes down what it is told. */
function follower(overrides: Partial<InformerHandler> = {}) {
  const told: string[] = [];
  const nameOf = ({ metadata }: { metadata: { name: string } }) => metadata.name;
  const handler: InformerHandler = {
    page: (items, _first, whole) =>
      void told.push(`${whole ? 'first ' : ''}list ${items.map(nameOf).join()}`),
    synced: () => void told.push('synced'),
    event: (type, object) => void told.push(`${type} ${nameOf(object)}`),
    disconnected: ({ message }) => void told.push(message),
    ...overrides,
  };
  return { handler, told };
}

const put = (namespace: string, name: string) =>
  kube.objects.create(configMaps, configMap(name, '1', namespace));
const scopeOf = (namespace: string, metadataOnly = true) => ({
  ...{ kube, resource, namespace, metadataOnly, watch: true },
});

type Told = Awaited<ReturnType<typeof followAll>>;

/** Each follows a namespace, in which there is one object. */
async function followAll(count: number, signal = ended.signal) {
  const all = Array.from({ length: count }, (_, index) => ({ namespace: `team-${index}`, ...follower() }));
  for (const { namespace } of all) put(namespace, 'a');
  const following = all.map(({ namespace, handler }) =>
    informers.follow(scopeOf(namespace), handler, signal),
  );
  await clock.advance(1000);
  await Promise.all(following);
  return all;
}

const firstLists = (all: Told) =>
  all.map(({ told }) => told.filter((one) => one.startsWith('first list')).length);
const compacted = () => {
  kube.objects.cutWatches();
  put('elsewhere', `o-${kube.objects.version}`);
  kube.objects.compact();
};
const isWhole = ({ collection, namespace, verb }: FakeCall) =>
  collection === configMaps && namespace === undefined && ['list', 'watch'].includes(verb);

test('a list is a first one once only, whatever a namespace is followed by', async () => {
  const all = await followAll(8);
  await clock.advance(10_000);
  // The ninth, by which all go over to the watch of the whole cluster.
  const following = informers.follow(scopeOf('ninth'), follower().handler, ended.signal);
  await clock.advance(2000);
  await following;
  expect([informers.size, all[3]?.told]).toEqual([1, ['first list a', 'synced', 'list a', 'synced']]);
  compacted();
  await clock.advance(5000);
  expect(all[3]?.told.filter((one) => one === 'synced')).toHaveLength(3);
  kube.before = (call) => {
    if (isWhole(call)) throw apiError(403, 'not any more', 'Forbidden');
  };
  kube.objects.cutWatches();
  await clock.advance(180_000);
  expect([informers.size, all[3]?.told.filter((one) => one === 'synced').length]).toEqual([9, 4]);
  expect(firstLists(all)).toEqual(all.map(() => 1));
});

test('who comes while the watch can not begin hears why', async () => {
  await followAll(8);
  kube.before = (call) => {
    if (isWhole(call)) throw apiError(404, 'not served', 'NotFound');
  };
  const ninth = follower();
  const following = informers.follow(scopeOf('ninth'), ninth.handler, ended.signal);
  await clock.advance(1000);
  expect(ninth.told).toContain('not served');
  kube.before = () => undefined;
  await clock.advance(60_000);
  await following;
  expect(ninth.told.slice(-2)).toEqual(['first list ', 'synced']);
});

test('who leaves before it is known what it may read is followed no more', async () => {
  const others = new AbortController();
  await followAll(8, others.signal);
  const [late, review] = [new AbortController(), Promise.withResolvers<void>()];
  kube.before = ({ collection }) => (collection === reviews ? review.promise : undefined);
  const following = informers.follow(scopeOf('late'), follower().handler, late.signal);
  await clock.advance(1000);
  late.abort(new Error('left'));
  review.resolve();
  await expect(following).rejects.toThrow('left');
  others.abort();
  await clock.advance(1000);
  expect(informers.size).toBe(0);
});

test('whose handler fails is told and listed again, and is nobody else’s trouble', async () => {
  const all = await followAll(12);
  const failures = new Map([['event', 1]]);
  const failing = (what: string) => {
    const left = failures.get(what) ?? 0;
    failures.set(what, left - 1);
    if (left > 0) throw new TypeError(`broken by ${what}`);
  };
  const one = follower();
  const { page, event } = one.handler;
  const handler: InformerHandler = {
    ...one.handler,
    page: (...list) => {
      failing('page');
      return page(...list);
    },
    event: (...news) => {
      failing('event');
      event(...news);
    },
  };
  const following = informers.follow(scopeOf('team-10'), handler, ended.signal);
  await clock.advance(1000);
  await following;
  failures.set('page', 2);
  put('team-10', 'b');
  put('team-11', 'b');
  await clock.advance(60_000);
  put('team-10', 'c');
  await clock.advance(1000);
  expect(one.told).toEqual([
    ...[
      'first list a',
      'synced',
      'TypeError: broken by event',
      'TypeError: broken by page',
      'TypeError: broken by page',
    ],
    ...['list a,b', 'synced', 'ADDED c'],
  ]);
  expect(all[10]?.told).toEqual(['first list a', 'synced', 'ADDED b', 'ADDED c']);
  expect(all[11]?.told).toEqual(['first list a', 'synced', 'ADDED b']);
});

test('what came of a store that was put back to an older state is not told after its list', async () => {
  const all = await followAll(12);
  const goesOn = Promise.withResolvers<void>();
  const slow = follower({ listed: () => goesOn.promise });
  const following = informers.follow(scopeOf('team-0'), slow.handler, ended.signal);
  await clock.advance(1000);
  put('team-0', 'lost');
  kube.objects.delete(configMaps, 'team-0', 'a');
  await clock.advance(1000);
  const before = kube.objects;
  Object.assign(kube, { objects: new FakeCluster() });
  put('team-0', 'a');
  before.cutWatches();
  await clock.advance(10_000);
  goesOn.resolve();
  await clock.advance(10_000);
  await following;
  put('team-0', 'b');
  await clock.advance(1000);
  expect(slow.told.slice(-3)).toEqual(['first list a', 'synced', 'ADDED b']);
  expect(all[0]?.told.slice(-3)).toEqual(['list a', 'synced', 'ADDED b']);
});

test('however often the server forgot, it is listed again as soon as the first time', async () => {
  const all = await followAll(12);
  for (let count = 0; count < 12; count++) {
    compacted();
    await clock.advance(60_000);
    put('team-1', `b-${count}`);
    await clock.advance(1000);
  }
  compacted();
  put('team-1', 'last');
  kube.objects.compact();
  await clock.advance(3000);
  expect(all[1]?.told.at(-2)).toContain(',last');
});

test('a deletion is told also by a server that shows the object in the version that it had', async () => {
  const { stream } = kube;
  kube.stream = async (request) => {
    const lines = await stream.call(kube, request);
    return (async function* () {
      for await (const line of lines) {
        const event = JSON.parse(Buffer.from(line).toString());
        if (event.type === 'DELETED') event.object.metadata.resourceVersion = firstOf(event.object);
        yield Buffer.from(`${JSON.stringify(event)}\n`);
      }
    })();
  };
  const versions = new Map<string, string>();
  const firstOf = ({ metadata }: { metadata: { namespace: string; name: string } }) =>
    versions.get(`${metadata.namespace}/${metadata.name}`);
  const all = await followAll(12);
  for (const { metadata } of kube.objects.all(configMaps))
    versions.set(`${metadata.namespace}/${metadata.name}`, metadata.resourceVersion ?? '');
  put('elsewhere', 'a');
  kube.objects.delete(configMaps, 'team-10', 'a');
  await clock.advance(1000);
  expect(all[10]?.told.at(-1)).toBe('DELETED a');
});
