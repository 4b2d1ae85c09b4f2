import { expect, test } from '@jest/globals';
import type { TaskSpec } from '../../../../../plugins/nsreplicate/decide/spec.ts';
import { parseSelector } from '../../../../../plugins/nsreplicate/rules/selector.ts';
import { CoveredNamespaces } from '../../../../../plugins/nsreplicate/task/covered-namespaces.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';

const spec = (selector: string) =>
  ({
    map: new Map(),
    namespaces: { include: [], exclude: [], selector: parseSelector(selector), sensitive: false },
  }) as unknown as TaskSpec;
const namespace = (name: string, labels?: Record<string, string>) =>
  ({ metadata: { name, labels } }) as KubeObject;

test('a namespace becomes covered by its labels once', () => {
  const namespaces = new CoveredNamespaces(spec('copied=yes'));
  expect(namespaces.note(namespace('shop'))).toBe(false);
  expect(namespaces.note(namespace('shop', { copied: 'yes' }))).toBe(true);
  expect(namespaces.note(namespace('shop', { copied: 'yes', more: 'x' }))).toBe(false);
  expect(namespaces.note(namespace('shop', { copied: 'no' }))).toBe(false);
  expect(namespaces.labels.get('shop')).toEqual({ copied: 'no' });
});

test('labels decide nothing where none are asked for', () => {
  const namespaces = new CoveredNamespaces(spec(''));
  expect(namespaces.note(namespace('shop', { copied: 'yes' }))).toBe(false);
  expect(namespaces.labels.get('shop')).toEqual({ copied: 'yes' });
});
