import { expect, test } from '@jest/globals';
import { AppliedResults, RESULT_SHARDS } from '../../../../../plugins/nsreplicate/cache/applied-results.ts';
import { keyOf } from '../../../../../plugins/nsreplicate/objects/keys.ts';
import { firstOf, isThorough } from '../../../../support/thoroughness.ts';

const key = (index: number) => keyOf('ConfigMap', 'shop', `object-${index}`);
const made = (index: number) => ({ applied: `d1:applied-${index}`, live: `d1:live-${index}` });

/** The documents that are due. */
function taken(settlements: AppliedResults): Map<number, string> {
  const texts = new Map<number, string>();
  for (let one = settlements.takeDirty(); one; one = settlements.takeDirty()) texts.set(one.shard, one.text);
  return texts;
}

/** Of how many objects it is known what a replica made of them. */
function known(settlements: AppliedResults, replica: string, count: number): number {
  const on = settlements.on(replica);
  const all = Array.from({ length: count }, (_, index) =>
    on.find(key(index), made(index).applied, made(index).live),
  );
  return all.filter((one) => one !== undefined).length;
}

test.each(
  firstOf([
    ['401 objects of one replica', 1, 401],
    ['15,000 of each of three', 3, 15_000],
  ] as const),
)('%s are all known to the next run, in small documents', (_, replicas, count) => {
  const settlements = new AppliedResults();
  const names = Array.from({ length: replicas }, (_, index) => `replica-${index}`);
  for (const name of names)
    for (let index = 0; index < count; index++) settlements.on(name).set(key(index), made(index));
  const texts = [...taken(settlements).values()];
  expect(texts.length).toBeLessThanOrEqual(RESULT_SHARDS);
  for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(64 * 1024);
  const next = new AppliedResults(texts);
  expect(names.map((name) => known(next, name, count))).toEqual(names.map(() => count));
  // Nothing changed: nothing is written.
  for (const name of names) next.on(name).set(key(7), made(7));
  expect(taken(next).size).toBe(0);
});

if (isThorough)
  test('what there is no room for is forgotten by the next run only, the oldest first, and little of one replica makes room for another', () => {
    const settlements = new AppliedResults();
    const [many, few] = [settlements.on('many'), settlements.on('few')];
    for (let index = 0; index < 80_000; index++) many.set(key(index), made(index));
    for (let index = 0; index < 100; index++) few.set(key(index), made(index));
    expect(known(settlements, 'many', 80_000)).toBe(80_000);
    const texts = [...taken(settlements).values()];
    for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(64 * 1024);
    const next = new AppliedResults(texts);
    expect(known(next, 'few', 100)).toBe(100);
    expect(known(next, 'many', 80_000)).toBeGreaterThan(50_000);
    expect(next.on('many').find(key(79_999), made(79_999).applied, made(79_999).live)).toBeDefined();
    expect(next.on('many').find(key(0), made(0).applied, made(0).live)).toBeUndefined();
  });

test('only the very content counts, and whether others have keys in it', () => {
  const on = new AppliedResults().on('r');
  on.set(key(1), { ...made(1), foreign: ['data.theirs'] });
  on.set(key(2), made(2));
  expect([on.size, on.foreign]).toEqual([2, 1]);
  expect(on.find(key(1), made(1).applied, made(1).live)).toEqual({ foreign: true });
  expect(on.find(key(2), made(2).applied, made(2).live)).toEqual({ foreign: false });
  expect(on.find(key(2), made(2).applied, 'd1:edited')).toBeUndefined();
  expect(on.find(key(2), 'd1:newer', made(2).live)).toBeUndefined();
  expect(on.find(key(2), made(2).applied, undefined)).toBeUndefined();
  expect([on.delete(key(1)), on.delete(key(1)), on.size, on.foreign]).toEqual([true, false, 1, 0]);
});

test('a document that could not be written comes again; one that can not be read is as if it were not there', () => {
  const settlements = new AppliedResults(['not json', '{"r":7}']);
  settlements.on('r').set(key(1), made(1));
  const one = settlements.takeDirty();
  expect(settlements.takeDirty()).toBeUndefined();
  settlements.putBack(one?.shard ?? -1);
  expect(settlements.takeDirty()).toEqual(one);
});
