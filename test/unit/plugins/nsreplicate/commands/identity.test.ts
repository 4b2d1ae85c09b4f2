/** Who a cluster is does not hang on who asks, or when: what was known by its uid stays known by it. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  type Opened,
  openTask,
  type TaskFlags,
} from '../../../../../plugins/nsreplicate/commands/base/open-task.ts';
import { DemoteCommand } from '../../../../../plugins/nsreplicate/commands/demote.ts';
import { PromoteCommand } from '../../../../../plugins/nsreplicate/commands/promote.ts';
import { raiseEpoch, readEpoch } from '../../../../../plugins/nsreplicate/state/epoch.ts';
import { readPromotion, writePromotion } from '../../../../../plugins/nsreplicate/state/promotion.ts';
import { blankState } from '../../../../../plugins/nsreplicate/state/saved-state.ts';
import { stateDocument, type TaskStatus } from '../../../../../plugins/nsreplicate/state/state.ts';
import { metadataOf } from '../../../../../plugins/nsreplicate/state/task-objects.ts';
import { hastyClock } from '../../../support/fake-clock.ts';
import { apiError, FakeCluster } from '../../../support/fake-cluster.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';
import { runFake } from '../../../support/fake-plugin.ts';
import { groups, namespace, namespaces, resource } from '../../../support/replication.ts';

type Name = 'prod' | 'standby';
let kubes: Record<Name, FakeKube>;
const serverOf = (name: string) => `https://${name}.invalid`;
const uidOf = (name: Name) =>
  kubes[name].objects.find(namespaces, undefined, 'kube-system')?.metadata.uid ?? '';

beforeEach(() => {
  const made = (name: Name, ...others: string[]) => {
    const objects = new FakeCluster();
    for (const one of [...others, 'kube-system', 'x8s-nsreplicate', 'shop'])
      objects.create(namespaces, namespace(one));
    const kube = fakeKube(objects, { context: name, server: serverOf(name) });
    const core = [resource('namespaces', 'Namespace', 'Cluster'), resource('configmaps', 'ConfigMap')];
    kube.answers.set('/api', () => groups('', ...core));
    kube.answers.set('/apis', () => groups('apps'));
    return kube;
  };
  // So that their uids differ.
  kubes = { prod: made('prod'), standby: made('standby', 'other') };
});
afterEach(() => Promise.all(Object.values(kubes).map((kube) => kube.close())));

/** Nobody may ask it who it is: the right is missing, or its API server has not read its roles yet. */
function conceal(...names: Name[]): void {
  for (const name of names)
    kubes[name].before = (call) => {
      if (call.collection === namespaces && call.name === 'kube-system')
        throw apiError(403, 'namespaces "kube-system" is forbidden', 'Forbidden');
    };
}

/** The task has run from prod to standby, by who may ask both who they are. */
function haveRun(): void {
  const status = {
    phase: 'Watching',
    primary: { name: 'prod', server: serverOf('prod') },
    replicas: [{ name: 'standby', server: serverOf('standby'), behind: { pending: 0 }, failed: 0 }],
  } as unknown as TaskStatus;
  const saved = { ...blankState(), primary: uidOf('prod'), clusters: { standby: uidOf('standby') } };
  const { data } = stateDocument(status, saved);
  kubes.prod.objects.create('/configmaps', { metadata: metadataOf('t', 'state'), ...{ data } });
}

const run = (command: string, ...args: string[]) =>
  runFake([command, ...args, '--name', 't', '-y'], [PromoteCommand, DemoteCommand], {
    kubeAccess: {
      connect: async ({ context }) => kubes[context as Name],
      contexts: async () => Object.keys(kubes),
      contextsOfServer: async (server) => Object.keys(kubes).filter((name) => serverOf(name) === server),
    },
    clock: hastyClock(),
    columns: 200,
  });

const promote = () => run('promote', 'standby', '--primary', 'prod', '--primary-lost');

test('a cluster that does not tell who it is, and never did, is not promoted: the right is named', async () => {
  kubes.standby.objects.create('/configmaps', {
    metadata: { name: 'a', namespace: 'shop', labels: { 'x8s.dev/replica-of': 't' } },
  });
  conceal('standby');
  const { exitCode, stderr } = await promote();
  expect([exitCode, stderr]).toEqual([4, expect.stringContaining('may not get namespaces "kube-system"')]);
  expect(stderr).toContain('rbac --doing promote');
  expect([await readEpoch(kubes.standby, 't'), await readPromotion(kubes.standby, 't')]).toEqual([
    undefined,
    undefined,
  ]);
});

test("it is promoted by the uid by which the task's state knows what is at its address", async () => {
  haveRun();
  conceal('prod', 'standby');
  const { exitCode } = await promote();
  const leader = uidOf('standby');
  expect([exitCode, await readEpoch(kubes.prod, 't')]).toEqual([0, expect.objectContaining({ leader })]);
  expect(await readPromotion(kubes.standby, 't')).toMatchObject({ phase: 'Done', cluster: leader });
});

test('a demotion needs to know both clusters by what they are', async () => {
  const leader = uidOf('standby');
  await raiseEpoch(kubes.standby, 't', { number: 1, leader, leaderName: 'standby', raisedAt: '' });
  conceal('prod');
  const { exitCode, stderr } = await run('demote', 'prod', '--primary', 'standby', '--kinds', 'configmaps');
  expect([exitCode, stderr]).toEqual([
    4,
    expect.stringMatching(/prod does not tell which cluster it is.*may not get namespaces "kube-system"/s),
  ]);
});

function open(primary: Name, replica: Name): Promise<Opened> {
  const flags: Partial<TaskFlags> = { name: 't', primary, replica: [replica], kinds: [], map: [] };
  return openTask(
    { ...flags, syncNamespaces: [], brake: {} } as unknown as TaskFlags,
    {
      context: async (name) => kubes[name as Name],
      contexts: async () => Object.keys(kubes),
      file: () => Promise.reject(new Error('no file')),
    },
    { watches: false, signal: new AbortController().signal },
  );
}

test('clusters that a task knew stay the same while they may not be asked', async () => {
  haveRun();
  const before = await open('prod', 'standby');
  conceal('prod', 'standby');
  const now = await open('prod', 'standby');
  const ids = ({ primary, replicas }: Opened) => [primary.id, ...replicas.map(({ id }) => id)];
  expect(ids(before)).toEqual([uidOf('prod'), uidOf('standby')]);
  expect(ids(now)).toEqual(ids(before));
});

test('a new primary without a state of its own is known by the record of its promotion', async () => {
  const cluster = uidOf('standby');
  await writePromotion(kubes.standby, 't', { epoch: 1, phase: 'Done', startedAt: '', cluster });
  conceal('standby');
  expect((await open('standby', 'prod')).primary.id).toBe(cluster);
});

test('one that nothing is known of is known by its address, and a state that can not be read now is no such thing', async () => {
  conceal('prod');
  expect((await open('prod', 'standby')).primary.id).toMatch(/^server-/);
  haveRun();
  const denied = kubes.prod.before;
  kubes.prod.before = (call) => {
    if (call.name === metadataOf('t', 'state').name) throw apiError(500, 'etcdserver: no leader');
    return denied(call);
  };
  await expect(open('prod', 'standby')).rejects.toMatchObject({ code: 500 });
});
