import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ownIdentity } from '../../../../../../plugins/nsreplicate/controller/leading/own-identity.ts';
import { UnreachableError } from '../../../../../../src/errors.ts';
import { type FakeClock, fakeClock } from '../../../../support/fake-clock.ts';
import { apiError } from '../../../../support/fake-cluster.ts';
import { type FakeKube, fakeKube } from '../../../../support/fake-kube.ts';

let own: FakeKube;
let uid: string | undefined;
let clock: FakeClock;
let stop: AbortController;
let said: string[];
beforeEach(() => {
  own = fakeKube();
  uid = own.objects.create('/namespaces', { metadata: { name: 'kube-system' } }).metadata.uid;
  clock = fakeClock();
  stop = new AbortController();
  said = [];
});
afterEach(() => own.close());

const forbidden = () => apiError(403, 'namespaces "kube-system" is forbidden', 'Forbidden');

function ask() {
  const asking = ownIdentity({ own, clock, signal: stop.signal, warn: (text) => said.push(text) });
  asking.catch(() => undefined);
  return asking;
}

test.each([
  ['has not read its roles yet', forbidden()],
  ['is away', new UnreachableError('no answer')],
  ['has no store yet', apiError(503, 'etcd')],
])('a server that %s is asked again, in growing pauses', async (_what, error) => {
  own.before = () => {
    if (clock.monotonic() < 20_000) throw error;
  };
  const asking = ask();
  await clock.advance(40_000);
  expect([await asking, said]).toEqual([uid, []]);
  expect(own.calls.length).toBeGreaterThan(3);
  expect(own.calls.length).toBeLessThan(10);
});

test('who may never ask knows it by its address, and says so', async () => {
  own.before = () => {
    throw forbidden();
  };
  const asking = ask();
  await clock.advance(90_000);
  expect([await asking, said]).toEqual([
    expect.stringMatching(/^server-/),
    [expect.stringContaining('kube-system')],
  ]);
});

test('a server that is away for long is not known by its address for that', async () => {
  own.before = () => {
    throw new UnreachableError('no answer');
  };
  const asking = ask();
  await clock.advance(600_000);
  own.before = () => undefined;
  await clock.advance(20_000);
  expect(await asking).toBe(uid);
});

test('ends with the signal', async () => {
  own.before = () => {
    throw forbidden();
  };
  const asking = ask();
  await clock.advance(1000);
  stop.abort(new Error('over'));
  await expect(asking).rejects.toThrow('over');
});
