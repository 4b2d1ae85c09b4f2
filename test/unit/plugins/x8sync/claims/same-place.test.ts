/** Claims whose volumes are the same place: who mounts one of them has the files of the other. */
import { describe, expect, test } from '@jest/globals';
import {
  type ClaimState,
  readClaim,
  usersOf,
  writersOf,
} from '../../../../../plugins/x8sync/claims/claim.ts';
import { checkTarget } from '../../../../../plugins/x8sync/claims/claim-checks.ts';
import { newcomersOf } from '../../../../../plugins/x8sync/claims/newcomers.ts';
import { claimsOfSamePlace } from '../../../../../plugins/x8sync/claims/volume-identity.ts';
import { requireUnshared } from '../../../../../plugins/x8sync/cutover/precautions.ts';
import { taskLabels } from '../../../../../src/tasks/names.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { type FakeCall, type FakeKube, fakeKube } from '../../../support/fake-kube.ts';

const { signal } = new AbortController();
const nodeAffinity = (node: string) => ({
  required: { nodeSelectorTerms: [{ matchFields: [{ values: [node] }] }] },
});
const nfs = (path: string, server = 'files') => ({ nfs: { server, path } });
const local = (path: string, node = 'n1') => ({ local: { path }, nodeAffinity: nodeAffinity(node) });
const hostPath = (path: string) => ({ hostPath: { path } });
const csi = (volumeHandle: string, driver = 'ebs') => ({ csi: { driver, volumeHandle } });

test.each<[object, object, boolean]>([
  [nfs('/a'), nfs('/a'), true],
  [nfs('/a'), nfs('/a/b'), true],
  [nfs('/a/b'), nfs('/a'), true],
  [nfs('/a'), nfs('/ab'), false],
  [nfs('/a'), nfs('/a', 'other'), false],
  [local('/a'), local('/a'), true],
  [local('/a'), local('/a', 'n2'), false],
  [hostPath('/a'), hostPath('/a'), true],
  [csi('vol-1'), csi('vol-1'), true],
  [csi('vol-1'), csi('vol-2'), false],
  [csi('vol-1'), csi('vol-1', 'other'), false],
  [{ flexVolume: {} }, { flexVolume: {} }, false],
])('%j and %j: %s', (own, other, isSame) => {
  const claimRef = { namespace: 'live', name: 'db' };
  const [volume, another] = [
    { metadata: { name: 'own' }, spec: { ...own, claimRef: { namespace: 'shop', name: 'data' } } },
    { metadata: { name: 'other' }, spec: { ...other, claimRef } },
  ];
  const expected = isSame ? [{ namespace: 'live', claim: 'db' }] : [];
  expect(claimsOfSamePlace(volume, [volume, another], 'c')).toEqual(expected);
});

function claimOf(kube: FakeKube, namespace: string, name: string, source: object): void {
  const spec = { volumeName: `${namespace}-${name}`, accessModes: ['ReadWriteMany'] };
  const status = { phase: 'Bound' };
  kube.objects.create('/persistentvolumeclaims', { metadata: { namespace, name }, spec, status });
  const volume = { ...source, claimRef: { namespace, name } };
  kube.objects.create('/persistentvolumes', { metadata: { name: spec.volumeName }, spec: volume });
}

interface Mounting {
  readonly labels?: Record<string, string>;
  readonly readOnly?: true;
}

function podOf(kube: FakeKube, namespace: string, name: string, claimName: string, how: Mounting = {}): void {
  const { labels = {}, readOnly } = how;
  const persistentVolumeClaim = { claimName, ...(readOnly && { readOnly }) };
  kube.objects.create('/pods', {
    metadata: { namespace, name, labels },
    spec: { containers: [], volumes: [{ name: 'v', persistentVolumeClaim }] },
    status: { phase: 'Running' },
  });
}

/** A claim `shop/data`, another one of the same export in `live`, and a third one apart. */
function scene() {
  const kube = fakeKube();
  claimOf(kube, 'shop', 'data', nfs('/data'));
  claimOf(kube, 'live', 'db', nfs('/data/'));
  claimOf(kube, 'live', 'apart', nfs('/apart'));
  const ref = { kube, namespace: 'shop', claim: 'data' };
  const read = () => readClaim(ref, 'c', signal);
  const elsewhere = [{ kube, namespace: 'live', claim: 'db' }];
  return { kube, ref, read, elsewhere };
}

const db = 'live/db-0 (by claim live/db, which is the same place)';
const source: unknown = {
  ref: { kube: fakeKube(), namespace: 's', claim: 's' },
  uid: 's',
  object: { spec: {} },
};

describe('a pod that mounts another claim of the same place', () => {
  test('is a user of the claim: a copy to it is refused, unless that is agreed to', async () => {
    const { kube, read } = scene();
    podOf(kube, 'live', 'db-0', 'db');
    podOf(kube, 'live', 'other', 'apart');
    const target = await read();
    expect(usersOf(target)).toEqual([db]);
    expect(writersOf(target)).toEqual([db]);
    const check = (allowMounted: boolean) => () => checkTarget(target, source as ClaimState, allowMounted);
    expect(check(false)).toThrow(`in use by pod ${db}`);
    expect(check(true)).not.toThrow();
  });

  test('is none where a task only reads there; its mover is one', async () => {
    const { kube, read } = scene();
    podOf(kube, 'live', 'served', 'db', { labels: taskLabels('x8sync', 'out', 'source') });
    expect(usersOf(await read())).toEqual([]);
    podOf(kube, 'live', 'db-0', 'db', { labels: taskLabels('x8sync', 'in', 'target') });
    expect(usersOf(await read())).toEqual([db]);
  });

  test('keeps a source from being cut over where it may write', async () => {
    const { kube, read } = scene();
    podOf(kube, 'live', 'reader', 'db', { readOnly: true });
    const before = await read();
    expect(() => requireUnshared(before, false)).not.toThrow();
    podOf(kube, 'live', 'db-0', 'db');
    const now = await read();
    expect(() => requireUnshared(now, false)).toThrow(`in use by pod ${db}: a cutover stops only`);
    expect(() => requireUnshared(now, true)).not.toThrow();
  });

  test('is one that came while it was copied', async () => {
    const { kube, ref, elsewhere, read } = scene();
    podOf(kube, 'live', 'db-0', 'db');
    expect((await read()).elsewhere).toEqual(elsewhere);
    expect(await newcomersOf(ref, 'move', signal, elsewhere)).toEqual(['live/db-0']);
  });

  test.each<[string, (call: FakeCall) => boolean]>([
    ['volumes', ({ verb, collection }) => verb === 'list' && collection === '/persistentvolumes'],
    [
      'pods of the other namespace',
      ({ collection, namespace }) => collection === '/pods' && namespace === 'live',
    ],
  ])('is not seen by who may not list %s, who is not held up', async (_what, isForbidden) => {
    const { kube, read } = scene();
    podOf(kube, 'live', 'db-0', 'db');
    kube.before = (call) => {
      if (isForbidden(call)) throw apiError(403, 'forbidden', 'Forbidden');
    };
    expect(usersOf(await read())).toEqual([]);
  });
});

test('volumes are listed once, and pods once in each namespace', async () => {
  const { kube, read } = scene();
  claimOf(kube, 'live', 'second', nfs('/data/below'));
  claimOf(kube, 'shop', 'third', nfs('/data'));
  await read();
  const lists = kube.calls
    .filter(({ verb }) => verb === 'list')
    .map((call) => [call.collection, call.namespace]);
  expect(lists.sort()).toEqual([
    ['/persistentvolumes', undefined],
    ['/pods', 'live'],
    ['/pods', 'shop'],
  ]);
});
