/** What befalls replicas and lines: after each, all is made good. */
import { test } from '@jest/globals';
import { eventuallySees } from '../support/eventually.ts';
import { contextA } from './support/contexts.ts';
import { Pair, type PairOptions } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';
import { describeWithServers } from './support/servers.ts';

const some = (count: number, value: string) =>
  Array.from({ length: count }, (_, index) => configMap(`o-${index}`, { value }));

describeWithServers('a replica', ['q'], (servers) => {
  const server = () => servers().named('q');
  const toServer = (purpose: string, more: PairOptions = {}) =>
    Pair.open(purpose, { ...more, primary: contextA, replica: server().kubeconfig });
  const following = async (purpose: string, work: (pair: Pair) => Promise<void>, more: PairOptions = {}) => {
    const pair = await toServer(purpose, more);
    try {
      await work(pair);
    } finally {
      server().thaw();
      await pair.close();
    }
  };

  test('behind a line that is cut: nothing is refused, nothing is answered', () =>
    following(
      'cut',
      async (pair) => {
        const watching = await pair.follow();
        server().freeze();
        await pair.put(pair.from, ...some(20, '1'));
        await eventuallySees(
          () => watching.task().replicas[0]?.away,
          (away) => away !== undefined,
        );
        server().thaw();
        await pair.equal();
      },
      // Of the side that is not cut as well: a busy one has time to answer.
      { requestTimeoutMs: 8000 },
    ));

  test('is put back from a backup: what it lost is made good', () =>
    following('older', async (pair) => {
      await pair.put(pair.from, ...some(20, '1'));
      await pair.follow();
      server().snapshot();
      await pair.put(pair.from, ...some(15, '2'), configMap('new', { a: '1' }));
      await pair.delete(pair.from, 'configmaps', 'o-19');
      await pair.equal();
      await server().restore();
      await pair.equal();
    }));

  test('comes back empty, and is filled again', () =>
    following('empty', async (pair) => {
      await pair.put(pair.from, ...some(30, '1'));
      await pair.follow();
      await server().empty();
      await pair.equal();
    }));
});
