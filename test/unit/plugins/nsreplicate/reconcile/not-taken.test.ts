/** Replicas whose version of a kind lacks a field: an apply fails there, and every other verb loses the field. */
import { expect, test } from '@jest/globals';
import type { Write } from '../../../../../plugins/nsreplicate/decide/assess.ts';
import type { Draft } from '../../../../../plugins/nsreplicate/objects/draft.ts';
import { applyStatus } from '../../../../../plugins/nsreplicate/reconcile/apply.ts';
import { Writer } from '../../../../../plugins/nsreplicate/reconcile/writer.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';
import { configMaps, type Resource } from '../../../../../src/kube/api/resources.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';

const place = { namespace: 'shop', name: 'w1' };
/** Of no kind in particular: the fake asks for a resource's name only. */
const widgets: Resource = { ...configMaps, group: 'x.example.com', plural: 'widgets', kind: 'Widget' };
const collection = 'x.example.com/widgets';
const list = [
  { name: 'a', v: '1' },
  { name: 'a', v: '2' },
];
const widget = (spec: object): Draft =>
  ({ apiVersion: 'x.example.com/v1', kind: 'Widget', metadata: { ...place }, spec }) as Draft;

/** A server that does not know `list`, neither in a spec nor in a status. */
function withoutList(): FakeKube {
  const kube = fakeKube();
  const known = <T>(object: T): T =>
    JSON.parse(JSON.stringify(object, (key, value) => (key === 'list' ? undefined : value)));
  const [create, patch] = [kube.create.bind(kube), kube.patch.bind(kube)];
  kube.create = (resource, object, options = {}) => {
    if (options.fieldValidation === 'Strict') throw apiError(400, 'unknown field "spec.list"', 'BadRequest');
    return create(resource, known(object), options);
  };
  kube.patch = (resource, ref, change, options) => patch(resource, ref, known(change), options);
  kube.apply = () => Promise.reject(apiError(500, '.spec.list: field not declared in schema'));
  return kube;
}

function write(kube: FakeKube, write: Write, spec: object, onImmutable: 'fail' | 'recreate' = 'fail') {
  const policy = { exact: false, forceConflicts: false, drift: 'fix', onImmutable } as const;
  const request = {
    resource: widgets,
    main: widget(spec),
    place,
    write,
    digest: 'wanted',
    digestOf: () => 'another',
    context: {},
  };
  return new Writer(kube, policy, { now: () => new Date(0) }).write(request, {});
}

const asNew: Write = { outcome: 'create', why: 'absent', force: false };
const asChange: Write = { outcome: 'update', why: 'changed', force: false };
const lost = { reason: 'not-taken', class: 'lasting', message: expect.stringContaining('spec.list') };
const changesOf = (kube: FakeKube) =>
  JSON.stringify(kube.objects.find(collection, place.namespace, place.name));

test.each([
  ['with a key twice', list],
  ['without', list.slice(1)],
])('a new object %s, of which a field would be lost, is not made', async (_, given) => {
  const kube = withoutList();
  await expect(write(kube, asNew, { list: given })).rejects.toMatchObject(lost);
  expect(changesOf(kube)).toBeUndefined();
});

test.each(['fail', 'recreate'] as const)(
  'one that is there is left as it is, by --on-immutable %s',
  async (how) => {
    const kube = withoutList();
    kube.objects.create(collection, widget({ mode: 'x' }) as KubeObject);
    const before = changesOf(kube);
    await expect(write(kube, asChange, { mode: 'y', list }, how)).rejects.toMatchObject(lost);
    expect(changesOf(kube)).toBe(before);
    expect(kube.calls.map(({ verb }) => verb)).not.toContain('delete');
  },
);

test('where it can not be asked what it makes of a new object, what it lost is a failure all the same', async () => {
  const kube = withoutList();
  kube.objects.create(collection, widget({ mode: 'x' }) as KubeObject);
  kube.apply = (resource, object, options) =>
    kube.patch(resource, place, object, { ...options, type: 'merge' });
  kube.create = () => Promise.reject(apiError(403, 'exceeded quota', 'Forbidden'));
  await expect(write(kube, asChange, { mode: 'y', list }, 'recreate')).rejects.toMatchObject(lost);
  expect(kube.calls.map(({ verb }) => verb)).not.toContain('delete');
});

test('an object that was made anew is looked at too', async () => {
  const kube = withoutList();
  kube.objects.create(collection, widget({ mode: 'x' }) as KubeObject);
  // It would take a new one, as it says to a dry run, and does otherwise: a webhook, say.
  kube.create = (_, object) => Promise.resolve(object);
  kube.apply = (_, object) => {
    const isThere = kube.objects.find(collection, place.namespace, place.name) !== undefined;
    return Promise.resolve({ ...object, spec: isThere ? { mode: 'x', list } : { mode: 'y' } });
  };
  await expect(write(kube, asChange, { mode: 'y', list }, 'recreate')).rejects.toMatchObject(lost);
});

test('a status that would lose a field is a failure of the same kind, and one of another cause stays what it is', async () => {
  const kube = withoutList();
  kube.objects.create(collection, widget({}) as KubeObject);
  const status = (fields: object) => ({ ...widget({}), spec: undefined, status: fields }) as unknown as Draft;
  await expect(applyStatus(kube, widgets, status({ list }), {})).rejects.toMatchObject({
    reason: 'not-taken',
    message: expect.stringContaining('status.list'),
  });
  await expect(applyStatus(kube, widgets, status({ phase: 'ok' }), {})).rejects.toMatchObject({ code: 500 });
});
