import { describe, expect, test } from '@jest/globals';
import type { Draft } from '../../../../../plugins/nsreplicate/objects/draft.ts';
import {
  emptyMaps,
  filledIn,
  lostIn,
  putBack,
  take,
} from '../../../../../plugins/nsreplicate/objects/empty-maps.ts';
import {
  otherAppliers,
  replacement,
  replacementPatch,
} from '../../../../../plugins/nsreplicate/objects/replacement.ts';
import { hasTwins, isWrittenInOtherVersion } from '../../../../../plugins/nsreplicate/objects/unappliable.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';

describe('empty maps', () => {
  const wanted = { spec: { a: {}, list: [{ b: {} }, {}], c: { d: 1 } } };
  const paths = emptyMaps(wanted);

  test('are found in maps, and in lists of maps', () => {
    expect(paths).toEqual([
      ['spec', 'a'],
      ['spec', 'list', 0, 'b'],
    ]);
  });

  test('are lost where null is in their place, and taken by what has keys', () => {
    const seen = { spec: { a: null, list: [{ b: { x: 1 } }] } };
    expect(lostIn(seen, paths)).toEqual([['spec', 'a']]);
    expect(filledIn(seen, paths)).toEqual([['spec', 'list', 0, 'b']]);
    expect(lostIn(wanted, paths)).toEqual([]);
  });

  test('are taken out and put back', () => {
    const copy = structuredClone(wanted);
    take(copy, paths);
    expect(copy).toEqual({ spec: { list: [{}, {}], c: { d: 1 } } });
    putBack(copy, paths);
    expect(copy).toEqual(wanted);
  });
});

describe('an object that replaces another one', () => {
  const entry = (manager: string, operation: string, fieldsV1: object, subresource?: string) => ({
    manager,
    operation,
    fieldsV1,
    ...(subresource === undefined ? {} : { subresource }),
  });
  const live = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: 'a',
      uid: 'u',
      resourceVersion: '7',
      finalizers: ['f'],
      labels: { ours: '1', old: '1', theirs: '1' },
      managedFields: [
        entry('us', 'Update', { 'f:metadata': { 'f:labels': { 'f:ours': {}, 'f:old': {} } } }),
        entry('them', 'Apply', { 'f:metadata': { 'f:labels': { 'f:theirs': {} } } }),
        entry('controller', 'Apply', {}, 'status'),
      ],
    },
    spec: { selector: { matchLabels: { 'controller-uid': 'u' } }, parallelism: 1, paused: true },
    status: { active: 1 },
  } as KubeObject;
  const main = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'a', labels: { ours: '2' } },
    spec: { parallelism: 3 },
  } as Draft;

  test("keeps what is the replica's own and what is others', and nothing else", () => {
    expect(replacement(main, live, 'us')).toEqual({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: 'a',
        uid: 'u',
        resourceVersion: '7',
        finalizers: ['f'],
        labels: { ours: '2', theirs: '1' },
      },
      spec: { selector: { matchLabels: { 'controller-uid': 'u' } }, parallelism: 3 },
      status: { active: 1 },
    });
  });

  test('is a patch of that very version of it', () => {
    const patch = replacementPatch(replacement(main, live, 'us'), { ...live, extra: 1 });
    expect(patch).toEqual([
      { op: 'add', path: '/metadata/uid', value: 'u' },
      { op: 'add', path: '/metadata/resourceVersion', value: '7' },
      { op: 'add', path: '/spec', value: expect.objectContaining({ parallelism: 3 }) },
      { op: 'remove', path: '/extra' },
      { op: 'add', path: '/metadata/labels', value: { ours: '2', theirs: '1' } },
    ]);
  });

  test('is not for us alone to write where somebody else applies it', () => {
    expect(otherAppliers(live, 'us')).toEqual(['them']);
  });
});

describe('what can not be applied', () => {
  test.each<[object, boolean]>([
    [{ env: [{ name: 'A' }, { name: 'A' }] }, true],
    [
      {
        deep: [
          {
            ports: [
              { name: 'a', containerPort: 80 },
              { name: 'b', containerPort: 80, protocol: 'TCP' },
            ],
          },
        ],
      },
      true,
    ],
    [{ ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }] }, false],
    [{ env: [{ name: 'A' }, { name: 'B' }], args: ['a', 'a'], list: [{ x: 1 }, { x: 1 }] }, false],
  ])('%j has twins: %s', (value, expected) => {
    expect(hasTwins(value)).toBe(expected);
  });

  test('what was written in another version', () => {
    const object = (apiVersion: string) => ({ metadata: { name: 'a', managedFields: [{ apiVersion }] } });
    expect(['x/v1', 'x/v2'].map((version) => isWrittenInOtherVersion(object(version), 'x/v2'))).toEqual([
      true,
      false,
    ]);
  });
});
