import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { Pod } from '../../../../../src/kube/api/objects.ts';
import { configMaps, pods } from '../../../../../src/kube/api/resources.ts';
import { type WaitOptions, waitFor, waitGone } from '../../../../../src/kube/watch/wait.ts';
import { eventually } from '../../../../support/eventually.ts';
import { type FakeApiServer, fakeApiServer, sendJson, sendStatus } from '../../../support/fake-api-server.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

let server: FakeApiServer;

afterEach(() => server.close());

const ref = { namespace: 'n', name: 'p' };
const pod = (phase: string, metadata: object = {}) => ({
  metadata: { ...ref, uid: 'u1', resourceVersion: '8', ...metadata },
  status: {
    phase,
    conditions: [
      { type: 'Initialized', status: 'True' },
      { type: 'Ready', status: 'False', reason: 'ContainersNotReady', message: 'c is waiting' },
    ],
  },
});

/** A server with these objects now, and these events later. */
async function serve(now: object[], ...later: [string, object][]) {
  server = await fakeApiServer(({ query }, response) => {
    if (!query.watch) return sendJson(response, { metadata: { resourceVersion: '7' }, items: now });
    response.writeHead(200);
    response.write(`${later.map(([type, object]) => JSON.stringify({ type, object })).join('\n')}\n`);
  });
  return server.kube;
}

/** Resolves once the list was taken, and the watch that follows it was asked for. */
const watched = () =>
  eventually(() =>
    expect(server.requests.map(({ query }) => query)).toContainEqual(
      expect.objectContaining({ watch: expect.anything() }),
    ),
  );

const phaseOf = (wanted: string) => (object: Pod | undefined) =>
  object?.status?.phase === wanted ? object : undefined;

describe('waitFor', () => {
  test('takes what is there already, without a watch', async () => {
    const kube = await serve([pod('Running')]);
    const found = await waitFor(kube, pods, ref, phaseOf('Running'), {
      timeoutMs: 1_000,
      clock: fakeClock(),
    });
    expect(found.metadata.name).toBe('p');
    expect(server.requests.map(({ query }) => query)).toEqual([
      { fieldSelector: 'metadata.name=p', limit: '500' },
    ]);
  });

  test('takes what it becomes, absence included', async () => {
    const kube = await serve(
      [],
      ['ADDED', pod('Pending')],
      ['DELETED', pod('Pending')],
      ['ADDED', pod('Running')],
    );
    const seen: (string | undefined)[] = [];
    const check = (object: Pod | undefined) => {
      seen.push(object?.status?.phase);
      return phaseOf('Running')(object)?.metadata.uid;
    };
    expect(await waitFor(kube, pods, ref, check, { timeoutMs: 1_000, clock: fakeClock() })).toBe('u1');
    expect(seen).toEqual([undefined, 'Pending', undefined, 'Running']);
  });

  test('takes false and null for answers', async () => {
    const kube = await serve([pod('Running')]);
    expect(await waitFor(kube, pods, ref, () => false, { timeoutMs: 1_000, clock: fakeClock() })).toBe(false);
    expect(await waitFor(kube, pods, ref, () => null, { timeoutMs: 1_000, clock: fakeClock() })).toBeNull();
  });

  test('ends with what the check throws', async () => {
    const kube = await serve([pod('Failed')]);
    const check = () => {
      throw new RangeError('it failed');
    };
    await expect(waitFor(kube, pods, ref, check, { timeoutMs: 1_000, clock: fakeClock() })).rejects.toThrow(
      RangeError,
    );
  });

  test('says after its limit what it waited for and what it saw last', async () => {
    const kube = await serve([], ['ADDED', pod('Pending')]);
    const clock = fakeClock();
    const [what, seen] = ['pod n/p in fake to run', jest.fn(phaseOf('Running'))];
    const waiting = waitFor(kube, pods, ref, seen, { timeoutMs: 1_000, what, clock });
    await eventually(() => expect(seen).toHaveBeenCalledTimes(2));
    void clock.advance(1_000);
    await expect(waiting).rejects.toMatchObject({
      exitCode: 124,
      message: 'timed out after 1 s waiting for pod n/p in fake to run',
      details: ['last seen: phase Pending; Ready=False (ContainersNotReady, c is waiting)'],
    });
  });

  test('says after its limit that there was nothing, or what the caller makes of it', async () => {
    const kube = await serve([]);
    const inVain = async (options: Partial<WaitOptions<Pod>>) => {
      const [clock, check] = [fakeClock(), jest.fn(() => undefined)];
      const waiting = waitFor(kube, pods, ref, check, { timeoutMs: 1_000, clock, ...options });
      await eventually(() => expect(check).toHaveBeenCalled());
      void clock.advance(1_000);
      return waiting;
    };
    await expect(inVain({})).rejects.toMatchObject({
      message: 'timed out after 1 s waiting for pods "p" in namespace "n" of fake',
      details: ['last seen: it does not exist'],
    });
    const describe = (object: Pod | undefined) => `nothing: ${object}`;
    await expect(inVain({ describe })).rejects.toMatchObject({
      details: ['last seen: nothing: undefined'],
    });
  });

  test('tells after its limit that the cluster was not there', async () => {
    const kube = await serve([]);
    await server.stop();
    const clock = fakeClock();
    const sleep = jest.spyOn(clock, 'sleep');
    const waiting = waitFor(kube, pods, ref, () => undefined, { timeoutMs: 100, clock });
    // One is the limit; the other is the pause after an attempt that has failed.
    await eventually(() => expect(sleep).toHaveBeenCalledTimes(2));
    void clock.advance(100);
    await expect(waiting).rejects.toMatchObject({
      exitCode: 124,
      details: [expect.stringMatching(/^fake: no answer from .* connection refused$/), expect.any(String)],
    });
  });

  test('rejects at once where it may not look', async () => {
    server = await fakeApiServer((_, response) => sendStatus(response, 403, 'Forbidden', 'no'));
    await expect(
      waitFor(server.kube, pods, ref, () => 1, { timeoutMs: 5_000, clock: fakeClock() }),
    ).rejects.toMatchObject({
      code: 403,
    });
  });

  test("ends with the signal's reason", async () => {
    const kube = await serve([]);
    const [reason, control] = [new Error('enough'), new AbortController()];
    const waiting = waitFor(kube, pods, ref, () => undefined, { timeoutMs: 0, signal: control.signal });
    await watched();
    control.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});

describe('waitGone', () => {
  test('resolves when the object was deleted', async () => {
    const kube = await serve([pod('Running')], ['DELETED', pod('Running')]);
    await waitGone(kube, pods, ref, { timeoutMs: 1_000, clock: fakeClock() });
  });

  test('takes a successor of the same name for gone, where the uid is known', async () => {
    const kube = await serve([pod('Running', { uid: 'u2' })]);
    await waitGone(kube, pods, ref, { timeoutMs: 1_000, uid: 'u1' });
    const clock = fakeClock();
    const waiting = waitGone(kube, pods, ref, { timeoutMs: 50, uid: 'u2', clock });
    await watched();
    void clock.advance(50);
    await expect(waiting).rejects.toMatchObject({ exitCode: 124 });
  });

  test('names the finalizers that hold it', async () => {
    const held = pod('Running', { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a/b', 'c'] });
    const kube = await serve([held]);
    const clock = fakeClock();
    const waiting = waitGone(kube, configMaps, ref, { timeoutMs: 50, clock });
    await watched();
    void clock.advance(50);
    await expect(waiting).rejects.toMatchObject({
      message: 'timed out after 0.05 s waiting for configmaps "p" in namespace "n" of fake to go',
      details: ['last seen: being deleted since 2026-01-01T00:00:00Z, held by finalizers a/b, c'],
    });
  });
});
