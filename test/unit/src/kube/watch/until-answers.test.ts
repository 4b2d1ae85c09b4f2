/** What is tried again at once when a cluster that did not answer does. */
import { expect, test } from '@jest/globals';
import { systemClock } from '../../../../../src/clock.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import { ApiError } from '../../../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../../../src/kube/api/client.ts';
import { acrossOutages, answers } from '../../../../../src/kube/watch/until-answers.ts';

const hasty = { ...systemClock, sleep: async () => {} };
const signal = new AbortController().signal;

/** A cluster whose answers to `/version` come from a list, one after the other. */
const fakeKube = (...results: (Error | undefined)[]) =>
  ({
    request: async () => {
      const result = results.shift();
      if (result) throw result;
    },
  }) as unknown as KubeClient;

test('an attempt that an outage ended is made again once the cluster answers, and no other one', async () => {
  const kube = fakeKube(new UnreachableError('still away'), new UnreachableError('still away'), undefined);
  const heard: string[] = [];
  let attempts = 0;
  const attempt = async () => {
    attempts += 1;
    if (attempts === 1) throw new UnreachableError('away');
    throw new Error('refused');
  };
  const failed = ({ message }: Error) => void heard.push(message);
  await expect(acrossOutages(kube, attempt, { clock: hasty, signal, failed })).rejects.toThrow('refused');
  expect([attempts, heard]).toEqual([2, ['away']]);
});

test('a refusal is an answer', async () => {
  expect(await answers(fakeKube(new ApiError(403, undefined, 'no')), { signal })).toBe(true);
  expect(await answers(fakeKube(new UnreachableError('away')), { signal })).toBe(false);
});
