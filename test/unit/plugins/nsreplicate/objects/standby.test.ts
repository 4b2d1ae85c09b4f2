import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { standbyMatcher } from '../../../../../plugins/nsreplicate/decide/spec.ts';
import {
  copyOf,
  differsByReplica,
  liveDigest,
  type Shaping,
  shapingOn,
} from '../../../../../plugins/nsreplicate/objects/copy.ts';
import { type Draft, isJson } from '../../../../../plugins/nsreplicate/objects/draft.ts';
import { compileOverride } from '../../../../../plugins/nsreplicate/objects/overrides.ts';
import { originalOf, wakingPatch } from '../../../../../plugins/nsreplicate/objects/standby.ts';
import { type Override, ruleFor } from '../../../../../plugins/nsreplicate/rules/rule.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';

const rule = ruleFor('apps', 'Deployment');
const to = { name: 'dr', cluster: 'B' };
const shaping = (change: Partial<Shaping> = {}): Shaping => ({
  task: 't',
  primary: 'A',
  map: new Map(),
  overrides: [],
  key: new Uint8Array(32),
  isStandby: (name) => name === 'dr',
  ...change,
});

const workload = (kind: string, spec: object, annotations = {}): KubeObject => ({
  apiVersion: kind === 'CronJob' || kind === 'Job' ? 'batch/v1' : 'apps/v1',
  kind,
  metadata: { name: 'web', namespace: 'shop', uid: 'u', annotations },
  spec,
});

const copied = (object: KubeObject, change: Partial<Shaping> = {}) =>
  copyOf(object, rule, to, shaping(change)).main as Draft;

describe('on a standby', () => {
  test.each([
    ['a Deployment', workload('Deployment', { replicas: 3 }), { replicas: 0 }, 'replicas=3'],
    ['one that does not say how many', workload('Deployment', {}), { replicas: 0 }, 'replicas=1'],
    ['a StatefulSet at 0', workload('StatefulSet', { replicas: 0 }), { replicas: 0 }, 'replicas=0'],
    ['a CronJob', workload('CronJob', { schedule: '* * * * *' }), { suspend: true }, 'suspend=false'],
    ['a suspended CronJob', workload('CronJob', { suspend: true }), { suspend: true }, 'suspend=true'],
  ])('%s is held, and says what it was', (_what, object, spec, original) => {
    const copy = copied(object);
    expect(copy.spec).toMatchObject(spec);
    expect(copy.metadata.annotations?.['x8s.dev/standby']).toBe(original);
  });

  test('what an autoscaler scales is held too, and says how many pods it had last', () => {
    const copy = copied(workload('Deployment', { replicas: 7 }), { isAutoscaled: () => true });
    expect([copy.spec, originalOf(copy)]).toEqual([{ replicas: 0 }, { field: 'replicas', value: 7 }]);
  });

  test('the original is what an override makes of it', () => {
    const override: Override = {
      replicas: [],
      group: '*',
      kinds: ['Deployment'],
      namespaces: [],
      names: [],
      selector: [],
      patch: [{ op: 'add', path: '/spec/replicas', value: 2 }],
    };
    const copy = copied(workload('Deployment', { replicas: 9 }), { overrides: [compileOverride(override)] });
    expect([copy.spec, originalOf(copy)]).toEqual([{ replicas: 0 }, { field: 'replicas', value: 2 }]);
  });

  test('a standby of a standby keeps the original', () => {
    const held = workload('Deployment', { replicas: 0 }, { 'x8s.dev/standby': 'replicas=3' });
    expect(originalOf(copied(held))).toEqual({ field: 'replicas', value: 3 });
  });

  test('another number on the primary is another copy, though both stand at 0', () => {
    const digests = [3, 5].map((replicas) =>
      copyOf(workload('Deployment', { replicas }), rule, to, shaping()),
    );
    expect(digests[0]?.digest).not.toBe(digests[1]?.digest);
  });

  test('a Job, a DaemonSet and what a rule carries in part are not held', () => {
    for (const object of [workload('Job', { suspend: false }), workload('DaemonSet', {})])
      expect(copied(object).metadata.annotations?.['x8s.dev/standby']).toBeUndefined();
    const part = {
      ...rule,
      carry: { what: 'fields', fields: [['spec', 'replicas']], status: false },
    } as const;
    expect(copyOf(workload('Deployment', { replicas: 3 }), part, to, shaping()).main?.spec).toEqual({
      replicas: 3,
    });
  });

  test('somebody who scales a copy makes it drift, though an autoscaler sets the number on the primary', () => {
    const scaled = { isAutoscaled: () => true };
    const copy = copyOf(workload('Deployment', { replicas: 3 }), rule, to, shaping(scaled));
    const own = shapingOn('dr', shaping(scaled));
    const live = copy.main as KubeObject;
    expect(liveDigest(live, rule, own)).toBe(copy.digest);
    expect(liveDigest({ ...live, spec: { replicas: 1 } }, rule, own)).not.toBe(copy.digest);
    expect(shapingOn('other', shaping(scaled)).isAutoscaled).toBeDefined();
  });
});

test('other replicas get it as it is', () => {
  const { main } = copyOf(
    workload('Deployment', { replicas: 3 }),
    rule,
    { name: 'b', cluster: 'C' },
    shaping(),
  );
  expect(main?.spec).toEqual({ replicas: 3 });
  expect(main?.metadata.annotations?.['x8s.dev/standby']).toBeUndefined();
});

test('copies differ by replica only where a workload is held on some of them', () => {
  const both = [to, { name: 'b', cluster: 'C' }];
  const web = workload('Deployment', { replicas: 3 });
  expect(differsByReplica(web, both, shaping())).toBe(true);
  expect(differsByReplica(web, [to], shaping())).toBe(false);
  expect(differsByReplica({ ...web, kind: 'ConfigMap', apiVersion: 'v1' }, both, shaping())).toBe(false);
});

test.each([
  [[], 'a', false],
  [['*'], 'a', true],
  [['dr-*'], 'dr-1', true],
  [['dr-*'], 'a', false],
])('standbys %j: whether %s is one', (standby, name, expected) => {
  expect(standbyMatcher({ standby })(name)).toBe(expected);
});

test.each(['', 'replicas=', 'replicas=-1', 'replicas=x', 'suspend=yes', 'color=red'])(
  'an annotation that says %j says nothing',
  (text) => {
    expect(originalOf(workload('Deployment', {}, { 'x8s.dev/standby': text }))).toBeUndefined();
  },
);

describe('what a held StatefulSet does with its claims', () => {
  const policy = (whenScaled?: string) => ({
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', ...(whenScaled && { whenScaled }) },
  });
  const claimsOf = (copy: Draft) => copy.metadata.annotations?.['x8s.dev/standby-claims'];

  test('it keeps them, where it would delete them at 0 pods, and says that it did', () => {
    const copy = copied(workload('StatefulSet', { replicas: 2, ...policy('Delete') }));
    expect(copy.spec).toEqual({ replicas: 0, ...policy('Retain') });
    expect(claimsOf(copy)).toBe('whenScaled=Delete');
    expect(originalOf(copy)).toEqual({ field: 'replicas', value: 2, whenScaled: 'Delete' });
  });

  test.each([
    ['one that keeps them', workload('StatefulSet', { replicas: 2, ...policy('Retain') })],
    ['one that says nothing of it', workload('StatefulSet', { replicas: 2, ...policy() })],
    ['one of a server that knows no such field', workload('StatefulSet', { replicas: 2 })],
    ['a Deployment', workload('Deployment', { replicas: 2 })],
  ])('%s is left as it is', (_what, object) => {
    const copy = copied(object);
    expect(copy.spec).toEqual({ ...(object.spec as object), replicas: 0 });
    expect(claimsOf(copy)).toBeUndefined();
  });

  test('a standby of a standby keeps the original', () => {
    const first = copied(workload('StatefulSet', { replicas: 2, ...policy('Delete') })) as KubeObject;
    expect(originalOf(copied(first))).toEqual({ field: 'replicas', value: 2, whenScaled: 'Delete' });
    // One that an earlier version held had its number of pods written down, and nothing more.
    const earlier = workload(
      'StatefulSet',
      { replicas: 0, ...policy('Delete') },
      { 'x8s.dev/standby': 'replicas=2' },
    );
    expect(originalOf(copied(earlier))).toEqual({ field: 'replicas', value: 2, whenScaled: 'Delete' });
  });

  test('whatever a workload had comes back exactly', () => {
    const spec = fc.record(
      {
        replicas: fc.integer({ min: 0, max: 9 }),
        persistentVolumeClaimRetentionPolicy: fc.record(
          {
            whenScaled: fc.constantFrom('Delete', 'Retain'),
            whenDeleted: fc.constantFrom('Delete', 'Retain'),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: ['replicas'] },
    );
    // Another tool, or an earlier version, may have left it there.
    const leftOver = fc.constantFrom({}, { 'x8s.dev/standby-claims': 'whenScaled=Delete' });
    fc.assert(
      fc.property(spec, leftOver, (had, annotations) => {
        const held = copied(workload('StatefulSet', had, { note: 'kept', ...annotations }));
        const policy = held.spec as typeof had;
        expect(policy.persistentVolumeClaimRetentionPolicy?.whenScaled).not.toBe('Delete');
        const original = originalOf(held);
        const woken = original && patched(held, wakingPatch(original));
        expect([woken?.spec, woken?.metadata.annotations?.note]).toEqual([had, 'kept']);
        expect(
          Object.keys(woken?.metadata.annotations ?? {}).filter((key) => key.includes('standby')),
        ).toEqual([]);
      }),
    );
  });
});

/** RFC 7396. */
function patched<T>(target: T, patch: unknown): T {
  if (!isJson(patch)) return patch as T;
  const merged: Record<string, unknown> = { ...(isJson(target) ? target : {}) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = patched(merged[key], value);
  }
  return merged as T;
}
