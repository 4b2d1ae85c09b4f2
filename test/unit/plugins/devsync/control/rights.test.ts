import { expect, test } from '@jest/globals';
import { rightsFor, rightsOfRules } from '../../../../../plugins/devsync/control/rights.ts';
import { parseReloadRule } from '../../../../../plugins/devsync/spec/reload-spec.ts';
import { rbacManifest } from '../../../../../src/kube/cluster/access.ts';

const rolesFor = (...given: Parameters<typeof rightsFor>) =>
  rbacManifest(rightsFor(...given), 'devsync').map(({ metadata, rules }) => [
    metadata.namespace,
    rules.map(({ resources, verbs, resourceNames = [] }) =>
      [...resources, ...resourceNames, ':', ...verbs].join(' '),
    ),
  ]);

test('agents of nodes take a token of one account, and their port in their own namespace; no exec', () => {
  expect(rolesFor('shop', 'node-agent')).toEqual([
    [
      'shop',
      [
        'configmaps : create delete get list update watch',
        'pods : get list watch',
        'serviceaccounts/token devsync-node-agent-client : create',
      ],
    ],
    ['x8s-devsync', ['pods : list', 'pods/portforward : create get']],
  ]);
});

test('reload rules bring the rights that they need', () => {
  const rules = ['a=exec:true', 'b=rollout', 'c=restart', 'd=signal:HUP'].map(parseReloadRule);
  expect(rightsOfRules(rules)).toEqual(['rollout', 'exec']);
  expect(rolesFor('shop', 'exec', ['exec'])).toEqual(rolesFor('shop', 'exec'));
  const [[, rolling]] = rolesFor('shop', 'exec', ['rollout']) as [[string, string[]]];
  expect(rolling).toContain('deployments statefulsets daemonsets : patch');
});
