import { expect, test } from '@jest/globals';
import { checkMap, coverageOf, displaced } from '../../../../../plugins/nsreplicate/decide/spec.ts';

const all = { include: [], exclude: [], selector: [], sensitive: false };

test('a namespace under whose name another one is put is not copied, and that is said', () => {
  const map = new Map([['prod', 'staging']]);
  // Whether there is such a namespace, only the primary knows.
  checkMap(map, all);
  const covers = coverageOf({ namespaces: all, map });
  expect(['prod', 'staging', 'shop'].filter((name) => covers(name))).toEqual(['prod', 'shop']);
  expect(displaced({ map }, ['prod', 'staging', 'shop'])).toEqual([
    'namespace staging is not copied: --map puts prod under that name',
  ]);
});

test('a namespace is put into one of the cluster itself only where that is allowed', () => {
  const map = new Map([['prod', 'kube-system']]);
  expect(() => checkMap(map, all)).toThrow('--map puts prod into kube-system');
  checkMap(map, { ...all, sensitive: true });
});

test('a namespace is never put into the one in which tasks keep their state', () => {
  const map = new Map([['prod', 'x8s-nsreplicate']]);
  for (const sensitive of [false, true])
    expect(() => checkMap(map, { ...all, sensitive })).toThrow('--map puts prod into x8s-nsreplicate');
});

test('namespaces that change places, or keep their own, are all copied', () => {
  const map = new Map([
    ['a', 'b'],
    ['b', 'a'],
    ['c', 'c'],
  ]);
  const covers = coverageOf({ namespaces: { ...all, include: ['?'] }, map });
  expect(['a', 'b', 'c'].every((name) => covers(name))).toBe(true);
  expect(displaced({ map }, ['a', 'b', 'c'])).toEqual([]);
});
