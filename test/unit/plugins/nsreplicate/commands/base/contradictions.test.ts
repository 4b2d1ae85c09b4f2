import { expect, test } from '@jest/globals';
import {
  checkContradictions,
  checkNamespaceFlag,
} from '../../../../../../plugins/nsreplicate/commands/base/contradictions.ts';
import { checkServiceFlags } from '../../../../../../plugins/nsreplicate/commands/base/service.ts';

const blank = {
  prune: undefined,
  pruneClaims: false,
  pruneNamespaces: false,
  pruneCrds: false,
  drift: 'fix',
  exact: false,
  map: [],
} as const;
const service = { listen: undefined, tlsCert: undefined, tlsKey: undefined, insecureListen: false } as const;

test.each([
  [{ prune: false, pruneClaims: true }, '--prune-claims asks for more'],
  [{ prune: false, pruneNamespaces: true, pruneCrds: true }, '--prune-namespaces and --prune-crds'],
  [{ drift: 'report', exact: true }, '--drift report'],
  [{ map: ['a=b', 'c=d', 'a=c'] }, 'a=b and a=c put one namespace in two places'],
] as const)('%j is refused', (flags, said) => {
  expect(() => checkContradictions({ ...blank, ...flags })).toThrow(said);
});

test.each([
  { pruneClaims: true },
  { prune: true, pruneClaims: true },
  { drift: 'report' },
  { exact: true },
  { map: ['a=b', 'a=b', 'c=b'] },
] as const)('%j is not', (flags) => {
  expect(() => checkContradictions({ ...blank, ...flags })).not.toThrow();
});

test('a namespace that says nothing is refused', () => {
  expect(() => checkNamespaceFlag('shop')).toThrow('-n shop does not say what is copied');
  for (const none of [undefined, '']) expect(() => checkNamespaceFlag(none)).not.toThrow();
});

test('who may read metrics is a question of a service', () => {
  expect(() => checkServiceFlags({ ...service, metricsAuth: 'none' })).toThrow('--listen HOST:PORT');
  expect(() => checkServiceFlags({ ...service, metricsAuth: 'token' })).not.toThrow();
  expect(() => checkServiceFlags({ ...service, listen: ':1', metricsAuth: 'none' })).not.toThrow();
});
