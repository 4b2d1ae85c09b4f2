/** What befalls a line to a replica: all is made good. */
import { test } from '@jest/globals';
import { eventuallySees } from '../support/eventually.ts';
import { contextA } from './support/contexts.ts';
import { Pair } from './support/nsreplicate.ts';
import { numbered } from './support/objects.ts';
import { describeWithServers } from './support/servers.ts';

describeWithServers('a replica', ['q'], (servers) => {
  test('behind a line that is cut: nothing is refused, nothing is answered', async () => {
    const server = servers().named('q');
    const sides = { primary: contextA, replica: server.kubeconfig };
    // Of the side that is not cut as well: a busy one has time to answer.
    const pair = await Pair.open('cut', { ...sides, requestTimeoutMs: 8000 });
    try {
      const watching = await pair.follow();
      server.freeze();
      await pair.put(pair.from, ...numbered(20, '1'));
      await eventuallySees(
        () => watching.task().replicas[0]?.away,
        (away) => away !== undefined,
      );
      server.thaw();
      await pair.equal();
    } finally {
      server.thaw();
      await pair.close();
    }
  });
});
