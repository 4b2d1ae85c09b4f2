/** A line that is silent is given up where the cluster is silent as well, and not where an agent is busy. */
import { expect, test } from '@jest/globals';
import { guardLine } from '../../../../../../plugins/devsync/session/runner/line-guard.ts';
import { UnreachableError } from '../../../../../../src/errors.ts';
import type { KubeClient } from '../../../../../../src/kube/api/client.ts';

/** A cluster that answers so often, and again from a certain question on; and a clock that does not wait. */
function world(answersLeft: number, from = Number.POSITIVE_INFINITY) {
  const lost: string[] = [];
  let [asked, slept] = [0, 0];
  const stop = new AbortController();
  const fakeKube = {
    cluster: { context: 'dev', server: 'https://dev' },
    transport: { loseConnections: (why: string) => lost.push(why) },
    request: async () => {
      asked += 1;
      if (asked > answersLeft && asked < from) throw new UnreachableError('no answer');
    },
  } as unknown as KubeClient;
  const clock = {
    now: () => new Date(0),
    monotonic: () => 0,
    sleep: async (_: number, signal?: AbortSignal) => {
      slept += 1;
      if (slept > 100) stop.abort(new Error('stopped'));
      signal?.throwIfAborted();
    },
  };
  return { options: { kube: fakeKube, clock, signal: stop.signal }, lost, asked: () => asked };
}

test('the cluster is not asked while the agent is heard', async () => {
  const { options, asked, lost } = world(0);
  await expect(guardLine({ silentMs: 5_500 }, options)).rejects.toThrow('stopped');
  expect([asked(), lost]).toEqual([0, []]);
});

test('a silent agent is given time as long as the cluster answers', async () => {
  const { options, asked, lost } = world(3);
  await expect(guardLine({ silentMs: 9_000 }, options)).rejects.toThrow('dev: no answer from https://dev');
  // It is asked three times before that is believed.
  expect([asked(), lost]).toEqual([6, ['dev does not answer']]);
});

test('where the cluster answers again after the network was away, a line that stays silent is given up for a new one', async () => {
  const { options, asked, lost } = world(0, 2);
  await expect(guardLine({ silentMs: 9_000 }, options)).rejects.toThrow(
    'dev: https://dev answers again, and the line to the agent does not',
  );
  expect([asked(), lost]).toEqual([2, ['dev does not answer']]);
});

test('a line on which something is heard by then is kept', async () => {
  const { options, lost } = world(0, 2);
  const silences = [9_000, 100];
  const connection = {
    get silentMs() {
      return silences.shift() ?? 100;
    },
  };
  await expect(guardLine(connection, options)).rejects.toThrow('stopped');
  expect(lost).toEqual([]);
});
