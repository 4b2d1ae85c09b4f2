import { expect, test } from '@jest/globals';
import {
  isMember,
  participants,
  silenceOf,
  standingOf,
} from '../../../../../../plugins/nsreplicate/commands/base/participants.ts';
import { blankState } from '../../../../../../plugins/nsreplicate/state/saved-state.ts';
import { stateDocument, type TaskStatus } from '../../../../../../plugins/nsreplicate/state/state.ts';
import { metadataOf } from '../../../../../../plugins/nsreplicate/state/task-objects.ts';
import type { KubeCommandContext } from '../../../../../../src/cli/kube-command.ts';
import { UnreachableError, UsageError } from '../../../../../../src/errors.ts';
import { apiError, FakeCluster } from '../../../../support/fake-cluster.ts';
import { type FakeCall, type FakeKube, fakeKube } from '../../../../support/fake-kube.ts';

const servers = { prod: 'https://prod.invalid', standby: 'https://standby.invalid' };

/** Two clusters and a task from prod to standby, as a workstation sees them by its contexts. */
function workstation(
  contexts: Readonly<Record<string, { cluster: 'prod' | 'standby'; server: string }>>,
  before: (context: string, call: FakeCall) => void = () => undefined,
) {
  const clusters = { prod: new FakeCluster(), standby: new FakeCluster() };
  // So that the uids of the two differ.
  clusters.standby.create('/namespaces', { metadata: { name: 'default' } });
  const ids = Object.fromEntries(
    Object.entries(clusters).map(([name, cluster]) => [
      name,
      cluster.create('/namespaces', { metadata: { name: 'kube-system' } }).metadata.uid ?? '',
    ]),
  );
  const status = {
    phase: 'Comparing',
    startedAt: '2026-01-01T00:00:00Z',
    primary: { name: 'prod', server: servers.prod },
    replicas: [
      { name: 'standby', server: servers.standby, behind: { pending: 7, oldestMs: 2000 }, failed: 1 },
    ],
  } as unknown as TaskStatus;
  const saved = { ...blankState(), primary: ids.prod, clusters: { standby: ids.standby ?? '' } };
  clusters.prod.create('/configmaps', {
    metadata: metadataOf('t', 'state'),
    ...{ data: stateDocument(status, saved).data },
  });
  const kubes = new Map<string, FakeKube>(
    Object.entries(contexts).map(([name, { cluster, server }]) => [
      name,
      fakeKube(clusters[cluster], { context: name, server }),
    ]),
  );
  for (const [name, one] of kubes) one.before = (call) => before(name, call);
  const kube = async (name: string) => {
    const found = kubes.get(name);
    if (!found) throw new UsageError(`no context ${name}`);
    return found;
  };
  const kubeByServer = async (server: string) => {
    const found = [...kubes.values()].find((one) => one.cluster.server === server);
    if (!found) throw new UnreachableError(`no context leads to ${server}`);
    return found;
  };
  const context = { kube, kubeByServer, signal: new AbortController().signal };
  return participants(context as unknown as KubeCommandContext, 't', () => kube('prod'));
}

const prod = { cluster: 'prod', server: servers.prod } as const;

test('a cluster is found under the address that the task knows, whatever its context is called', async () => {
  const { clusters, silent } = await workstation({
    prod,
    other: { cluster: 'standby', server: servers.standby },
  });
  expect([clusters.map(({ name }) => name), silent.map(silenceOf)]).toEqual([['prod', 'standby'], []]);
});

test('a cluster that this workstation reaches by another address is found by its name and known by its id', async () => {
  const found = await workstation({
    prod,
    standby: { cluster: 'standby', server: 'https://vpn.invalid' },
  });
  const { clusters, members, silent } = found;
  expect([clusters.map(({ name }) => name), silent.map(silenceOf)]).toEqual([['prod', 'standby'], []]);
  const [first, standby] = clusters;
  expect(members?.map((member) => standby && isMember(member, standby))).toEqual([false, true]);
  const known = { behind: { pending: 7, oldestMs: 2000 }, failed: 1, isCompared: false };
  expect(standby && standingOf(found, standby)).toMatchObject(known);
  expect(first && standingOf(found, first)).toBeUndefined();
});

test('another cluster of that name is none of the task', async () => {
  const { clusters, silent } = await workstation({
    prod,
    standby: { cluster: 'prod', server: 'https://vpn.invalid' },
  });
  expect([clusters.map(({ name }) => name), silent.map(silenceOf)]).toEqual([
    ['prod'],
    ['standby: no context leads to https://standby.invalid'],
  ]);
});

test('a state without the task has no members', async () => {
  const { state, members } = await workstation({ prod: { cluster: 'standby', server: servers.standby } });
  expect([state?.cluster.context, members]).toEqual(['prod', undefined]);
});

const standby = { cluster: 'standby', server: servers.standby } as const;

test.each([401, 500, 502, 503])(
  'a cluster that answers with %d is as one that does not answer: another replica, and what keeps the state',
  async (code) => {
    const failing = (what: string) => (context: string) => {
      if (context === what) throw apiError(code, 'no healthy upstream');
    };
    const replica = await workstation({ prod, standby }, failing('standby'));
    expect([replica.clusters.map(({ name }) => name), replica.silent.map(silenceOf)]).toEqual([
      ['prod'],
      [expect.stringMatching(/^standby: .*no healthy upstream/)],
    ]);
    const { state, members, silent } = await workstation({ prod, standby }, failing('prod'));
    expect([state, members, silent.map(silenceOf)]).toEqual([
      undefined,
      undefined,
      [expect.stringMatching(/^what keeps the task's state: .*no healthy upstream/)],
    ]);
  },
);

test('a context that there is not is no cluster that fails', async () => {
  await expect(workstation({ standby })).rejects.toMatchObject({ exitCode: 2 });
});
