import { afterEach, expect, test } from '@jest/globals';
import {
  type Leadership,
  takeLeadership,
} from '../../../../../../plugins/nsreplicate/controller/leading/leadership.ts';
import type { Clock } from '../../../../../../src/clock.ts';
import type { KubeObject, Lease } from '../../../../../../src/kube/api/objects.ts';
import { leases } from '../../../../../../src/kube/api/resources.ts';
import { type FakeClock, fakeClock, settle } from '../../../../support/fake-clock.ts';
import { apiError, FakeCluster } from '../../../../support/fake-cluster.ts';
import { type FakeCall, fakeKube } from '../../../../support/fake-kube.ts';

const collection = `${leases.group}/${leases.plural}`;
const place = 'x8s-nsreplicate';
const ofCluster = 'nsreplicate-krm-controller-lease';
const ended: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

/** A cluster of which several controllers want to carry out KRMSyncers; the holder of a Lease is `somebody` of the test. */
function scene() {
  const objects = new FakeCluster();
  const clock = fakeClock();
  const holderOf = (name: string) =>
    (objects.find(collection, place, name) as Lease | undefined)?.spec?.holderIdentity;
  const hold = (name: string, holderIdentity: string) => {
    const before = objects.find(collection, place, name) as Lease | undefined;
    const metadata = before?.metadata ?? {
      namespace: place,
      name,
      labels: { 'app.kubernetes.io/managed-by': 'kubectl-nsreplicate' },
    };
    const lease = {
      ...before,
      metadata,
      spec: { ...before?.spec, holderIdentity, leaseDurationSeconds: 8 },
    } as KubeObject;
    return before ? objects.replace(collection, lease) : objects.create(collection, lease);
  };
  const controller = (
    namespace?: string,
    before: (call: FakeCall) => void | Promise<void> = () => undefined,
  ) => {
    const own = fakeKube(objects);
    own.before = before;
    const stop = new AbortController();
    const said: string[] = [];
    let leads: Leadership | undefined;
    let failed: unknown;
    const taking = takeLeadership({
      own,
      namespace,
      clock,
      signal: stop.signal,
      info: (text) => said.push(text),
    }).then(
      (leadership) => {
        leads = leadership;
      },
      (error: unknown) => {
        failed = error;
      },
    );
    ended.push(async () => {
      stop.abort();
      await leads?.lock.release();
      await taking;
      await own.close();
    });
    return { said, signal: stop.signal, leads: () => leads, failed: () => failed };
  };
  return { clock, objects, hold, holderOf, controller };
}

/** The Lease of a namespace's controller, whatever it is called. */
const ofTeam = (objects: FakeCluster): string =>
  objects
    .all(collection)
    .map(({ metadata: { name } }) => name ?? '')
    .find((name) => name !== ofCluster) ?? '';

/** The end of a test that has failed ends this too: that must not hide why it failed. */
const notAdmitted = () => undefined;

const wait = async (clock: FakeClock & Clock, ms = 600) => {
  await settle();
  await clock.advance(ms);
  await settle();
};

test('a controller of one namespace holds that one’s Lease only, and stands by while one of all namespaces leads', async () => {
  const { clock, objects, hold, holderOf, controller } = scene();
  hold(ofCluster, 'somebody@far');
  const narrow = controller('team');
  await wait(clock);
  expect([narrow.leads(), narrow.said]).toEqual([undefined, ['somebody@far leads: standing by']]);
  hold(ofCluster, '');
  await wait(clock);
  expect(narrow.leads()?.guardedBy).toMatch(/^krm-controller-/);
  expect([holderOf(ofCluster), holderOf(ofTeam(objects))]).toEqual(['', expect.stringContaining('@')]);
});

test('one of all namespaces leaves a namespace to its own controller until that has ended, and others not', async () => {
  const { clock, objects, hold, controller } = scene();
  const narrow = controller('team');
  await wait(clock);
  const team = ofTeam(objects);
  await narrow.leads()?.lock.release();
  hold(team, 'somebody@far');
  const wide = controller();
  await wait(clock);
  const admitted: string[] = [];
  for (const namespace of ['team', 'other', 'team'])
    void wide
      .leads()
      ?.admit(namespace, wide.signal)
      .then(() => admitted.push(namespace), notAdmitted);
  await wait(clock);
  expect(admitted).toEqual(['other']);
  expect(wide.said).toEqual([
    'namespace team: left to its own controller (somebody@far) until that has ended',
  ]);
  hold(team, '');
  await wait(clock);
  expect(admitted).toEqual(['other', 'team', 'team']);
});

test('one that was stopped while it took its namespace does not begin beside one of all that began meanwhile', async () => {
  const { clock, objects, hold, holderOf, controller } = scene();
  let isFirst = true;
  const narrow = controller('team', async ({ verb, name }) => {
    if (verb !== 'create' || name === ofCluster || !isFirst) return;
    isFirst = false;
    hold(ofCluster, 'somebody@far');
    await clock.advance(20_000);
  });
  await wait(clock);
  await wait(clock);
  expect([narrow.leads(), holderOf(ofTeam(objects))]).toEqual([undefined, '']);
  hold(ofCluster, '');
  await wait(clock);
  expect(narrow.leads()).toBeDefined();
});

const deniesLeases = () => {
  let denies = false;
  return {
    set: (to: boolean) => {
      denies = to;
    },
    before: ({ collection: asked }: FakeCall) => {
      if (denies && asked === collection) throw apiError(403, 'not let', 'Forbidden');
    },
  };
};

test('rights that are lacking from the beginning end it, with their name', async () => {
  const leases = deniesLeases();
  leases.set(true);
  for (const namespace of ['team', undefined]) {
    const { controller } = scene();
    const { failed } = controller(namespace, leases.before);
    await settle();
    expect(failed()).toMatchObject({ code: 403 });
  }
});

test('a namespace whose Lease can not be read for a while is not taken to be free', async () => {
  const { clock, objects, hold, controller } = scene();
  const narrow = controller('team');
  await wait(clock);
  const team = ofTeam(objects);
  await narrow.leads()?.lock.release();
  hold(team, 'somebody@far');
  const leases = deniesLeases();
  const wide = controller(undefined, leases.before);
  await wait(clock);
  leases.set(true);
  const admitted: string[] = [];
  void wide
    .leads()
    ?.admit('team', wide.signal)
    .then(() => admitted.push('team'), notAdmitted);
  // Shorter than the first pause, whatever chance makes of that: later ones may outlast the other's Lease.
  await wait(clock, 400);
  leases.set(false);
  await wait(clock, 3000);
  expect(admitted).toEqual([]);
  expect(wide.said).toEqual([
    expect.stringContaining('; tried again by itself'),
    'namespace team: left to its own controller (somebody@far) until that has ended',
  ]);
  hold(team, '');
  await wait(clock);
  expect(admitted).toEqual(['team']);
});
