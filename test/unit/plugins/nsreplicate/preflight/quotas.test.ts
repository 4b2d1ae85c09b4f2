import { describe, expect, test } from '@jest/globals';
import { exceeded, isScoped, sumOf, usageOf } from '../../../../../plugins/nsreplicate/preflight/quotas.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';
import {
  configMaps,
  deployments,
  persistentVolumeClaims,
  type Resource,
  services,
  statefulSets,
} from '../../../../../src/kube/api/resources.ts';

const object = (resource: Resource, spec: object): KubeObject => ({
  apiVersion: resource.group === '' ? 'v1' : `${resource.group}/v1`,
  kind: resource.kind,
  metadata: { name: 'x', namespace: 'shop' },
  spec,
});
const usage = (resource: Resource, spec: object = {}) =>
  Object.fromEntries(usageOf(object(resource, spec), resource));
const claim = (storage: string, storageClassName?: string) => ({
  spec: { resources: { requests: { storage } }, ...(storageClassName && { storageClassName }) },
});
const pod = (...resources: object[]) => ({
  template: { spec: { containers: resources.map((one) => ({ resources: one })) } },
});

describe('what an object counts', () => {
  test('itself, by both of its names', () => {
    expect(usage(configMaps)).toEqual({ 'count/configmaps': 1000n, configmaps: 1000n });
    expect(usage(deployments, { replicas: 0 })).toEqual({ 'count/deployments.apps': 1000n });
  });

  test('a claim its storage, by its class too', () => {
    expect(usage(persistentVolumeClaims, claim('2Gi', 'fast').spec)).toMatchObject({
      'requests.storage': 2n * 1024n ** 3n * 1000n,
      'fast.storageclass.storage.k8s.io/persistentvolumeclaims': 1000n,
      persistentvolumeclaims: 1000n,
    });
  });

  test('a workload the pods that its controller makes, and what they ask for together', () => {
    const found = usage(deployments, {
      replicas: 3,
      ...pod({ requests: { cpu: '250m', memory: '64Mi' } }, { limits: { cpu: '0.5' } }),
    });
    expect(found).toMatchObject({ pods: 3000n, 'requests.cpu': 2250n, cpu: 2250n, 'limits.cpu': 1500n });
    expect(found['requests.memory']).toBe(3n * 64n * 1024n ** 2n * 1000n);
  });

  test('a StatefulSet its claims, one a pod', () => {
    const found = usage(statefulSets, { replicas: 2, volumeClaimTemplates: [claim('1Gi')], ...pod({}) });
    expect(found).toMatchObject({
      persistentvolumeclaims: 2000n,
      'requests.storage': 2n * 1024n ** 3n * 1000n,
    });
  });

  test('a Service its ports on nodes', () => {
    const found = usage(services, { type: 'LoadBalancer', ports: [{ port: 80 }, { port: 443 }] });
    expect(found).toMatchObject({ 'services.loadbalancers': 1000n, 'services.nodeports': 2000n });
  });
});

describe('quotas', () => {
  const quota = (hard: object, used: object = {}) =>
    ({ metadata: { name: 'q' }, spec: { hard }, status: { hard, used } }) as unknown as KubeObject;
  const two = sumOf([
    usageOf(object(configMaps, {}), configMaps),
    usageOf(object(configMaps, {}), configMaps),
  ]);

  test('are exceeded by what is used and what comes together', () => {
    expect(exceeded(quota({ configmaps: '10' }, { configmaps: '8' }), two)).toEqual([]);
    expect(exceeded(quota({ configmaps: '10' }, { configmaps: '9' }), two)).toEqual([
      'configmaps: 9 used and 2 more, of 10',
    ]);
    expect(exceeded(quota({ 'count/configmaps': '1' }), two)).toHaveLength(1);
  });

  test('of which nothing more comes are not, even where more is used than allowed', () => {
    expect(exceeded(quota({ secrets: '1' }, { secrets: '5' }), two)).toEqual([]);
  });

  test('are told in units that people use', () => {
    const claims = sumOf([
      usageOf(object(persistentVolumeClaims, claim('3Gi').spec), persistentVolumeClaims),
    ]);
    expect(exceeded(quota({ 'requests.storage': '2Gi' }, { 'requests.storage': '0' }), claims)).toEqual([
      'requests.storage: 0 used and 3Gi more, of 2Gi',
    ]);
    const cpu = sumOf([usageOf(object(deployments, pod({ requests: { cpu: '1500m' } })), deployments)]);
    expect(exceeded(quota({ 'requests.cpu': '1' }), cpu)).toEqual([
      'requests.cpu: 0 used and 1500m more, of 1',
    ]);
  });

  test('that count some pods only are known as such', () => {
    expect(isScoped({ metadata: { name: 'q' }, spec: { scopes: ['BestEffort'] } })).toBe(true);
    expect(isScoped({ metadata: { name: 'q' }, spec: {} })).toBe(false);
  });
});
