import { expect, test } from '@jest/globals';
import { Reachability } from '../../../../../plugins/nsreplicate/clusters/reachability.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { sides } from '../../../support/replication.ts';

/** A cluster that has just been lost, and answers questions with these failures first. */
function lost(...failures: Error[]) {
  const { from } = sides();
  const [clock, ended] = [fakeClock(), new AbortController()];
  const heard: boolean[] = [];
  let asked = 0;
  from.answers.set('/version', () => {
    asked += 1;
    const failure = failures.shift();
    if (failure) throw failure;
    return {};
  });
  const reachability: Reachability = new Reachability({
    kube: from,
    clock,
    signal: ended.signal,
    changed: () => heard.push(reachability.away === undefined),
  });
  reachability.lost(new UnreachableError('gone'));
  return { reachability, clock, ended, heard, asked: () => asked };
}

test('a cluster that went away is asked until it answers', async () => {
  const { reachability, clock, heard, asked } = lost(
    new UnreachableError('gone'),
    new UnreachableError('gone'),
  );
  expect(reachability.away).toMatchObject({ message: 'gone' });
  await clock.advance(200);
  expect(asked()).toBe(0);
  await clock.advance(10_000);
  expect(asked()).toBe(3);
  expect(heard).toEqual([false, true]);
});

test('one that refuses has answered', async () => {
  const { clock, heard, asked } = lost(apiError(403, 'not allowed', 'Forbidden'));
  await clock.advance(10_000);
  expect([asked(), heard]).toEqual([1, [false, true]]);
});

test('one that has answered something else meanwhile is not asked again', async () => {
  const { reachability, clock, heard, asked } = lost();
  reachability.found();
  await clock.advance(10_000);
  expect([asked(), heard]).toEqual([0, [false, true]]);
});

test('nothing is asked after the signal', async () => {
  const { clock, ended, heard, asked } = lost();
  ended.abort(new Error('ended'));
  await clock.advance(10_000);
  expect([asked(), heard]).toEqual([0, [false]]);
});
