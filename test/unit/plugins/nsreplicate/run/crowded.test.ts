/** A task beside many others of the same identity, by which it comes to be followed by one watch of the whole cluster. */
import { afterEach, expect, test } from '@jest/globals';
import { Informers } from '../../../../../plugins/nsreplicate/cache/informers.ts';
import { Session } from '../../../../../plugins/nsreplicate/run/session.ts';
import { configMaps as resource } from '../../../../../src/kube/api/resources.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { configMap, configMaps, namespace, namespaces, sides } from '../../../support/replication.ts';

const ended = new AbortController();
afterEach(() => ended.abort());

test('it is listed again when the others come, which says nothing against the primary: what is deleted there is deleted', async () => {
  const { from, to, assignment } = sides();
  const clock = fakeClock();
  const informers = new Informers(clock);
  const warnings: string[] = [];
  to.objects.create(namespaces, namespace('shop'));
  from.objects.create(configMaps, configMap('web'));
  const session = new Session(assignment, {
    ...{ state: from, informers, clock, signal: ended.signal },
    info: () => undefined,
    warn: (text) => void warnings.push(text),
    begun: () => undefined,
    compared: () => undefined,
    standingBy: () => undefined,
  });
  const running = session.watch().catch((error: unknown) => error);
  await clock.advance(60_000);
  from.objects.create(configMaps, configMap('late'));
  await clock.advance(60_000);
  const copies = () => to.objects.all(configMaps, 'shop').map(({ metadata: { name } }) => name);
  expect(copies()).toEqual(['late', 'web']);
  const handler = { page: () => undefined, synced: () => undefined, event: () => undefined };
  for (let others = 0; others < 9; others++) {
    const scope = { kube: to, resource, namespace: `team-${others}`, metadataOnly: true, watch: true };
    informers.follow(scope, handler, ended.signal).catch(() => undefined);
    await clock.advance(2000);
  }
  from.objects.delete(configMaps, 'shop', 'late');
  await clock.advance(60_000);
  expect({ warnings, copies: copies() }).toEqual({ warnings: [], copies: ['web'] });
  ended.abort();
  await clock.advance(60_000);
  await running;
  await Promise.all([from.close(), to.close()]);
});
