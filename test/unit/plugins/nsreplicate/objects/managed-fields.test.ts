import { expect, test } from '@jest/globals';
import {
  handedOver,
  hasPath,
  managedFieldsOf,
  pathsOf,
  readable,
  takenOver,
  valueAt,
  without,
} from '../../../../../plugins/nsreplicate/objects/managed-fields.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';

const env = (name: string) => `k:{"name":"${name}"}`;
const web = ['f:spec', 'f:containers', env('web')];
const ghost = [...web, 'f:env', env('GHOST')];

const object = (managedFields: object[] = []): KubeObject => ({
  kind: 'Pod',
  metadata: { name: 'p', finalizers: ['a'], managedFields },
  spec: {
    containers: [
      {
        name: 'web',
        image: 'i',
        env: [{ name: 'A', value: '1' }, { name: 'GHOST' }],
        ports: [{ containerPort: 80, protocol: 'TCP' }],
      },
    ],
    nodeSelector: { by: 'hand' },
  },
});

const byHand = {
  manager: 'kubectl-edit',
  operation: 'Update',
  apiVersion: 'v1',
  fieldsV1: {
    'f:spec': {
      'f:containers': {
        [env('web')]: { 'f:env': { [env('GHOST')]: { '.': {}, 'f:name': {} } }, 'f:image': {} },
      },
      'f:nodeSelector': { '.': {}, 'f:by': {} },
    },
  },
};

test('the fields of a set, items of lists by their keys', () => {
  expect([...pathsOf(byHand.fieldsV1)].map(readable)).toEqual([
    'spec.containers[name=web].env[name=GHOST]',
    'spec.containers[name=web].env[name=GHOST].name',
    'spec.containers[name=web].image',
    'spec.nodeSelector',
    'spec.nodeSelector.by',
  ]);
  expect(hasPath(byHand.fieldsV1, ghost)).toBe(true);
  expect(hasPath(byHand.fieldsV1, web)).toBe(false);
});

test('what an object has there', () => {
  expect(valueAt(object(), ghost)).toEqual({ name: 'GHOST' });
  expect(valueAt(object(), [...web, 'f:env', env('NONE')])).toBeUndefined();
  const port = (keys: object) => valueAt(object(), [...web, 'f:ports', `k:${JSON.stringify(keys)}`]);
  expect(port({ containerPort: 80, protocol: 'TCP' })).toMatchObject({ containerPort: 80 });
  expect(port({ containerPort: 80, protocol: 'UDP' })).toBeUndefined();
  expect(valueAt(object(), ['f:metadata', 'f:finalizers', 'v:"a"'])).toBe('a');
  expect(valueAt(object(), ['f:spec', 'f:constructor'])).toBeUndefined();
});

test('what is taken out takes along what becomes empty by it, and nothing else', () => {
  const rest = without(object(), [ghost, [...ghost, 'f:name'], ['f:spec', 'f:nodeSelector', 'f:by']]);
  expect(rest.spec).toEqual({
    containers: [
      {
        name: 'web',
        image: 'i',
        env: [{ name: 'A', value: '1' }],
        ports: [{ containerPort: 80, protocol: 'TCP' }],
      },
    ],
  });
});

test('fields that are taken over are ours, and nobody else has them any more', () => {
  const applied = {
    manager: 'us',
    operation: 'Apply',
    apiVersion: 'v1',
    fieldsV1: { 'f:spec': { 'f:x': {} } },
  };
  const paths = [
    ghost,
    [...ghost, 'f:name'],
    ['f:spec', 'f:nodeSelector'],
    ['f:spec', 'f:nodeSelector', 'f:by'],
  ];
  const after = takenOver(object([byHand, applied]), paths, { manager: 'us', apiVersion: 'v1' }, 'now');
  const [ours, theirs] = managedFieldsOf(object(after as object[]));
  expect(ours).toMatchObject({ manager: 'us', operation: 'Apply' });
  for (const path of [...paths, ['f:spec', 'f:x']]) expect(hasPath(ours?.fields ?? {}, path)).toBe(true);
  expect(theirs?.fields).toEqual({ 'f:spec': { 'f:containers': { [env('web')]: { 'f:image': {} } } } });
});

test('a manager that has nothing left is gone, and one that applied nothing yet begins', () => {
  const all = [...pathsOf(byHand.fieldsV1)];
  const after = takenOver(object([byHand]), all, { manager: 'us', apiVersion: 'v1' }, 'now');
  expect(managedFieldsOf(object(after as object[]))).toMatchObject([
    { manager: 'us', operation: 'Apply', fields: byHand.fieldsV1 },
  ]);
});

test('a field that is handed over is written by somebody else, with no change of its own', () => {
  const fieldsV1 = { 'f:spec': { 'f:replicas': {}, 'f:paused': {} } };
  const applied = { manager: 'us', operation: 'Apply', apiVersion: 'apps/v1', fieldsV1 };
  const taker = { manager: 'them', apiVersion: 'apps/v1' };
  expect(handedOver(object([applied]), ['f:spec', 'f:replicas'], 'us', taker, 'now')).toMatchObject([
    { manager: 'us', fieldsV1: { 'f:spec': { 'f:paused': {} } } },
    { manager: 'them', operation: 'Update', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
  ]);
});
