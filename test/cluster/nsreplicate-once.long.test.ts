/** `--once` that prunes: many deletions at once, and namespaces. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { namespaces } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await Pair.open('once');
});
afterAll(() => pair.close());

test('too many deletions that are known at once are not begun', async () => {
  const name = (index: number) => `many-${index}`;
  const many = Array.from({ length: 30 }, (_, index) => configMap(name(index), { a: '1' }));
  await pair.put(pair.from, ...many);
  await pair.copy();
  await Promise.all(many.slice(0, 25).map((one) => pair.delete(pair.from, 'configmaps', one.metadata.name)));
  const before = await pair.versions();
  expect(await pair.once('--prune')).toMatchObject({ code: 5 });
  expect(await pair.versions()).toEqual(before);
  await pair.ask('approve');
  await pair.copy('--prune');
  await pair.equal();
});

test('a namespace that is gone stays without --prune-namespaces, and goes with it', async () => {
  const other = await pair.addNamespace('leaving');
  const scope = ['--sync-namespaces', other];
  await pair.copy(...scope);
  await pair.from.delete(namespaces, { name: other });
  const gone = () => pair.from.find(namespaces, { name: other });
  await eventually(async () => expect(await gone()).toBeUndefined());
  await pair.copy(...scope, '--prune');
  expect((await pair.to.get(namespaces, { name: other })).metadata.deletionTimestamp).toBeUndefined();
  await pair.copy(...scope, '--prune', '--prune-namespaces');
  const left = await pair.to.find(namespaces, { name: other });
  expect(left === undefined || left.metadata.deletionTimestamp !== undefined).toBe(true);
});
