import { describe, expect, test } from '@jest/globals';
import { needsOf } from '../../../../../plugins/nsreplicate/objects/needs.ts';
import { remarkOn } from '../../../../../plugins/nsreplicate/objects/remarks.ts';
import { sanitise } from '../../../../../plugins/nsreplicate/objects/sanitise.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';

const hooks = (managedFields: object[], annotations = {}): KubeObject => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'a', annotations, managedFields },
  webhooks: ['x', 'y'].map((name) => ({ name, clientConfig: { service: { name }, caBundle: 'Y2E=' } })),
});
const wrote = (manager: string, ...fields: string[]) => ({
  manager,
  fieldsV1: {
    'f:webhooks': {
      'k:{"name":"x"}': { 'f:clientConfig': Object.fromEntries(fields.map((field) => [`f:${field}`, {}])) },
    },
  },
});
const bundles = (object: KubeObject) =>
  (sanitise(object).webhooks as { clientConfig: { caBundle?: string } }[]).map(
    ({ clientConfig }) => clientConfig.caBundle,
  );

describe('a certificate bundle', () => {
  test('that an injector wrote is not copied', () => {
    expect(bundles(hooks([wrote('kubectl', 'service'), wrote('injector', 'caBundle')]))).toEqual([
      undefined,
      'Y2E=',
    ]);
  });

  test('that its author wrote is', () => {
    expect(bundles(hooks([wrote('kubectl', 'service', 'caBundle')]))).toEqual(['Y2E=', 'Y2E=']);
  });

  test('that an annotation asks for is not copied, whoever wrote it', () => {
    expect(bundles(hooks([], { 'cert-manager.io/inject-ca-from': 'a/b' }))).toEqual([undefined, undefined]);
  });

  test('of a definition and of an aggregated API server, likewise', () => {
    const clientConfig = { service: {}, caBundle: 'Y2E=' };
    const annotations = { 'service.beta.openshift.io/inject-cabundle': 'true' };
    const metadata = { name: 'a', annotations };
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata,
      spec: { conversion: { webhook: { clientConfig } } },
    };
    const service = {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: {
        name: 'a',
        managedFields: [
          { manager: 'a', fieldsV1: { 'f:spec': { 'f:service': {} } } },
          { manager: 'b', fieldsV1: { 'f:spec': { 'f:caBundle': {} } } },
        ],
      },
      spec: { ...clientConfig },
    };
    for (const object of [crd, service]) expect(JSON.stringify(sanitise(object))).not.toContain('caBundle');
  });
});

describe('a Job', () => {
  const job = (conditions: object[]) => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'a' },
    spec: { ttlSecondsAfterFinished: 5, parallelism: 1 },
    status: { conditions },
  });

  test('is not deleted by its own time', () => {
    expect(sanitise(job([])).spec).toEqual({ parallelism: 1 });
  });

  test('that is finished runs again, which is said', () => {
    expect(remarkOn(job([{ type: 'Complete', status: 'True' }]))).toContain('runs once on each replica');
    expect(remarkOn(job([{ type: 'Suspended', status: 'True' }]))).toBeUndefined();
  });
});

test('a workload needs the Secrets and ConfigMaps that its pods can not start without', () => {
  const spec = {
    volumes: [
      { secret: { secretName: 'token' } },
      { configMap: { name: 'settings', optional: true } },
      { projected: { sources: [{ secret: { name: 'projected' } }, { configMap: { name: 'files' } }] } },
    ],
    initContainers: [{ envFrom: [{ secretRef: { name: 'all' } }] }],
    containers: [
      {
        env: [
          { name: 'A', valueFrom: { secretKeyRef: { name: 'one', key: 'k' } } },
          { name: 'B', valueFrom: { configMapKeyRef: { name: 'maybe', key: 'k', optional: true } } },
        ],
      },
    ],
  };
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'a', namespace: 'n' },
    spec: { template: { spec } },
  };
  expect(needsOf(object).map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`)).toEqual([
    'Secret n/token',
    'Secret n/projected',
    'Secret n/one',
    'Secret n/all',
    'ConfigMap n/files',
  ]);
});
