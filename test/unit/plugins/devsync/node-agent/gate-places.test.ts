/** Gates at a time: nobody takes those of all others. */
import { expect, test } from '@jest/globals';
import { SessionRefused } from '../../../../../plugins/devsync/node-agent/authorize.ts';
import { GatePlaces, mostOfPod, mostOfUser } from '../../../../../plugins/devsync/node-agent/gate-places.ts';

function take(places: GatePlaces, user: string, pod: string, times: number): Array<() => void> {
  return Array.from({ length: times }, () => places.take(user, pod));
}

function refusalOf(places: GatePlaces, user: string, pod: string): string {
  try {
    places.take(user, pod);
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(SessionRefused);
    expect((error as SessionRefused).reason).toBe('Busy');
    return (error as SessionRefused).message;
  }
}

test('a pod has a few, whoever asks, and other pods have theirs', () => {
  const places = new GatePlaces('node-1');
  const [first] = take(places, 'alice', 'one', mostOfPod);
  expect(refusalOf(places, 'alice', 'one')).toBe(
    `the agent of node node-1 has ${mostOfPod} gates for that pod already`,
  );
  expect(refusalOf(places, 'bob', 'one')).toMatch(/for that pod already/);
  expect(refusalOf(places, 'alice', 'two')).toBe('');
  first?.();
  expect(refusalOf(places, 'bob', 'one')).toBe('');
});

test('a user has no more than their share, and leaves the others theirs', () => {
  const places = new GatePlaces('node-1');
  const taken = Array.from({ length: mostOfUser }, (_, pod) => places.take('alice', `pod-${pod}`));
  expect(refusalOf(places, 'alice', 'more')).toBe(
    `the agent of node node-1 has ${mostOfUser} gates for alice already`,
  );
  expect(refusalOf(places, 'bob', 'more')).toBe('');
  taken[0]?.();
  expect(refusalOf(places, 'alice', 'more')).toBe('');
});

test('a place that was given back twice is one place, and a refusal takes none', () => {
  const places = new GatePlaces('node-1');
  const [first] = take(places, 'alice', 'one', mostOfPod);
  for (let time = 0; time < 3; time++) expect(refusalOf(places, 'alice', 'one')).not.toBe('');
  first?.();
  first?.();
  expect(refusalOf(places, 'alice', 'one')).toBe('');
  expect(refusalOf(places, 'alice', 'one')).not.toBe('');
});
