import { expect, test } from '@jest/globals';
import { PlaceClaims, type PlaceOwner } from '../../../../../../plugins/devsync/session/pods/place-claims.ts';

const owner = (name: string, minute = 0, mayOverlap = false): PlaceOwner => ({
  uid: `uid of ${name}`,
  name,
  namespace: 'shop',
  createdAt: `2026-01-01T00:0${minute}:00Z`,
  mayOverlap,
});
const place = (...path: string[]) => ({ store: 'claim', path });

test('of those that overlap the one that was made first goes on, whoever comes first, and by name among equals', () => {
  const claims = new PlaceClaims();
  const late = claims.claim(owner('late', 2), place('src'));
  const signal = late.inTheWay;
  expect([late.blocker, signal.aborted]).toEqual([undefined, false]);
  const early = claims.claim(owner('early', 1), place('src', 'lib'));
  expect([late.blocker?.name, signal.aborted, early.blocker]).toEqual(['early', true, undefined]);
  const twin = claims.claim(owner('alpha', 1), place());
  expect([late, early, twin].map(({ blocker }) => blocker?.name)).toEqual(['alpha', 'alpha', undefined]);
  twin.release();
  expect([late.blocker?.name, early.blocker, early.inTheWay.aborted]).toEqual(['early', undefined, false]);
});

test('a sync is not in its own way, nor in that of what lies elsewhere, or may overlap', () => {
  const claims = new PlaceClaims();
  const first = owner('first');
  const all = [
    claims.claim(first, place('src')),
    claims.claim(first, place('src')),
    claims.claim(owner('other', 1), place('srcs')),
    claims.claim(owner('far', 1), { store: 'layer', path: ['src'] }),
    claims.claim(owner('allowed', 1, true), place('src')),
  ];
  expect(all.map(({ blocker }) => blocker)).toEqual(all.map(() => undefined));
});

test('who waits goes on when the last one that is in the way has gone, or the signal says stop', async () => {
  const claims = new PlaceClaims();
  const [one, two] = [claims.claim(owner('a'), place()), claims.claim(owner('b'), place('x'))];
  const late = claims.claim(owner('late', 1), place('x'));
  let isFree = false;
  const waiting = late.free(new AbortController().signal).then(() => {
    isFree = true;
  });
  one.release();
  await Promise.resolve();
  expect([isFree, late.blocker?.name, two.blocker]).toEqual([false, 'b', undefined]);
  two.release();
  await waiting;
  expect([late.blocker, late.inTheWay.aborted]).toEqual([undefined, false]);
  await late.free(new AbortController().signal);

  claims.claim(owner('a'), place());
  const stop = new AbortController();
  const stopped = late.free(stop.signal);
  stop.abort();
  await stopped;
  expect(late.blocker?.name).toBe('a');
});
