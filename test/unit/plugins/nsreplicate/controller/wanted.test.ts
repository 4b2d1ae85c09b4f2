/** From a KRMSyncer to a task, and by whose rights. */
import { describe, expect, test } from '@jest/globals';
import { syncerDefinition } from '../../../../../plugins/nsreplicate/controller/installation/crd.ts';
import type { Refusal } from '../../../../../plugins/nsreplicate/controller/resource/refusal.ts';
import { wantedOf } from '../../../../../plugins/nsreplicate/controller/wanted.ts';

const ref = { clusterConfig: { kubeConfigSecretRef: { name: 'k' } } };
const rule = { group: '', version: 'v1', kind: 'ConfigMap', namespaces: ['team'] };
const object = (spec: object) => ({
  apiVersion: 'syncer.gkelabs.io/v1alpha1',
  kind: 'KRMSyncer',
  metadata: { namespace: 'team', name: 'sync', generation: 3 },
  spec,
});
const whole = 'rules without syncFields copy whole objects with their status, as "destination" means them';
const nobody = { trusted: [], tokens: [] };
const trusted = { trusted: ['te*'], tokens: [] };
const wanted = (spec: object, policy: Parameters<typeof wantedOf>[1] = nobody) =>
  wantedOf(object(spec), policy, 'krm-sync-1');
const refusal = (spec: object, policy: Parameters<typeof wantedOf>[1] = nobody): Refusal => {
  try {
    wanted(spec, policy);
  } catch (error) {
    return error as Refusal;
  }
  throw new Error('it was taken');
};

test.each([
  ['true', ['*']],
  ['false', []],
])('an annotation says whether workloads are held: %s', (standby, expected) => {
  const held = object({ destination: ref, rules: [rule] });
  const annotations = { 'x8s.dev/standby': standby };
  const { spec } = wantedOf({ ...held, metadata: { ...held.metadata, annotations } }, nobody, 'krm-sync-1');
  expect(spec.standby).toEqual(expected);
});

test('a namespace of the cluster’s own is refused as a destination, without options that a resource lacks', () => {
  const destination = { ...ref.clusterConfig, namespace: 'kube-system' };
  const { reason, message, hint } = refusal({ destination, rules: [rule] });
  expect([reason, message]).toEqual([
    'InvalidSpec',
    'destination.namespace puts team into kube-system: such namespaces hold what belongs to one cluster.',
  ]);
  expect(hint).not.toContain('--');
});

describe('generations', () => {
  test('a destination pushes whole objects with their status', () => {
    const { mode, spec, secret } = wanted({ destination: ref, rules: [rule] });
    expect([mode, secret, spec.rules[0]?.carry]).toEqual(['push', 'k', { what: 'whole', status: true }]);
    expect(spec.prune).toMatchObject({ prune: true, claims: false, namespaces: false });
  });

  test('the first one named the Secret without clusterConfig, and mapped all to one namespace', () => {
    const { secret, spec } = wanted({
      destination: { kubeConfigSecretRef: { name: 'k' }, namespace: 'x' },
      rules: [rule],
    });
    expect([secret, [...spec.map]]).toEqual(['k', [['team', 'x']]]);
  });

  test('a remote pulls, the status alone, unless it says otherwise', () => {
    const { mode, spec } = wanted({ remote: ref, rules: [rule] }, trusted);
    expect([mode, spec.rules[0]?.carry]).toEqual(['pull', { what: 'status' }]);
    expect(wanted({ mode: 'push', remote: ref, rules: [rule] }).mode).toBe('push');
  });

  test.each([{ suspend: true }, { suspended: true }, { suspend: false, suspended: true }])(
    '%j is suspended',
    (by) => {
      expect(wanted({ ...by, destination: ref, rules: [rule] }).suspended).toBe(true);
    },
  );

  test('of a Secret in another namespace it is said that it is not read there', () => {
    const destination = { clusterConfig: { kubeConfigSecretRef: { name: 'k', namespace: 'elsewhere' } } };
    expect(wanted({ destination, rules: [rule] }).notes).toEqual([
      'the Secret is read in namespace team, not in elsewhere',
      whole,
    ]);
  });

  test('that whole objects are copied where no fields are named is said, and only there', () => {
    const named = { ...rule, syncFields: ['data'] };
    const [one, both] = [
      { destination: ref, rules: [named] },
      { destination: ref, rules: [named, rule] },
    ];
    expect([wanted(one).notes, wanted(both).notes]).toEqual([[], [whole]]);
    expect(wanted({ mode: 'push', remote: ref, rules: [rule] }).notes).toEqual([]);
  });
});

describe('what is refused', () => {
  const all = { kind: 'ConfigMap' };
  test.each([
    [
      { destination: { gcsBucketConfig: {} }, rules: [rule] },
      'InvalidSpec',
      'copies into a bucket are not made',
    ],
    [{ rules: [rule] }, 'InvalidSpec', 'no Secret with a kubeconfig is named'],
    [{ destination: ref, rules: [] }, 'InvalidSpec', 'spec.rules: there is no rule'],
    [{ destination: ref, remote: ref, rules: [rule] }, 'InvalidSpec', 'there is "remote" too'],
    [{ destination: ref, rules: [{ kind: 'A[' }] }, 'InvalidRule', 'spec.rules[0].kind: "A[" is not a glob'],
    [
      { destination: ref, rules: [{ ...all, transforms: [] }] },
      'InvalidRule',
      'spec.rules[0].transforms: objects are copied as they are',
    ],
    [
      { destination: ref, rules: [{ ...all, namespaces: ['other'] }] },
      'NotAllowed',
      'the rules mean namespace other, and without rights of its own it reads team only',
    ],
    [
      { destination: ref, rules: [{ ...all, namespaces: ['*'] }] },
      'NotAllowed',
      'the rules mean namespace *',
    ],
    [{ destination: ref, rules: [{ kind: 'Secret' }] }, 'NotAllowed', 'Secrets are not copied by the rights'],
    [{ remote: ref, rules: [rule] }, 'NotAllowed', 'pulling writes into this cluster'],
    [
      { destination: ref, serviceAccountName: 'robot', rules: [rule] },
      'NotAllowed',
      'the controller asks for no tokens in namespace team',
    ],
  ])('%j: %s, %s', (spec, reason, message) => {
    const refused = refusal(spec);
    expect([refused.reason, refused.message]).toEqual([reason, expect.stringContaining(message)]);
  });
});

describe('what is more than one resource may ask for of a controller that others share', () => {
  const rules = (count: number, of: object = {}) => Array.from({ length: count }, () => ({ ...rule, ...of }));
  const texts = (count: number, text = 'team') => Array.from({ length: count }, () => text);

  test.each([
    [{ rules: rules(513) }, 'InvalidSpec', 'spec.rules: it has 513 items, and 512 are the most'],
    [
      { rules: [{ ...rule, namespaces: texts(1001) }] },
      'InvalidRule',
      'spec.rules[0].namespaces: it has 1001 items, and 1000 are the most',
    ],
    [
      { rules: [{ ...rule, syncFields: texts(257, 'spec') }] },
      'InvalidRule',
      'spec.rules[0].syncFields: it has 257 items, and 256 are the most',
    ],
    [
      { rules: [{ ...rule, syncFields: [`spec.${'a'.repeat(1020)}`] }] },
      'InvalidRule',
      'spec.rules[0].syncFields[0]: it has 1025 characters, and 1024 are the most',
    ],
    [
      { rules: [{ ...rule, kind: 'K'.repeat(254) }] },
      'InvalidRule',
      'spec.rules[0].kind: it has 254 characters, and 253 are the most',
    ],
    [
      { rules: [{ ...rule, namespaces: texts(300, `${'a'.repeat(120)}*`) }] },
      'InvalidSpec',
      'spec.rules: their globs have 36300 characters together, and 32768 are the most',
    ],
    [
      { rules: [{ ...rule, transforms: [{ x: 'a'.repeat(600_000) }] }] },
      'InvalidSpec',
      'spec: it has 600173 bytes, and 524288 are the most',
    ],
  ])('%#', (spec, reason, message) => {
    const refused = refusal({ destination: ref, ...spec }, trusted);
    expect([refused.reason, refused.message]).toEqual([reason, expect.stringContaining(message)]);
  });

  test('what a person would write fits', () => {
    const many = rules(512, { group: '*.cnrm.cloud.google.com', namespaces: texts(4, 'team-*') });
    expect(wanted({ destination: ref, rules: many }, trusted).spec.rules).toHaveLength(512);
  });

  test('the definition says the same', () => {
    const { spec } = syncerDefinition() as unknown as {
      spec: { versions: { schema: { openAPIV3Schema: object } }[] };
    };
    const { openAPIV3Schema } = spec.versions[0]?.schema ?? {};
    expect(openAPIV3Schema).toMatchObject({
      properties: {
        spec: {
          properties: {
            rules: {
              maxItems: 512,
              items: {
                properties: {
                  kind: { minLength: 1, maxLength: 253 },
                  namespaces: { maxItems: 1000, items: { maxLength: 253 } },
                  syncFields: { maxItems: 256, items: { maxLength: 1024 } },
                },
              },
            },
          },
        },
      },
    });
  });
});

describe('rights', () => {
  const everything = { destination: ref, rules: [{ kind: 'ConfigMap' }] };

  test('without any, rules without namespaces mean the own one, which is said', () => {
    const { identity, spec, notes } = wanted(everything);
    expect(identity).toEqual({ who: 'namespace', namespace: 'team' });
    expect([spec.namespaces.include, spec.rules[0]?.namespaces]).toEqual([['team'], ['team']]);
    expect(notes).toEqual(['rules that name no namespaces mean team only, without rights of its own', whole]);
  });

  test('all in one namespace: rules without namespaces mean the own one there too, and more than that is refused', () => {
    const spec = { destination: { ...ref, namespace: 'x' }, rules: [{ kind: 'ConfigMap' }] };
    const { spec: task, notes } = wanted(spec);
    expect([[...task.map], notes]).toEqual([
      [['team', 'x']],
      ['rules that name no namespaces mean team only, without rights of its own', whole],
    ]);
    expect([...wanted({ ...spec, rules: [...spec.rules, rule] }).spec.map]).toEqual([['team', 'x']]);
    expect(refusal(spec, trusted).message).toContain('the rules mean more than one namespace');
    const glob = { ...spec, rules: [{ kind: 'ConfigMap', namespaces: ['team-*'] }] };
    expect(refusal(glob, trusted)).toMatchObject({
      reason: 'InvalidSpec',
      message: expect.stringContaining('the rules mean namespaces by the glob "team-*"'),
    });
  });

  test('of a trusted namespace they are the own ones of the controller', () => {
    const { identity, spec, notes } = wanted(everything, trusted);
    expect([identity.who, spec.namespaces.include, notes]).toEqual(['controller', [], [whole]]);
    expect(spec.namespaces.sensitive).toBe(false);
  });

  test('a ServiceAccount has its own, where tokens may be asked for', () => {
    const { identity } = wanted(
      { ...everything, serviceAccountName: 'robot' },
      { trusted: [], tokens: ['team'] },
    );
    expect(identity).toEqual({ who: 'serviceAccount', namespace: 'team', name: 'robot' });
  });

  test('what belongs to one cluster is copied where it is named', () => {
    const rules = [{ kind: 'ConfigMap', namespaces: ['kube-system', 'team'] }];
    expect(wanted({ destination: ref, rules }, trusted).spec.namespaces).toMatchObject({
      include: ['kube-system', 'team'],
      sensitive: true,
    });
  });
});
