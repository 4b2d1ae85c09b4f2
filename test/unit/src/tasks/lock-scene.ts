/** What the tests of locks share: two workstations and one cluster. */
import { UnreachableError } from '../../../../src/errors.ts';
import { acquire, type LockOptions } from '../../../../src/tasks/lock.ts';
import { taskLabels } from '../../../../src/tasks/names.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';
import { FakeCluster } from '../../support/fake-cluster.ts';
import { type FakeKube, fakeKube } from '../../support/fake-kube.ts';

export const ref = { namespace: 'prod', name: 'x8sync-claim-1' };
export const unreachable = () => {
  throw new UnreachableError('no route to host');
};

/** A person's client of the cluster, and how they would take the lock. */
export function workstation(cluster: FakeCluster, clock: FakeClock, who = 'alice@laptop') {
  const kube = fakeKube(cluster);
  const options: LockOptions = {
    ...ref,
    labels: taskLabels('x8sync', 'web', 'target'),
    about: 'claim prod/data',
    purpose: 'task web',
    holder: `${who} pid=4242 id=${who}`,
    clock,
    liveness: () => 'unknown',
  };
  return { kube, options };
}

/** Two people, one cluster, one clock. */
export function scene() {
  const cluster = new FakeCluster();
  const clock = fakeClock();
  const alice = workstation(cluster, clock, 'alice@laptop');
  const bob = workstation(cluster, clock, 'bob@desk');
  return { cluster, clock, alice, bob };
}

/** What a promise has come to by now. */
export function watched<T>(promise: Promise<T>) {
  const state: { value?: T; error?: unknown } = {};
  promise.then(
    (value) => Object.assign(state, { value }),
    (error) => Object.assign(state, { error }),
  );
  return state;
}

export const take = (
  { kube, options }: { kube: FakeKube; options: LockOptions },
  more: Partial<LockOptions> = {},
) => acquire(kube, { ...options, ...more });
