import { describe, expect, test } from '@jest/globals';
import { ruleFor, wholeObject } from '../../../../../plugins/nsreplicate/rules/rule.ts';
import {
  compileRule,
  literalNamespaces,
  namespaceMatcher,
  refusedNamespaces,
  ruleOf,
} from '../../../../../plugins/nsreplicate/rules/scope.ts';
import { parseSelector } from '../../../../../plugins/nsreplicate/rules/selector.ts';

const scope = {
  include: [] as string[],
  exclude: [] as string[],
  selector: parseSelector(''),
  sensitive: false,
};

describe('namespaces of a task', () => {
  test.each([
    [scope, 'prod', true],
    [scope, 'kube-system', false],
    [scope, 'kubeflow', false],
    [{ ...scope, sensitive: true }, 'kube-system', true],
    [{ ...scope, include: ['kube-*'] }, 'kube-public', false],
    [{ ...scope, include: ['a', 'b-*'] }, 'b-1', true],
    [{ ...scope, include: ['a', 'b-*'] }, 'c', false],
    [{ ...scope, include: ['b-*'], exclude: ['b-1'] }, 'b-1', false],
  ])('%j covers %s: %s', (given, name, expected) => {
    expect(namespaceMatcher(given)(name)).toBe(expected);
  });

  test('by label', () => {
    const covers = namespaceMatcher({ ...scope, selector: parseSelector('dr=yes') });
    expect(covers('a', { dr: 'yes' })).toBe(true);
    expect(covers('a', {})).toBe(false);
  });

  test('names are known without a look at the cluster, unless globs or labels decide', () => {
    expect(literalNamespaces({ ...scope, include: ['a', 'b'] })).toEqual(['a', 'b']);
    expect(literalNamespaces({ ...scope, include: ['a', 'b*'] })).toBeUndefined();
    expect(literalNamespaces({ ...scope, include: ['a'], selector: parseSelector('x') })).toBeUndefined();
    expect(literalNamespaces(scope)).toBeUndefined();
    expect(refusedNamespaces({ ...scope, include: ['a', 'kube-system'] })).toEqual(['kube-system']);
  });
});

describe('rules', () => {
  const deployment = { group: 'apps', version: 'v1', kind: 'Deployment' };

  test('the first that covers the object decides', () => {
    const statusOnly = {
      ...ruleFor('apps', 'Deployment'),
      namespaces: ['a'],
      carry: { what: 'status' as const },
    };
    const rules = [statusOnly, ruleFor('apps', '*')].map(compileRule);
    expect(ruleOf(rules, deployment, 'a')?.carry).toEqual({ what: 'status' });
    expect(ruleOf(rules, deployment, 'b')?.carry).toEqual(wholeObject);
    expect(ruleOf(rules, { ...deployment, group: '' }, 'b')).toBeUndefined();
  });

  test('the core group is empty, and no glob but * means it', () => {
    const core = compileRule(ruleFor('', 'ConfigMap'));
    expect(core.coversKind({ group: '', version: 'v1', kind: 'ConfigMap' })).toBe(true);
    expect(core.coversKind({ group: 'example.com', version: 'v1', kind: 'ConfigMap' })).toBe(false);
    expect(compileRule(ruleFor('*', '*')).coversKind({ group: '', version: 'v1', kind: 'Secret' })).toBe(
      true,
    );
  });

  test('cluster-scoped objects have no namespace that could exclude them', () => {
    const rule = compileRule({ ...ruleFor('', 'X'), namespaces: ['a'], selector: parseSelector('k=v') });
    expect(rule.coversObject(undefined, { k: 'v' })).toBe(true);
    expect(rule.coversObject(undefined, {})).toBe(false);
    expect(rule.coversObject('b', { k: 'v' })).toBe(false);
  });
});
