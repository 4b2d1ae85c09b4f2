/**
 * Each right of a task, taken away by itself: whoever looks before the first copy, runs, or promotes, is told that verb.
 * What API servers say to it is known from the lab; here they are fakes that say it.
 */
import { describe, expect, test } from '@jest/globals';
import { Informers } from '../../../../../plugins/nsreplicate/cache/informers.ts';
import { chooseKinds } from '../../../../../plugins/nsreplicate/clusters/kinds.ts';
import { examineRights } from '../../../../../plugins/nsreplicate/preflight/doctor.ts';
import { rightsOf } from '../../../../../plugins/nsreplicate/preflight/rights.ts';
import { ruleFor } from '../../../../../plugins/nsreplicate/rules/rule.ts';
import { run } from '../../../../../plugins/nsreplicate/run/run.ts';
import { takeLease } from '../../../../../plugins/nsreplicate/state/lease.ts';
import { readJobs, readStatus } from '../../../../../plugins/nsreplicate/state/state.ts';
import { describePermission, type Permission } from '../../../../../src/kube/cluster/access.ts';
import { fakeClock, hastyClock } from '../../../support/fake-clock.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { type FakeCall, type FakeKube, fakeKube } from '../../../support/fake-kube.ts';
import {
  configMap,
  configMaps,
  namespace,
  namespaces,
  resource,
  sides,
} from '../../../support/replication.ts';

const signal = new AbortController().signal;
const stateNamespace = 'x8s-nsreplicate';
const deployments = 'apps/deployments';
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { replicas: 2 },
};

/** ConfigMaps and Deployments of a namespace, pruned, to a standby; the state is kept in a third cluster. */
function scene() {
  const pruning = { prune: true, claims: false, namespaces: false, definitions: false };
  const rules = [ruleFor('', 'ConfigMap'), ruleFor('apps', 'Deployment')];
  const { from, to, assignment } = sides({ rules, prune: pruning, standby: ['to'] });
  const state = fakeKube(undefined, { context: 'state', server: 'https://state.invalid' });
  const served = (name: string, version: string, ...resources: object[]) => ({
    metadata: { name },
    versions: [{ version, resources }],
  });
  const items = [
    served('apps', 'v1', resource('deployments', 'Deployment')),
    served('autoscaling', 'v2', resource('horizontalpodautoscalers', 'HorizontalPodAutoscaler')),
  ];
  for (const kube of [from, to]) kube.answers.set('/apis', () => ({ kind: 'APIGroupDiscoveryList', items }));
  to.objects.create(namespaces, namespace('shop'));
  const end = () => Promise.all([from.close(), to.close(), state.close()]);
  return { from, to, state, assignment, end };
}

const reviews = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

/** A server that allows all but one thing. */
function allowAllBut(kube: FakeKube, denied: Permission | undefined): void {
  const keyOf = ({ verb, resource: { group, plural }, subresource, namespace: within, name }: Permission) =>
    JSON.stringify([verb, group, plural, subresource, within, name]);
  kube.answers.set('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', () => ({}));
  kube.answers.set(reviews, ({ body }) => {
    const { resourceAttributes: asked } = (body as { spec: { resourceAttributes: Record<string, string> } })
      .spec;
    const { verb, group, resource: plural, subresource, namespace: within, name } = asked;
    const key = JSON.stringify([verb, group, plural, subresource, within, name]);
    return { status: { allowed: denied === undefined || key !== keyOf(denied) } };
  });
}

test('is named by doctor, on the cluster that lacks it, and nothing else is', async () => {
  const { from, to, state, assignment, end } = scene();
  const { kinds } = await chooseKinds(assignment.primary, assignment.spec.rules, { signal });
  const rights = rightsOf(assignment.spec, kinds, { isStateElsewhere: true });
  const found = async () =>
    (await examineRights({ ...assignment, state, signal }))
      .filter(({ verdict }) => verdict === 'denied')
      .map(({ cluster, message }) => `${cluster}: ${message}`);
  for (const kube of [from, to, state]) allowAllBut(kube, undefined);
  expect(await found()).toEqual([]);
  for (const [kube, needs] of [
    [from, rights.primary],
    [to, rights.replica],
    [state, rights.state],
  ] as const)
    for (const need of needs) {
      allowAllBut(kube, need);
      expect(await found()).toEqual([`${kube.cluster.context}: tester may not ${describePermission(need)}`]);
      allowAllBut(kube, undefined);
    }
  const verbs = new Set([...rights.primary, ...rights.replica, ...rights.state].map(({ verb }) => verb));
  expect([...verbs].sort()).toEqual(['create', 'delete', 'get', 'list', 'patch', 'update', 'watch']);
  await end();
});

/** As RBAC names what is asked for. */
const verbOf = ({ verb }: FakeCall): string => (verb === 'apply' ? 'patch' : verb);
const pluralOf = ({ collection }: FakeCall): string => collection.split('/')[1] ?? '';
/** A right that a call needs: its verb, on what, and whether that is state. */
const rightOf = (call: FakeCall): string =>
  `${verbOf(call)} ${call.collection}${call.namespace === stateNamespace ? ' of the state' : ''}`;

const refuse = (call: FakeCall): void => {
  const what = pluralOf(call);
  throw apiError(
    403,
    `${what} is forbidden: User "tester" cannot ${verbOf(call)} resource "${what}"`,
    'Forbidden',
  );
};

/** A watch that copies, changes and deletes objects of both kinds; resolves with all that was said of it. */
async function watched(denied?: { readonly side: string; readonly right: string }) {
  const { from, to, state, assignment, end } = scene();
  const kubes: Record<string, FakeKube> = { from, to, state };
  const asked = new Set<string>();
  for (const [side, kube] of Object.entries(kubes))
    kube.before = (call) => {
      if (call.verb === 'request') return;
      asked.add(`${side} ${rightOf(call)}`);
      if (denied?.side === side && denied.right === rightOf(call)) refuse(call);
    };
  const clock = fakeClock();
  const ended = new AbortController();
  const said: string[] = [];
  from.objects.create(configMaps, configMap('kept'));
  from.objects.create(configMaps, configMap('gone'));
  from.objects.create(deployments, deployment);
  let error: unknown;
  const running = run(assignment, {
    state,
    informers: new Informers(clock),
    clock,
    signal: ended.signal,
    watch: true,
    recorded: 0,
    written: () => undefined,
    startOver: ({ message }) => said.push(message),
    fence: async () => 60_000,
    info: (text) => said.push(text),
    warn: (text) => said.push(text),
    begun: () => undefined,
    compared: () => undefined,
  }).catch((failure: unknown) => {
    error = failure;
  });
  await clock.advance(5000);
  from.objects.create(configMaps, configMap('new'));
  from.objects.replace(configMaps, configMap('kept', '2'));
  from.objects.replace(deployments, { ...deployment, spec: { replicas: 3 } } as never);
  from.objects.delete(configMaps, 'shop', 'gone');
  await clock.advance(20_000);
  for (const kube of Object.values(kubes)) kube.before = () => undefined;
  const kept = JSON.stringify([await readStatus(state, 't'), await readJobs(state, 't')]);
  ended.abort(new Error('ended'));
  await clock.advance(5000);
  await running;
  const copies = [...to.objects.all(configMaps), ...to.objects.all(deployments)].map(
    ({ metadata }) => metadata.name,
  );
  await end();
  return { asked, copies, told: [...said, kept, String(error)].join('\n').replaceAll('\\"', '"') };
}

const unhindered = await watched();

describe('is named by a watch that asks for it:', () => {
  test('all of them together', () => {
    expect(unhindered.copies).toEqual(['kept', 'new', 'web']);
    expect(unhindered.told).not.toContain('cannot');
    expect([...unhindered.asked]).toEqual(
      expect.arrayContaining([
        ...['from list /configmaps', 'from watch /configmaps', 'from get /configmaps'],
        ...[
          'from list autoscaling/horizontalpodautoscalers',
          'from watch autoscaling/horizontalpodautoscalers',
        ],
        ...['from list apps/deployments', 'to patch apps/deployments', 'to watch apps/deployments'],
        ...['to patch /configmaps', 'to delete /configmaps', 'to get /configmaps of the state'],
        ...['state get /secrets of the state', 'state create /secrets of the state'],
      ]),
    );
  });

  // A task whose namespaces are named works without those two, and says so. Who the primary is was asked before the run.
  const granted = [...unhindered.asked].filter(
    (asked) => !['to list /namespaces', 'to watch /namespaces', 'from get /namespaces'].includes(asked),
  );
  test.each(granted)('%s', async (asked) => {
    const [side = '', verb = '', collection = ''] = asked.split(' ');
    const { told } = await watched({ side, right: asked.slice(side.length + 1) });
    expect(told).toContain(`cannot ${verb} resource "${collection.split('/')[1]}"`);
  });
});

test('to read autoscalers holds up nothing while it is lacking, and is said for as long as that is so', async () => {
  const { from, to, state, assignment, end } = scene();
  const clock = fakeClock();
  const ended = new AbortController();
  const said: string[] = [];
  let isRefused = true;
  from.objects.create(deployments, deployment as never);
  from.objects.create('autoscaling/horizontalpodautoscalers', {
    ...{
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web', namespace: 'shop' },
    },
    ...{ spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } } },
  } as never);
  from.before = (call) => {
    if (isRefused && pluralOf(call) === 'horizontalpodautoscalers') refuse(call);
  };
  const running = run(assignment, {
    ...{ state, informers: new Informers(clock), clock, signal: ended.signal, watch: true, recorded: 0 },
    ...{
      written: () => undefined,
      startOver: () => undefined,
      fence: async () => 60_000,
      begun: () => undefined,
    },
    ...{ info: (text) => said.push(text), warn: (text) => said.push(text), compared: () => undefined },
  }).catch(() => undefined);
  await clock.advance(10_000);
  const notes = async () => (await readStatus(state, 't'))?.notes;
  const note = expect.stringMatching(
    /^autoscalers can't be read, so replicas are copied as they are: .*cannot list/,
  );
  expect([to.objects.all(deployments).length, await notes(), said.length]).toEqual([1, [note], 1]);
  isRefused = false;
  await clock.advance(60_000);
  expect([await notes(), said.length]).toEqual([[], 1]);
  ended.abort(new Error('ended'));
  await clock.advance(5000);
  await running;
  await end();
});

describe('to the Lease is named by who takes it, or loses it:', () => {
  test.each(['get', 'create', 'update'])('%s', async (verb) => {
    const kube = fakeKube();
    const clock = hastyClock();
    const request = { kube, task: 't', purpose: 'watch', clock, signal };
    if (verb === 'update') await (await takeLease(request)).release();
    kube.before = (call) => {
      if (call.collection.endsWith('/leases') && call.verb === verb) refuse(call);
    };
    await expect(takeLease(request)).rejects.toThrow(`cannot ${verb} resource "leases"`);
    await kube.close();
  });
});
