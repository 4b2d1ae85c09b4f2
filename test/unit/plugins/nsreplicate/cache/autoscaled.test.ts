import { expect, test } from '@jest/globals';
import { Autoscaled } from '../../../../../plugins/nsreplicate/cache/autoscaled.ts';
import { keyOf, Places } from '../../../../../plugins/nsreplicate/objects/keys.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';

const workload = (namespace: string, name: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace, name },
});

const autoscaler = (namespace: string, target: string, status: object = {}): KubeObject => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { namespace, name: 'scaler' },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target } },
  status,
});

test('the list of one namespace leaves what is known of the others', async () => {
  const autoscaled = new Autoscaled(new Places(new Map()));
  const [inA, inB] = ['a', 'b'].map((namespace) => autoscaled.handler(namespace, () => undefined));
  await inA?.page([autoscaler('a', 'web')], true, true);
  await inB?.page([autoscaler('b', 'web')], true, true);
  expect(['a', 'b'].map((namespace) => autoscaled.has(workload(namespace, 'web')))).toEqual([true, true]);
  await inA?.page([], true, false);
  expect(['a', 'b'].map((namespace) => autoscaled.has(workload(namespace, 'web')))).toEqual([false, true]);
});

test('only what became or ceased to be a target is said, not what an autoscaler sees', async () => {
  const said: string[] = [];
  const autoscaled = new Autoscaled(new Places(new Map()));
  const handler = autoscaled.handler(undefined, (target) => said.push(target));
  await handler.page([autoscaler('a', 'web')], true, true);
  handler.event('MODIFIED', autoscaler('a', 'web', { currentReplicas: 3 }));
  expect(said).toEqual([]);
  handler.event('MODIFIED', autoscaler('a', 'api'));
  handler.event('DELETED', autoscaler('a', 'api'));
  const [web, api] = ['web', 'api'].map((name) => keyOf('Deployment.apps', 'a', name));
  expect(said).toEqual([web, api, api]);
});
