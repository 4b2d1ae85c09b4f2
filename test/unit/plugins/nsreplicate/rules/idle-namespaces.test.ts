/** A mistyped namespace is no success. */
import { expect, test } from '@jest/globals';
import { idleMapping, idleNamespaces } from '../../../../../plugins/nsreplicate/rules/idle-namespaces.ts';
import { ruleFor } from '../../../../../plugins/nsreplicate/rules/rule.ts';

const said = (include: string[], inRule: string[] = []) =>
  idleNamespaces(
    {
      namespaces: { include, exclude: [], selector: [], sensitive: false },
      rules: [{ ...ruleFor('', 'ConfigMap'), namespaces: inRule }],
    },
    { primary: 'prod', names: ['shop', 'team-a', 'kube-system'], covers: (name) => !name.startsWith('kube') },
  );

test('names and globs of the task', () => {
  expect(said(['shop', 'team-*'])).toEqual([]);
  expect(said(['shpo', 'tem-*'])).toEqual([
    'namespace shpo is not on prod',
    'no namespace of prod is called "tem-*"',
  ]);
});

test('names and globs of a rule, once where the task names the same', () => {
  expect(said([], ['shop', 'team-?'])).toEqual([]);
  expect(said(['shop', 'gone'], ['gone', 'tem-*', 'kube-*'])).toEqual([
    'namespace gone is not on prod',
    'a rule for ConfigMap: no namespace of the task on prod is called "tem-*"',
    'a rule for ConfigMap: no namespace of the task on prod is called "kube-*"',
  ]);
});

test('what a map names, with its place', () => {
  const present = { primary: 'prod', names: ['shop', 'other'], covers: (name: string) => name === 'shop' };
  const map = new Map([
    ['shop', 'shop-b'],
    ['shpo', 'x'],
    ['other', 'y'],
  ]);
  expect(idleMapping({ map, mapPlaces: new Map([['shpo', '--map shpo=x']]) }, present)).toEqual([
    '--map shpo=x: no namespace of the task on prod is called "shpo", so nothing goes into x',
    'map: no namespace of the task on prod is called "other", so nothing goes into y',
  ]);
});
