import { expect, test } from '@jest/globals';
import { type InformerHandler, Informers } from '../../../../../plugins/nsreplicate/cache/informers.ts';
import { configMaps as resource } from '../../../../../src/kube/api/resources.ts';
import { fakeClock, settle } from '../../../support/fake-clock.ts';
import { fakeKube } from '../../../support/fake-kube.ts';
import { configMap, configMaps } from '../../../support/replication.ts';

/** Knows what it was told of, as the engine does: what a list does not hold is gone. */
function follower(hold: () => void | Promise<void> = () => undefined) {
  const known = new Set<string>();
  let listed = new Set<string>();
  const handler: InformerHandler = {
    page: (items, first) => {
      if (first) listed = new Set();
      for (const { metadata } of items) listed.add(metadata.name);
      return hold();
    },
    synced: () => {
      known.clear();
      for (const name of listed) known.add(name);
      listed = new Set();
    },
    event: (type, { metadata }) =>
      void (type === 'DELETED' ? known.delete(metadata.name) : known.add(metadata.name)),
  };
  return { handler, names: () => [...known].sort() };
}

test('who comes while a watch lists anew hears nothing of that list, and misses nothing', async () => {
  const kube = fakeKube();
  const clock = fakeClock();
  const ended = new AbortController();
  const informers = new Informers(clock);
  const scope = { kube, resource, namespace: 'shop', metadataOnly: false, watch: true };
  const busy = Promise.withResolvers<void>();
  let lists = 0;
  const early = follower(() => (++lists === 2 ? busy.promise : undefined));
  const late = follower();
  kube.objects.create(configMaps, configMap('a'));
  await informers.follow(scope, early.handler, ended.signal);
  // The watch expires, and the first one takes its time with the new list.
  kube.objects.cutWatches();
  kube.objects.create(configMaps, configMap('b'));
  kube.objects.compact();
  await clock.advance(5000);
  kube.objects.create(configMaps, configMap('c'));
  await informers.follow(scope, late.handler, ended.signal);
  busy.resolve();
  await settle();
  await clock.advance(5000);
  expect([early.names(), late.names()]).toEqual([
    ['a', 'b', 'c'],
    ['a', 'b', 'c'],
  ]);
  ended.abort();
  await kube.close();
});

test.each([
  ['changes', { events: 5, bytes: 1_000_000 }],
  ['bytes', { events: 1_000_000, bytes: 1000 }],
])(
  'where more %s come than are held while who comes later is listed, its list begins anew',
  async (_what, limits) => {
    const kube = fakeKube();
    const clock = fakeClock();
    const ended = new AbortController();
    const informers = new Informers(clock, limits);
    const scope = { kube, resource, namespace: 'shop', metadataOnly: false, watch: true };
    const early = follower();
    await informers.follow(scope, early.handler, ended.signal);
    kube.objects.create(configMaps, configMap('a'));
    const slow = Promise.withResolvers<void>();
    const late = follower(() => slow.promise);
    const said: string[] = [];
    const handler = { ...late.handler, disconnected: ({ message }: Error) => void said.push(message) };
    void informers.follow(scope, handler, ended.signal);
    await settle();
    for (let count = 0; count < 20; count++) kube.objects.create(configMaps, configMap(`b-${count}`));
    await settle();
    slow.resolve();
    await clock.advance(5000);
    expect(said).toEqual([expect.stringContaining('begins anew')]);
    expect(late.names()).toHaveLength(21);
    expect(late.names()).toEqual(early.names());
    ended.abort();
    await kube.close();
  },
);
