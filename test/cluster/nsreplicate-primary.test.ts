/** What befalls a primary: after each, both sides are equal, and nothing is gone from the replica that should not be. */
import { afterEach, expect, test } from '@jest/globals';
import { configMaps } from '../../src/kube/api/resources.ts';
import { eventually, eventuallySees } from '../support/eventually.ts';
import { Pair, type PairOptions, stateNamespace } from './support/nsreplicate.ts';
import { configMap, numbered, secret } from './support/objects.ts';
import { describeWithServers } from './support/servers.ts';

describeWithServers('a primary', ['p', 'q'], (servers) => {
  let pair: Pair;
  const server = () => servers().named('p');
  const open = async (purpose: string, more: PairOptions = {}) => {
    pair = await Pair.open(purpose, {
      ...more,
      primary: server().kubeconfig,
      replica: servers().named('q').kubeconfig,
    });
    return pair;
  };
  afterEach(() => pair.close());
  const there = async () => Object.keys(await pair.content(pair.to));
  const stopped = /the primary went back in time.*: nothing is deleted until `approve`/;

  test('is put back from a backup while it is watched: what it lost stays until it is approved', async () => {
    await open('restored');
    await pair.put(pair.from, ...numbered(6, '1'), secret('s', { a: '1' }));
    const watching = await pair.follow();
    server().snapshot();
    const sequence = async () => Number(JSON.parse((await state())?.data?.saved ?? '{}').sequence ?? 0);
    const state = () =>
      pair.from.find(configMaps, { namespace: stateNamespace, name: `nsreplicate-${pair.task}-state` });
    // Read before anything changes: a record that was written by then is not written again until something does.
    const before = await sequence();
    await pair.put(pair.from, ...numbered(3, '2'), configMap('since', { a: '1' }));
    await pair.equal();
    await eventuallySees(sequence, (now) => now > before);
    await server().restore();
    await eventuallySees(
      () => watching.said.join('\n'),
      (said) => stopped.test(said),
    );
    // A watch that found the server down asks again ever more seldom.
    await eventually(async () =>
      expect(await pair.copyOf('configmaps', 'o-0')).toMatchObject({ data: { value: '1' } }),
    );
    expect(await there()).toContain('ConfigMap since');
    watching.task().approve('a person looked');
    await pair.equal();
    expect(await there()).not.toContain('ConfigMap since');
  });
});
