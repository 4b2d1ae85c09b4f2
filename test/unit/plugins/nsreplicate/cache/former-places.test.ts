/** Where copies may be left once namespaces of the primary lead elsewhere. */
import { describe, expect, test } from '@jest/globals';
import { formerPlaces } from '../../../../../plugins/nsreplicate/cache/former-places.ts';
import { formerPlace, isFormerPlace, Places } from '../../../../../plugins/nsreplicate/objects/keys.ts';

const covered = { ConfigMap: ['shop'], Secret: ['shop', 'bank'] };
const onlyShop = (namespace: string) => namespace === 'shop';

describe('former places', () => {
  test.each<[string, Record<string, string> | undefined, Record<string, string>, string[]]>([
    ['where a namespace led before', { shop: 'one' }, { shop: 'two' }, ['one']],
    ['where it had its own name before', {}, { shop: 'two' }, ['shop']],
    ['none where nothing was covered before', {}, { other: 'two' }, []],
    ['where it led before, and has its own name now', { shop: 'one' }, {}, ['one']],
    ['none where the map is the same', { shop: 'one' }, { shop: 'one' }, []],
    [
      'but for one that another namespace leads to now',
      { shop: 'one' },
      { shop: 'two', bank: 'one' },
      ['bank'],
    ],
    ['none where earlier runs did not say what the map was', undefined, { shop: 'two' }, []],
  ])('%s', (_, before, now, places) => {
    const earlier = { covered, map: before, former: [] };
    expect(formerPlaces(earlier, new Map(Object.entries(now)), onlyShop)).toEqual(places);
  });

  test('a task that covered the whole cluster covered each namespace', () => {
    const earlier = { covered: { ConfigMap: [''] }, map: {}, former: [] };
    expect(formerPlaces(earlier, new Map([['shop', 'two']]), onlyShop)).toEqual(['shop']);
  });

  test('those of earlier runs stay, but for one that is covered under its own name now', () => {
    const earlier = { covered, map: { shop: 'two' }, former: ['zero', 'one'] };
    const covers = (namespace: string) => ['shop', 'one'].includes(namespace);
    expect(formerPlaces(earlier, new Map([['shop', 'two']]), covers)).toEqual(['zero']);
  });
});

test('copies in a former place have keys of their own, which lead back to them', () => {
  const places = new Places(new Map([['shop', 'two']]), ['shop', 'one']);
  const copyIn = (namespace: string) =>
    places.ofCopy('ConfigMap', { metadata: { name: 'c', namespace } }) ?? '';
  expect(copyIn('two')).toBe('ConfigMap|shop|c');
  for (const there of ['shop', 'one']) {
    expect(copyIn(there)).toBe(`ConfigMap|${formerPlace(there)}|c`);
    expect(places.onReplica(copyIn(there))).toEqual({ namespace: there, name: 'c' });
    const itself = places.ofCopy('Namespace', { metadata: { name: there } }) ?? '';
    expect(places.onReplica(itself)).toEqual({ namespace: undefined, name: there });
  }
  expect(places.namespaceOnReplica(formerPlace('one'))).toBe('one');
  expect([isFormerPlace('one'), isFormerPlace(formerPlace('one'))]).toEqual([false, true]);
});
