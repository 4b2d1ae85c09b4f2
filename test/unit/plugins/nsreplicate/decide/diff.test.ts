import { describe, expect, test } from '@jest/globals';
import { readableDiff } from '../../../../../plugins/nsreplicate/decide/diff.ts';
import { differences, isForeignKey } from '../../../../../plugins/nsreplicate/decide/differences.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';

const map = (data: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'x' },
  data,
});

describe('readable differences', () => {
  test('fields, one a line', () => {
    expect(
      readableDiff(map({ a: '1', b: 'new', 'c.d': 'x' }), map({ b: 'old', gone: 'y', 'c.d': 'x' })),
    ).toEqual(['+ data.a: "1"', '~ data.b: "old" → "new"', '- data.gone: "y"']);
    expect(readableDiff(map({ 'c.d': '1' }), map({}))).toEqual(['+ data.["c.d"]: "1"']);
    expect(readableDiff(map({}), map({}))).toEqual([]);
  });

  test('a new object shows all of its fields', () => {
    expect(readableDiff(map({ a: '1' }), undefined)).toEqual([
      '+ apiVersion: "v1"',
      '+ data.a: "1"',
      '+ kind: "ConfigMap"',
      '+ metadata.name: "x"',
    ]);
  });

  test('values of Secrets are never shown, in whatever way they differ', () => {
    const secret = (data: unknown, rest: object = {}): KubeObject => ({
      kind: 'Secret',
      metadata: { name: 'x' },
      data,
      ...rest,
    });
    const cases = [
      readableDiff(secret({ a: 'c2VjcmV0' }), secret({ a: 'b3RoZXI=' })),
      readableDiff(secret({ a: 'c2VjcmV0' }), undefined),
      readableDiff(secret({}), secret({ a: 'c2VjcmV0' })),
      readableDiff(secret('c2VjcmV0'), secret(undefined)),
      readableDiff(secret({}, { stringData: { a: 'c2VjcmV0' } }), secret({})),
    ].map((lines) => lines.join('\n'));
    for (const text of cases) {
      expect(text).toContain('••••••');
      expect(text).not.toMatch(/c2Vjc|b3Ro/);
    }
  });

  test('named items in another order are shown, those that only one side has aside', () => {
    const of = (...names: string[]): KubeObject => ({
      kind: 'Deployment',
      metadata: { name: 'x' },
      spec: { containers: [{ name: 'main', env: names.map((name) => ({ name, value: '1' })) }] },
    });
    expect(readableDiff(of('B', 'A'), of('A', 'B'))).toEqual([
      '~ order of spec.containers.name=main.env: ["A","B"] → ["B","A"]',
    ]);
    expect(readableDiff(of('A', 'B'), of('A', 'B'))).toEqual([]);
    expect(readableDiff(of('A', 'C', 'B'), of('A', 'B'))).toEqual([
      '+ spec.containers.name=main.env.name=C.name: "C"',
      '+ spec.containers.name=main.env.name=C.value: "1"',
    ]);
  });

  test('long values are cut, whole characters only', () => {
    const [line = ''] = readableDiff(map({ a: '💾'.repeat(200) }), map({}));
    expect(line.length).toBeLessThan(200);
    expect(line.isWellFormed()).toBe(true);
  });
});

describe('differences', () => {
  test('lists of named items are matched by name', () => {
    const found = differences(
      { c: [{ name: 'a', image: '2' }, { name: 'b' }] },
      { c: [{ name: 'b' }, { name: 'a', image: '1' }] },
    );
    expect(found).toEqual([{ path: ['c', 'name=a', 'image'], how: 'changed', wanted: '2', present: '1' }]);
  });

  test('other lists by place', () => {
    expect(differences([1, 2], [1, 3])).toEqual([{ path: ['1'], how: 'changed', wanted: 2, present: 3 }]);
    expect(differences([1, 2], [1])).toEqual([{ path: [], how: 'changed', wanted: [1, 2], present: [1] }]);
  });

  test.each([
    [{ data: {} }, { data: { extra: 'x' } }, true],
    [{ metadata: { labels: {} } }, { metadata: { labels: { extra: 'x' } } }, true],
    [{ spec: {} }, { spec: { defaulted: 1 } }, false],
    [{ data: { a: '1' } }, { data: {} }, false],
  ])('foreign keys in mirrored maps: %j, %j: %s', (wanted, present, expected) => {
    expect(differences(wanted, present).some(isForeignKey)).toBe(expected);
  });
});
