import { expect, test } from '@jest/globals';
import { type Endpoint, openEndpoint } from '../../../../../plugins/x8sync/connect/endpoint.ts';
import { reachSource } from '../../../../../plugins/x8sync/connect/reach.ts';
import { ladderOf, type NetworkStrategy } from '../../../../../plugins/x8sync/connect/strategies.ts';
import type { MoverWatch } from '../../../../../plugins/x8sync/monitor/mover-watch.ts';
import type { TaskSide } from '../../../../../plugins/x8sync/objects/sides.ts';
import { ApiError } from '../../../../../src/kube/api/api-error.ts';
import { nodes, services } from '../../../../../src/kube/api/resources.ts';
import { fakeClock, settle } from '../../../support/fake-clock.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';

const reviews = '/apis/authorization.k8s.io/v1';

function sideOf(kube: FakeKube, role: string): TaskSide {
  const meta = { name: `x8sync-db-${role}`, namespace: 'shop', labels: {}, ownerReferences: [] };
  return { kube, ...meta, meta, selector: {}, selectorText: '' };
}

/** A mover of which a test says when it is connected. */
function fakeWatch() {
  const connected = Promise.withResolvers<void>();
  const messages: { address?: string; killed?: string } = {};
  const watch = {
    serving: Promise.resolve(),
    started: Promise.resolve('mover-1'),
    connected: () => connected.promise,
    end: new Promise(() => {}),
    onPod: () => {},
    sourcePods: { started: Promise.resolve('source-0'), on: () => {} },
    messages: Object.assign(messages, {
      addDiagnostic: () => {},
      diagnostics: ['source: the target does not answer: no route to host'],
    }),
  } as unknown as MoverWatch;
  const connect = (address?: string) => {
    if (address !== undefined) messages.address = address;
    connected.resolve();
  };
  return { watch, connect, messages };
}

async function scene(strategies: readonly NetworkStrategy['name'][]) {
  const kube = fakeKube(undefined, { context: 'one' });
  kube.answers.set(`${reviews}/selfsubjectrulesreviews`, () => ({ status: {} }));
  kube.answers.set(`${reviews}/selfsubjectaccessreviews`, () => ({ status: { allowed: true } }));
  const conditions = [{ type: 'Ready', status: 'True' as const }];
  const addresses = [{ type: 'InternalIP', address: '192.0.2.1' }];
  await kube.create(nodes, { metadata: { name: 'n' }, status: { conditions, addresses } } as never);
  const source = sideOf(kube, 'source');
  const clock = fakeClock();
  const { signal } = new AbortController();
  const { network } = ladderOf(strategies, { isOneCluster: false, isMountable: false });
  const { watch, connect, messages } = fakeWatch();
  const target = sideOf(fakeKube(undefined, { context: 'two' }), 'target');
  const context = { source, target, watch, notes: ['no NetworkPolicy'], timeoutMs: 1000, clock, signal };
  const open = () => openEndpoint(source, network as Endpoint['strategies'], { timeoutMs: 1000, signal });
  return { kube, source, clock, context, connect, open, messages };
}

const handle = { title() {}, detail() {}, progress() {}, warn() {} };

test('the first strategy that answers wins, and no Service is changed for another one', async () => {
  const { kube, source, context, connect, open } = await scene(['nodeport', 'loadbalancer']);
  const reached = reachSource(await open(), ['192.0.2.1:30000'], context, handle);
  await settle();
  connect();
  expect(await reached).toBe('nodeport');
  expect((await kube.get(services, source.meta)).spec.type).toBe('NodePort');
});

test('one that does not answer in time gives way, and the end of the ladder names every cause', async () => {
  const { kube, clock, context, open } = await scene(['nodeport', 'loadbalancer']);
  kube.before = ({ verb }) => {
    if (verb === 'patch') throw new ApiError(403, undefined, 'no load balancers here');
  };
  const reached = reachSource(await open(), ['192.0.2.1:30000'], context, handle);
  const failed = expect(reached).rejects.toMatchObject({
    exitCode: 4,
    details: [
      'nodeport: no answer from 192.0.2.1:30000',
      'loadbalancer: no load balancers here; without node ports: no load balancers here',
      'no NetworkPolicy',
    ],
    hint: expect.stringMatching(/--strategy/),
  });
  await clock.advance(20_000);
  await failed;
});

test('a load balancer that nobody asked for, and that may be public, is passed over, with what to give for it', async () => {
  const { kube, source, clock, context, connect, open } = await scene([]);
  const told: string[] = [];
  // A relay can't be joined here: that this run comes to it is what counts.
  const reached = reachSource(await open(), ['192.0.2.1:30000'], context, {
    ...handle,
    detail: (text) => told.push(text),
  });
  const failed = expect(reached).rejects.toMatchObject({
    details: [
      'nodeport: no answer from 192.0.2.1:30000',
      expect.stringMatching(
        /^loadbalancer: it might get an address on the internet.*--strategy loadbalancer/,
      ),
      expect.stringMatching(/^relay: /),
      'no NetworkPolicy',
    ],
  });
  await clock.advance(20_000);
  await failed;
  expect(told).toEqual(['trying nodeport', 'trying loadbalancer', 'trying relay']);
  expect((await kube.get(services, source.meta)).spec.type).toBe('NodePort');
  expect(kube.calls.filter(({ verb }) => verb === 'patch')).toEqual([]);
  connect();
});

test('nor is it made where the node port is refused', async () => {
  const { kube, open } = await scene([]);
  kube.before = ({ verb, collection }) => {
    if (verb === 'create' && collection === '/services') throw new ApiError(403, undefined, 'no node ports');
  };
  expect(await open()).toMatchObject({
    service: undefined,
    strategies: [{ name: 'relay' }],
    declined: ['nodeport: no node ports', expect.stringMatching(/^loadbalancer: .*node n tells no provider/)],
  });
});

test('where a pod was killed for memory meanwhile, the way to it is not blamed', async () => {
  const { clock, context, open, messages } = await scene(['nodeport']);
  const reached = reachSource(await open(), ['192.0.2.1:30000'], context, handle);
  messages.killed = 'pod mover-1 was killed for memory (OOMKilled, 10:00)';
  const failed = expect(reached).rejects.toMatchObject({
    exitCode: 1,
    message: expect.stringMatching(/^pod mover-1 was killed for memory/),
    details: expect.arrayContaining(['nodeport: no answer from 192.0.2.1:30000']),
    hint: expect.stringMatching(/^--memory/),
  });
  await clock.advance(20_000);
  await failed;
});

test('what was tried before the one that answers is told', async () => {
  const { kube, clock, context, connect, open } = await scene(['nodeport', 'loadbalancer']);
  const told: string[] = [];
  const endpoint = await open();
  const ingress = [{ ip: '192.0.2.9' }];
  const reached = reachSource(endpoint, ['192.0.2.1:30000'], context, {
    ...handle,
    warn: (text) => told.push(text),
  });
  await clock.advance(20_000);
  // By the time that the load balancer has an address, the mover has found its way by it.
  connect();
  const service = await kube.get(services, context.source.meta);
  await kube.replace(services, { ...service, status: { loadBalancer: { ingress } } });
  expect(await reached).toBe('loadbalancer');
  expect(told).toEqual(['Not nodeport: no answer from 192.0.2.1:30000; loadbalancer is used instead.']);
});

test('one that answers late, after another was opened, is the one that is named, and nothing is said against it', async () => {
  const { kube, clock, context, connect, open } = await scene(['nodeport', 'loadbalancer']);
  const told: string[] = [];
  const reached = reachSource(await open(), ['192.0.2.1:30000'], context, {
    ...handle,
    warn: (text) => told.push(text),
  });
  await clock.advance(20_000);
  connect('192.0.2.1:30000');
  const ingress = [{ ip: '192.0.2.9' }];
  const service = await kube.get(services, context.source.meta);
  await kube.replace(services, { ...service, status: { loadBalancer: { ingress } } });
  expect(await reached).toBe('nodeport');
  expect(told).toEqual([]);
});

test('a mover that an earlier run has connected by another address is not told as one that this run has', async () => {
  const { context, connect, open } = await scene(['nodeport']);
  const told: string[] = [];
  const reached = reachSource(await open(), ['192.0.2.1:30000'], context, {
    ...handle,
    warn: (text) => told.push(text),
  });
  connect('10.0.0.7:2222');
  expect(await reached).toBeUndefined();
  expect(told).toEqual([expect.stringMatching(/an earlier run, 10\.0\.0\.7:2222: nodeport is for when/)]);
});

test('what the cluster declines when the Service is made is named as well', async () => {
  const { kube, open } = await scene(['nodeport', 'clusterip']);
  let tries = 0;
  kube.before = ({ verb, collection }) => {
    if (verb !== 'create' || collection !== '/services') return;
    tries += 1;
    if (tries === 1) throw new ApiError(403, undefined, 'no node ports here');
  };
  expect(await open()).toMatchObject({
    strategies: [{ name: 'clusterip' }],
    declined: ['nodeport: no node ports here'],
  });
});

test('a relay needs no Service', async () => {
  const { kube, open } = await scene(['relay']);
  expect(await open()).toMatchObject({ service: undefined, strategies: [{ name: 'relay' }] });
  expect((await kube.list(services)).items).toEqual([]);
});

test('a mover that has ended by itself needs no relay any more, and its own end is what counts', async () => {
  const { context, connect, open } = await scene(['relay']);
  connect();
  const end = Promise.resolve({ outcome: 'closed' });
  const watch = { ...context.watch, serving: new Promise(() => {}), end } as unknown as MoverWatch;
  expect(await reachSource(await open(), ['relay'], { ...context, watch }, handle)).toBe('relay');
});

test('where the source dials, the Service is the target’s, and the source says why it gets no answer', async () => {
  const { source, clock, context } = await scene([]);
  const { target } = context;
  const { network } = ladderOf([], { isOneCluster: false, isMountable: false, push: true });
  expect(network.map(({ name }) => name)).toEqual(['nodeport', 'loadbalancer']);
  const [nodeport] = network as Endpoint['strategies'];
  const endpoint = await openEndpoint(target, [nodeport], context);
  expect((await target.kube.get(services, target.meta)).spec.type).toBe('NodePort');
  const reached = reachSource(endpoint, ['198.51.100.7:30000'], { ...context, push: true }, handle);
  const failed = expect(reached).rejects.toMatchObject({
    exitCode: 4,
    message: "pods in one can't reach the target's SSH service shop/x8sync-db-target in two",
    details: [
      'nodeport: no answer from 198.51.100.7:30000',
      'no NetworkPolicy',
      'source: the target does not answer: no route to host',
    ],
    hint: expect.stringMatching(/--target-host/),
  });
  await clock.advance(20_000);
  await failed;
  expect((await source.kube.list(services)).items).toEqual([]);
});
