/** A line that is silent is given up where the cluster is silent as well, and not where an agent is busy. */
import { expect, test } from '@jest/globals';
import { guardLine } from '../../../../../../plugins/devsync/session/runner/line-guard.ts';
import { UnreachableError } from '../../../../../../src/errors.ts';
import type { KubeClient } from '../../../../../../src/kube/api/client.ts';

/** A cluster that answers so often, and a clock that does not wait. */
function world(answersLeft: number) {
  const lost: string[] = [];
  let [asked, slept] = [0, 0];
  const stop = new AbortController();
  const fakeKube = {
    cluster: { context: 'dev', server: 'https://dev' },
    transport: { loseConnections: (why: string) => lost.push(why) },
    request: async () => {
      asked += 1;
      if (asked > answersLeft) throw new UnreachableError('no answer');
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
  expect([asked(), lost]).toEqual([4, ['dev does not answer']]);
});
