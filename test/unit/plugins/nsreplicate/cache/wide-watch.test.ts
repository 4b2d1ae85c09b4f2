/** Many namespaces of one cluster, followed by one watch, each by a list of its own. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type InformerHandler, Informers } from '../../../../../plugins/nsreplicate/cache/informers.ts';
import { configMaps as resource } from '../../../../../src/kube/api/resources.ts';
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { type FakeCall, type FakeKube, fakeKube } from '../../../support/fake-kube.ts';
import { configMap, configMaps } from '../../../support/replication.ts';

const MANY = 50;
const reviews = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

let kube: FakeKube;
let clock: FakeClock;
let informers: Informers;
let ended: AbortController;
let isAllowed: boolean;

beforeEach(() => {
  kube = fakeKube();
  clock = fakeClock();
  informers = new Informers(clock);
  ended = new AbortController();
  isAllowed = true;
  kube.answers.set(reviews, () => ({ status: { allowed: isAllowed } }));
});
afterEach(async () => {
  ended.abort();
  await kube.close();
});

/** Knows what it was told of, as the engine does: what a list does not hold is gone. */
function follower(page: () => void | Promise<void> = () => undefined) {
  const known = new Map<string, string>();
  const told: string[] = [];
  let listed = new Map<string, string>();
  const dataOf = (object: unknown) => (object as { data: { value: string } }).data.value;
  const handler: InformerHandler = {
    page: (items, first) => {
      if (first) listed = new Map();
      for (const one of items) listed.set(`${one.metadata.namespace}/${one.metadata.name}`, dataOf(one));
      return page();
    },
    synced: () => {
      known.clear();
      for (const [key, value] of listed) known.set(key, value);
      told.push('list');
    },
    event: (type, object) => {
      const key = `${object.metadata.namespace}/${object.metadata.name}`;
      told.push(`${type} ${key}`);
      if (type === 'DELETED') known.delete(key);
      else known.set(key, dataOf(object));
    },
    disconnected: ({ message }) => void told.push(message),
  };
  return { handler, told, content: () => Object.fromEntries(known) };
}

const nameOf = (index: number) => `team-${index}`;
const put = (namespace: string, name: string, value: string) => {
  const before = kube.objects.find(configMaps, namespace, name);
  if (before) kube.objects.replace(configMaps, { ...before, data: { value } });
  else kube.objects.create(configMaps, configMap(name, value, namespace));
};
const scopeOf = (namespace: string) => ({ kube, resource, namespace, metadataOnly: false, watch: true });

/** Many follow, each its own namespace, in which there is one object. */
async function followAll(count = MANY) {
  const all = Array.from({ length: count }, (_, index) => ({ namespace: nameOf(index), ...follower() }));
  for (const { namespace } of all) put(namespace, 'a', '1');
  const following = all.map(({ namespace, handler }) =>
    informers.follow(scopeOf(namespace), handler, ended.signal),
  );
  await clock.advance(1000);
  await Promise.all(following);
  return all;
}

const watches = () =>
  kube.calls.filter(({ verb, collection }) => verb === 'watch' && collection === configMaps);
const lists = () => kube.calls.filter(({ verb, collection }) => verb === 'list' && collection === configMaps);
const actual = (namespace: string) =>
  Object.fromEntries(
    kube.objects
      .all(configMaps, namespace)
      .map(({ metadata: { name }, data }) => [`${namespace}/${name}`, (data as { value: string }).value]),
  );
const expectAllToKnow = (all: Awaited<ReturnType<typeof followAll>>) => {
  for (const { namespace, content } of all) expect(content()).toEqual(actual(namespace));
};

test('fifty cost one watch, each with lists of its own namespace alone', async () => {
  const all = await followAll();
  expectAllToKnow(all);
  expect(informers.size).toBe(1);
  expect(kube.calls.filter(({ collection }) => collection === reviews)).toHaveLength(2);
  expect(new Set(lists().map(({ namespace }) => namespace)).size).toBe(MANY + 1);
  for (const { namespace } of all) put(namespace, 'a', '2');
  for (const { namespace } of all) put(namespace, 'b', '1');
  for (const { namespace } of all) kube.objects.delete(configMaps, namespace, 'a');
  await clock.advance(1000);
  expectAllToKnow(all);
  expect(all[20]?.told).toEqual(['list', 'MODIFIED team-20/a', 'ADDED team-20/b', 'DELETED team-20/a']);
});

test('those who had a watch of their own until the ninth came miss nothing', async () => {
  const all = await followAll(8);
  await clock.advance(10_000);
  expect([informers.size, watches().length]).toEqual([8, 8]);
  const ninth = follower();
  const following = informers.follow(scopeOf('ninth'), ninth.handler, ended.signal);
  for (const { namespace } of all) put(namespace, 'b', '1');
  put('ninth', 'a', '1');
  await clock.advance(1000);
  await following;
  kube.objects.delete(configMaps, nameOf(3), 'a');
  await clock.advance(1000);
  expect([informers.size, watches().length]).toEqual([1, 9]);
  expectAllToKnow(all);
  expect(ninth.content()).toEqual(actual('ninth'));
});

test('without the right to the whole cluster each has a watch of its own', async () => {
  isAllowed = false;
  const all = await followAll(20);
  put(nameOf(15), 'b', '1');
  await clock.advance(1000);
  expectAllToKnow(all);
  expect([informers.size, lists().every(({ namespace }) => namespace !== undefined)]).toEqual([20, true]);
});

test('where nobody can say just now whether it may, whoever comes later is one of the whole cluster again', async () => {
  kube.answers.set(reviews, () => {
    throw apiError(503, 'not ready yet', 'ServiceUnavailable');
  });
  const all = await followAll(12);
  expect(informers.size).toBe(12);
  kube.answers.set(reviews, () => ({ status: { allowed: true } }));
  const late = follower();
  const following = informers.follow(scopeOf('late'), late.handler, ended.signal);
  await clock.advance(1000);
  await following;
  put(nameOf(2), 'b', '1');
  await clock.advance(1000);
  expect(informers.size).toBe(1);
  expectAllToKnow(all);
});

test('whoever comes in the moment in which the last one goes is not forgotten', async () => {
  await followAll(8);
  const [last, next] = [new AbortController(), follower()];
  const first = informers.follow(scopeOf('last'), follower().handler, last.signal).catch(() => undefined);
  ended.abort();
  put('next', 'a', '1');
  const following = informers.follow(scopeOf('next'), next.handler, new AbortController().signal);
  last.abort();
  await clock.advance(2000);
  await Promise.all([first, following]);
  put('next', 'b', '1');
  await clock.advance(1000);
  expect(next.content()).toEqual(actual('next'));
});

test('where the right is taken away, each goes on by itself, and misses nothing', async () => {
  const all = await followAll(20);
  kube.before = ({ collection, namespace, verb }: FakeCall) => {
    if (collection === configMaps && namespace === undefined && ['list', 'watch'].includes(verb))
      throw apiError(403, 'not any more', 'Forbidden');
  };
  kube.objects.cutWatches();
  put(nameOf(15), 'b', '1');
  await clock.advance(20_000);
  // As a server does for some seconds that restarts.
  expect(informers.size).toBe(1);
  await clock.advance(120_000);
  expect(informers.size).toBe(20);
  expectAllToKnow(all);
  put(nameOf(16), 'b', '1');
  await clock.advance(1000);
  expectAllToKnow(all);
  expect(all[15]?.told).toContain('not any more');
});

test('what the server has forgotten is listed by namespace, and nothing is missed', async () => {
  const all = await followAll(20);
  const before = lists().length;
  kube.objects.cutWatches();
  put(nameOf(15), 'b', '1');
  kube.objects.delete(configMaps, nameOf(16), 'a');
  kube.objects.compact();
  await clock.advance(30_000);
  expectAllToKnow(all);
  expect(informers.size).toBe(1);
  // Each of these is of one object: whether the store is older, the page that is not read, the version to begin from.
  const wide = lists()
    .slice(before)
    .filter(({ namespace }) => namespace === undefined);
  expect(wide.length).toBeLessThan(10);
  put(nameOf(17), 'b', '1');
  await clock.advance(1000);
  expectAllToKnow(all);
});

test('who waits for something in a list holds up nobody else, and misses nothing meanwhile', async () => {
  const all = await followAll(12);
  const goesOn = Promise.withResolvers<void>();
  const slow = follower(() => goesOn.promise);
  const quick = follower();
  put('slow', 'a', '1');
  put('quick', 'a', '1');
  const following = informers.follow(scopeOf('slow'), slow.handler, ended.signal);
  await clock.advance(1000);
  await informers.follow(scopeOf('quick'), quick.handler, ended.signal);
  put('slow', 'a', '2');
  put('slow', 'b', '1');
  // The watch begins anew, while that list is on its way.
  kube.objects.cutWatches();
  put('slow', 'c', '1');
  kube.objects.compact();
  await clock.advance(10_000);
  expect([quick.content(), slow.content()]).toEqual([actual('quick'), {}]);
  goesOn.resolve();
  await clock.advance(10_000);
  await following;
  expect(slow.content()).toEqual(actual('slow'));
  expectAllToKnow(all);
});

test('it ends with the last of them, and who has left hears nothing more', async () => {
  const all = await followAll(8);
  const [one, other] = [new AbortController(), new AbortController()];
  const [first, second] = [follower(), follower()];
  const following = [
    informers.follow(scopeOf('one'), first.handler, one.signal),
    informers.follow(scopeOf('other'), second.handler, other.signal),
  ];
  await clock.advance(1000);
  await Promise.all(following);
  expect(informers.size).toBe(1);
  one.abort();
  put('one', 'b', '1');
  put('other', 'b', '1');
  await clock.advance(1000);
  expect([first.content(), second.content()]).toEqual([{}, actual('other')]);
  other.abort();
  await clock.advance(1000);
  expect(informers.size).toBe(1);
  expectAllToKnow(all);
  ended.abort();
  await clock.advance(1000);
  expect(informers.size).toBe(0);
});

test('a store that was put back to an older state is listed by namespace', async () => {
  const all = await followAll(12);
  const late = all[10];
  expect(late?.told).toEqual(['list']);
  // The server counts on from an older version: what it says of the whole cluster is older than what was seen.
  const { request } = kube;
  let isOlder = true;
  kube.request = (async (asked: Parameters<typeof request>[0]) => {
    const answer = (await request.call(kube, asked)) as { metadata?: { resourceVersion?: string } };
    if (isOlder && asked.path === '/api/v1/configmaps' && answer.metadata) {
      isOlder = false;
      answer.metadata.resourceVersion = '1';
    }
    return answer;
  }) as typeof request;
  kube.objects.cutWatches();
  await clock.advance(10_000);
  expect(late?.told).toEqual(['list', 'list']);
  expectAllToKnow(all);
});

/** Numbers below `end`, the same for the same seed (mulberry32). */
function randomly(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end;
  };
}

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
  'whatever happens, in the end each knows what is there (seed %i)',
  async (seed) => {
    const below = randomly(seed);
    const living: { namespace: string; content: () => object; stop: AbortController }[] = [];
    let deniedUntil = 0;
    kube.before = async ({ collection, namespace }: FakeCall) => {
      // As far away as another continent, so that lists and events overtake each other.
      if (collection === configMaps) await clock.sleep(below(300));
      if (collection === configMaps && namespace === undefined && clock.monotonic() < deniedUntil)
        throw apiError(403, 'not just now', 'Forbidden');
    };
    const join = () => {
      const one = { namespace: nameOf(below(16)), stop: new AbortController(), ...follower() };
      informers.follow(scopeOf(one.namespace), one.handler, one.stop.signal).catch(() => undefined);
      living.push(one);
    };
    const happenings: (() => void)[] = [
      join,
      join,
      () => living.splice(below(living.length + 1), 1)[0]?.stop.abort(),
      ...Array.from({ length: 6 }, () => () => put(nameOf(below(16)), `o-${below(3)}`, String(below(1000)))),
      ...Array.from(
        { length: 3 },
        () => () => void kube.objects.delete(configMaps, nameOf(below(16)), `o-${below(3)}`),
      ),
      () => kube.objects.cutWatches(),
      () => {
        kube.objects.cutWatches();
        kube.objects.compact();
      },
      () => {
        if (below(8) === 0) deniedUntil = clock.monotonic() + (below(2) === 0 ? 3000 : 60_000);
        if (clock.monotonic() < deniedUntil) kube.objects.cutWatches();
      },
    ];
    for (let count = 0; count < 20; count++) join();
    for (let count = 0; count < 150; count++) {
      happenings[below(happenings.length)]?.();
      await clock.advance(below(400));
    }
    await clock.advance(180_000);
    expect(living.length).toBeGreaterThan(10);
    for (const { namespace, content } of living)
      expect({ seed, ...content() }).toEqual({ seed, ...actual(namespace) });
    for (const { stop } of living) stop.abort();
  },
);

test('a list that meets more changes than may be held begins anew, is said to, and loses none of them', async () => {
  informers = new Informers(clock, { events: 5, bytes: 1_000_000 });
  const all = await followAll();
  put('late', 'a', '1');
  let pages = 0;
  const slow = Promise.withResolvers<void>();
  const late = { namespace: 'late', ...follower(() => (++pages === 1 ? slow.promise : undefined)) };
  void informers.follow(scopeOf('late'), late.handler, ended.signal);
  await clock.advance(1000);
  expect(pages).toBe(1);
  for (let count = 0; count < 20; count++) put('late', `b-${count}`, '1');
  kube.objects.delete(configMaps, 'late', 'a');
  await clock.advance(100);
  slow.resolve();
  await clock.advance(5000);
  expect(late.told.filter((text) => /begins anew/.test(text))).toHaveLength(1);
  expectAllToKnow([...all, late]);
  put('late', 'c', '1');
  await clock.advance(1000);
  expectAllToKnow([...all, late]);
});

test('one object that changes all the time is held once', async () => {
  informers = new Informers(clock, { events: 5, bytes: 1_000_000 });
  const all = await followAll();
  put('late', 'a', '1');
  const slow = Promise.withResolvers<void>();
  const late = { namespace: 'late', ...follower(() => slow.promise) };
  void informers.follow(scopeOf('late'), late.handler, ended.signal);
  await clock.advance(1000);
  for (let count = 0; count < 50; count++) put('late', 'a', `${count}`);
  await clock.advance(100);
  slow.resolve();
  await clock.advance(1000);
  expect(late.told).toEqual(['list', 'MODIFIED late/a']);
  expectAllToKnow([...all, late]);
});
