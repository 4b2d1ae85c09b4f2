import { expect, test } from '@jest/globals';
import { Informers } from '../../../../../plugins/nsreplicate/cache/informers.ts';
import { Session } from '../../../../../plugins/nsreplicate/run/session.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { configMap, configMaps, sides } from '../../../support/replication.ts';

/** A watch whose first questions about the primary's kinds fail. */
function watch(...failures: Error[]) {
  const { from, to, assignment } = sides();
  const clock = fakeClock();
  const ended = new AbortController();
  from.objects.create(configMaps, configMap('a'));
  from.before = ({ collection }) => {
    const failure = collection === '/apis' ? failures.shift() : undefined;
    if (failure) throw failure;
  };
  const hooks = { info: () => undefined, begun: () => undefined, compared: () => undefined };
  const stoodBy: unknown[] = [];
  const said: string[] = [];
  const session = new Session(assignment, {
    ...hooks,
    state: from,
    informers: new Informers(clock),
    clock,
    signal: ended.signal,
    warn: (text) => said.push(text),
    standingBy: (claim) => stoodBy.push(claim),
  });
  const result = session.watch().catch((error: unknown) => error);
  const end = async () => {
    ended.abort(new Error('ended'));
    await clock.advance(1000);
    await Promise.all([from.close(), to.close()]);
    return result;
  };
  return { from, to, clock, session, said, stoodBy, end };
}

test('a primary that goes away again before the comparison begins does not end the watch', async () => {
  const { to, clock, end } = watch(new UnreachableError('gone'), apiError(503, 'not ready yet'));
  await clock.advance(20_000);
  expect(to.objects.all(configMaps)).toMatchObject([{ metadata: { name: 'a' } }]);
  expect(await end()).toMatchObject({ message: 'ended' });
});

test('what does not pass by itself ends it', async () => {
  const { clock, end } = watch(apiError(403, 'not allowed', 'Forbidden'));
  await clock.advance(20_000);
  expect(await end()).toMatchObject({ code: 403 });
});

test('who lost its own lease, as to a server that was away, takes it again at once', async () => {
  const { from, to, clock, stoodBy, end } = watch();
  await clock.advance(5000);
  const { before } = from;
  from.before = ({ collection }) => {
    if (collection.includes('/leases')) throw new UnreachableError('gone');
  };
  await clock.advance(9000);
  from.before = before;
  from.objects.create(configMaps, configMap('b'));
  await clock.advance(2000);
  expect(to.objects.all(configMaps)).toHaveLength(2);
  expect(stoodBy).toEqual([]);
  await end();
});

test('rights that a server has forgotten for a while, after it began, end nothing', async () => {
  const { from, to, clock, session, said, end } = watch();
  await clock.advance(5000);
  // As while a server that restarts reads its roles: the lease is lost, and can't be read.
  from.before = () => {
    throw apiError(403, 'not yet', 'Forbidden');
  };
  await clock.advance(40_000);
  expect(said.filter((text) => text.includes('tried again by itself'))).toHaveLength(1);
  from.before = () => undefined;
  from.objects.create(configMaps, configMap('b'));
  await clock.advance(12_000);
  expect(to.objects.all(configMaps)).toHaveLength(2);
  // The lease is held, and the primary can't be read when the work begins anew.
  from.before = ({ collection }) => {
    if (collection === '/apis') throw apiError(403, 'not yet', 'Forbidden');
  };
  session.replace({});
  await clock.advance(20_000);
  from.before = () => undefined;
  from.objects.create(configMaps, configMap('c'));
  await clock.advance(40_000);
  expect(to.objects.all(configMaps)).toHaveLength(3);
  expect(await end()).toMatchObject({ message: 'ended' });
});
