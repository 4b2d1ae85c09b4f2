import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { differences } from '../../../../../plugins/nsreplicate/decide/differences.ts';
import { isAsApplied } from '../../../../../plugins/nsreplicate/objects/as-applied.ts';
import {
  copyOf,
  liveDigest,
  plainDigest,
  type Shaping,
} from '../../../../../plugins/nsreplicate/objects/copy.ts';
import { digestOf } from '../../../../../plugins/nsreplicate/objects/digest.ts';
import { type Draft, put } from '../../../../../plugins/nsreplicate/objects/draft.ts';
import { compileOverride } from '../../../../../plugins/nsreplicate/objects/overrides.ts';
import { ProvenanceKey, withoutProvenance } from '../../../../../plugins/nsreplicate/objects/provenance.ts';
import { ruleFor } from '../../../../../plugins/nsreplicate/rules/rule.ts';
import { matches } from '../../../../../plugins/nsreplicate/rules/selector.ts';
import { own, parseExactly } from '../../../../../src/json.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';

const everything = {
  replicas: [],
  group: '*',
  kinds: [],
  namespaces: [],
  names: [],
  selector: [],
};
const touch = compileOverride({
  ...everything,
  patch: [{ op: 'add', path: '/spec/touched', value: 1234567890123456789n }],
});
const shaping: Shaping = {
  task: 't',
  primary: 'A',
  map: new Map([['prod', 'dr']]),
  overrides: [touch],
  key: new Uint8Array(32),
};
const rule = ruleFor('example.com', 'Widget');
const kinds = [
  ['v1', 'ConfigMap'],
  ['v1', 'Secret'],
  ['batch/v1', 'CronJob'],
  ['apps/v1', 'Deployment'],
  ['example.com/v1', 'Widget'],
] as const;
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
const to = { name: 'b', cluster: 'B' };

/** Keys that mean something to JavaScript, and integers that its numbers can't hold. */
const hostileKey = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'a',
  'b',
);
const leaf = fc.oneof(
  fc.string(),
  fc.boolean(),
  fc.constant(null),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
/** JSON text, so that an own `__proto__` is one. */
const { tree } = fc.letrec<{ tree: string; map: string }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    leaf.map((value) => JSON.stringify(value)),
    fc.array(tie('tree'), { maxLength: 3 }).map((items) => `[${items.join()}]`),
    tie('map'),
  ),
  map: fc
    .uniqueArray(fc.tuple(hostileKey, tie('tree')), { selector: ([key]) => key, maxLength: 4 })
    .map((entries) => `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join()}}`),
}));

/** Labels or annotations: some that a copy leaves out among others. */
const labels = fc
  .uniqueArray(fc.constantFrom('a', '__proto__', ProvenanceKey.task, ProvenanceKey.origin, lastApplied), {
    maxLength: 3,
  })
  .map((keys) => `{${keys.map((key) => `${JSON.stringify(key)}:"x"`).join()}}`);

const widget = (content: string): KubeObject =>
  parseExactly(
    `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","namespace":"prod","uid":"u"},"spec":{},"data":${content}}`,
  ) as KubeObject;

describe('what a person wrote arrives as it was written', () => {
  test('whatever its keys are called and however long its integers are', () => {
    fc.assert(
      fc.property(tree, (content) => {
        const object = widget(content);
        const { main, digest } = copyOf(object, rule, to, shaping);
        const sent = parseExactly(JSON.stringify(main)) as Draft;
        expect(JSON.stringify(sent.data)).toBe(JSON.stringify(object.data));
        expect((sent.spec as Record<string, unknown>).touched).toBe(1234567890123456789n);
        const live = { ...sent, metadata: { ...sent.metadata, uid: 'there', resourceVersion: '7' } };
        expect([isAsApplied(main as Draft, live), liveDigest(live, rule, shaping)]).toEqual([true, digest]);
        withoutProvenance(main as Draft);
        withoutProvenance(sent);
        expect(differences(main, sent)).toEqual([]);
      }),
    );
  });

  test('and no two contents count as the same', () => {
    fc.assert(
      fc.property(tree, tree, (one, other) => {
        const [a, b] = [widget(one), widget(other)];
        const same = digestOf(a, shaping.key) === digestOf(b, shaping.key);
        expect(differences(a, b).length === 0).toBe(same);
        expect(isAsApplied(a as Draft, b)).toBe(same);
      }),
    );
  });

  const plain: Shaping = { ...shaping, map: new Map(), overrides: [], isStandby: () => true };
  const filledIn =
    '"uid":"u","generation":3,"managedFields":[{"manager":"m"}],"finalizers":[],"ownerReferences":null';

  test('what is only compared has the digest of the copy that would be made of it', () => {
    fc.assert(
      fc.property(
        tree,
        labels,
        labels,
        fc.constantFrom(...kinds),
        (content, some, others, [version, kind]) => {
          const object = parseExactly(
            `{"apiVersion":"${version}","kind":"${kind}","status":${content},"metadata":{"name":"w",${filledIn},"labels":${some},"annotations":${others}},"data":${content}}`,
          ) as KubeObject;
          const { digest } = copyOf(object, rule, to, { ...plain, isStandby: undefined });
          expect(liveDigest(object, rule, plain)).toBe(digest);
          expect(plainDigest(object, rule, { ...plain, isStandby: undefined }) ?? digest).toBe(digest);
          expect(copyOf(object, rule, to, plain, plainDigest(object, rule, plain)).digest).toBe(
            copyOf(object, rule, to, plain).digest,
          );
        },
      ),
    );
  });

  test('where a copy is more than what is left of its original, it has to be made', () => {
    const [object] = [widget('1')];
    const status = { ...rule, carry: { what: 'whole', status: true } } as const;
    const fields = { ...rule, carry: { what: 'fields', fields: [['data']], status: false } } as const;
    const cronJob = { ...object, apiVersion: 'batch/v1', kind: 'CronJob' };
    expect(plainDigest(object, rule, plain)).toBeDefined();
    expect([
      plainDigest(object, rule, shaping),
      plainDigest(object, rule, { ...plain, overrides: [touch] }),
      plainDigest(object, status, plain),
      plainDigest(object, fields, plain),
      plainDigest(cronJob, rule, plain),
      plainDigest({ ...object, apiVersion: 'apps/v1', kind: 'Deployment' }, rule, plain),
    ]).toEqual(Array(6).fill(undefined));
    expect(plainDigest(cronJob, rule, { ...plain, isStandby: undefined })).toBeDefined();
  });

  test('two integers that are one number to JavaScript are two', () => {
    const [a, b] = [widget('1234567890123456789'), widget('1234567890123456800')];
    expect(digestOf(a, shaping.key)).not.toBe(digestOf(b, shaping.key));
    expect(differences(a, b)).toHaveLength(1);
  });

  test.each([
    ['1.0', '1'],
    ['1e3', '1000'],
    ['-0', '0'],
    ['1.0e20', '100000000000000000000'],
  ])('%s and %s are one number', (one, other) => {
    const [a, b] = [widget(one), widget(other)];
    expect(digestOf(a, shaping.key)).toBe(digestOf(b, shaping.key));
  });

  test('a field that a rule names is carried, whatever it is called', () => {
    const draft = parseExactly('{}') as Draft;
    put(draft, ['data', '__proto__'], 'x');
    expect(JSON.stringify(draft)).toBe('{"data":{"__proto__":"x"}}');
  });

  test('a label that an object does not have fulfils no selector', () => {
    expect(matches([{ key: 'constructor', operator: 'exists' }], {})).toBe(false);
  });

  test.each([
    [{ op: 'add', path: '/data/__proto__', value: 'x' }],
    [{ op: 'add', path: '/data/constructor', value: 'x' }],
    [{ op: 'add', path: '/data', value: JSON.parse('{"a":[{"__proto__":1}]}') }],
    [{ op: 'move', path: '/data/a', from: '/data/prototype' }],
  ] as const)('an override that would not arrive is refused: %j', (operation) => {
    expect(() => compileOverride({ ...everything, patch: [operation] })).toThrow(
      "can't change what is called",
    );
    expect(own({}, 'constructor')).toBeUndefined();
  });
});
