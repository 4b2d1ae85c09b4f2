import { expect, test } from '@jest/globals';
import { GRACE_MS } from '../../../../../plugins/nsreplicate/failover/fence.ts';
import { planPromotion } from '../../../../../plugins/nsreplicate/failover/plan.ts';
import { promote } from '../../../../../plugins/nsreplicate/failover/promote.ts';
import { raiseEpoch, readEpoch } from '../../../../../plugins/nsreplicate/state/epoch.ts';
import { rightToWrite, takeLease } from '../../../../../plugins/nsreplicate/state/lease.ts';
import {
  type PromotionPhase,
  readPromotion,
  writePromotion,
} from '../../../../../plugins/nsreplicate/state/promotion.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import { fakeClock, hastyClock } from '../../../support/fake-clock.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { fakeKube } from '../../../support/fake-kube.ts';
import {
  awake,
  deployments,
  held,
  optionsFor,
  run,
  scene,
  statefulSets,
} from '../../../support/promotion.ts';
import { groups } from '../../../support/replication.ts';

test('fences all clusters before it wakes anything, and wakes in order', async () => {
  const { connect, told } = scene();
  const order: string[] = [];
  const kubes = connect((kube, { verb, collection, name = '' }) => {
    if (verb === 'create' && name.endsWith('-epoch')) order.push(`epoch on ${kube}`);
    if (verb === 'patch' && collection !== '/configmaps') order.push(name);
  });
  const report = await run(optionsFor(kubes));
  expect(order).toEqual(['epoch on to', 'epoch on from', 'db', 'web', 'edge', 'nightly']);
  expect(told()).toEqual(awake);
  expect(report).toMatchObject({
    epoch: 1,
    open: [],
    woken: expect.arrayContaining(['Deployment shop/web']),
  });
  expect(await readPromotion(kubes.to, 't')).toMatchObject({ epoch: 1, phase: 'Done' });
});

test('a plan writes nothing', async () => {
  const { connect } = scene();
  const kubes = connect();
  const plan = await planPromotion(optionsFor(kubes));
  const writes = [...kubes.from.calls, ...kubes.to.calls].filter(
    ({ verb }) => !['get', 'list', 'request'].includes(verb),
  );
  expect([writes, plan.epoch.number, plan.order.waves.length]).toEqual([[], 1, 4]);
});

test('interrupted anywhere, the same command ends in the same state, and wakes nothing before all are fenced', async () => {
  let calls = 0;
  const counted = scene();
  await run(optionsFor(counted.connect(() => calls++)));
  expect(calls).toBeGreaterThan(20);
  for (let cut = 0; cut < calls; cut++) {
    const { connect, told } = scene();
    let count = 0;
    const kubes = connect(() => {
      if (count++ >= cut) throw new UnreachableError('the network is cut');
    });
    await run(optionsFor(kubes)).catch((error: unknown) => {
      if (!(error instanceof UnreachableError)) throw error;
    });
    const later = connect();
    const isAnyAwake = told().some(([, spec]) => JSON.stringify(spec).match(/[123]|false/));
    if (isAnyAwake)
      for (const kube of [later.from, later.to])
        expect(await readEpoch(kube, 't')).toMatchObject({ number: 1 });
    const report = await run(optionsFor(later));
    expect({ cut, told: told(), open: report.open, epoch: report.epoch }).toEqual({
      cut,
      told: awake,
      open: [],
      epoch: 1,
    });
  }
}, 20_000);

test('wakes nothing once another replica was promoted', async () => {
  const { connect, told } = scene();
  const kubes = connect();
  const options = optionsFor(kubes);
  const plan = await planPromotion(options);
  const other = { number: 2, leader: 'C', leaderName: 'third', raisedAt: '2026-01-01T00:00:00.000Z' };
  await raiseEpoch(kubes.from, 't', other);
  await expect(promote(plan, options)).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringContaining('third was promoted meanwhile (epoch 2'),
  });
  expect(told().map(([, spec]) => spec)).toEqual([
    { replicas: 0 },
    { replicas: 0 },
    { replicas: 0 },
    { suspend: true },
  ]);
});

test('wakes what is there once the task is fenced, though it was not there when the plan was shown', async () => {
  const { connect, told, objects } = scene();
  const kubes = connect();
  const options = optionsFor(kubes);
  const plan = await planPromotion(options);
  objects.to.create(deployments, held('late', 'replicas=4', { replicas: 0 }));
  objects.to.replace(deployments, held('web', 'replicas=5', { replicas: 0 }));
  objects.to.delete(statefulSets, 'shop', 'db');
  const report = await promote(plan, options);
  expect(report).toMatchObject({ open: [], woken: expect.arrayContaining(['Deployment shop/late']) });
  expect(told()).toEqual([
    ['edge', { replicas: 3 }],
    ['late', { replicas: 4 }],
    ['web', { replicas: 5 }],
    ['nightly', { suspend: false }],
  ]);
});

test('of two that were promoted and could not see each other, the one that is promoted again leads', async () => {
  const { connect } = scene();
  const kubes = connect();
  const third = { number: 1, leader: 'C', leaderName: 'third', raisedAt: '2026-01-01T00:00:00.000Z' };
  await run(optionsFor(kubes, { others: [] }));
  await raiseEpoch(kubes.from, 't', third);
  expect(await run(optionsFor(kubes))).toMatchObject({ epoch: 2, open: [] });
  expect(await readEpoch(kubes.from, 't')).toMatchObject({ number: 2, leader: 'B' });
});

test('what is not ready in time is reported, and the rest is woken all the same', async () => {
  const { connect, told } = scene();
  const kubes = connect();
  kubes.to.after = () => undefined;
  const report = await run(optionsFor(kubes));
  expect(report.open).toEqual([
    { workload: 'StatefulSet shop/db', why: '0 of 1 pods are ready' },
    { workload: 'Deployment shop/web', why: '0 of 2 pods are ready' },
    { workload: 'Deployment shop/edge', why: '0 of 3 pods are ready' },
  ]);
  expect(told()).toEqual(awake);
  expect(await readPromotion(kubes.to, 't')).toMatchObject({ phase: 'Incomplete' });
});

test('what the replica refuses to wake is reported, and the rest is woken all the same', async () => {
  const { connect, told } = scene();
  const kubes = connect((_kube, { verb, name }) => {
    if (verb === 'patch' && name === 'web') throw apiError(403, 'a webhook says no', 'Forbidden');
  });
  const report = await run(optionsFor(kubes));
  expect(report.open).toEqual([
    { workload: 'Deployment shop/web', why: expect.stringContaining('a webhook says no') },
  ]);
  expect(told()).toEqual(awake.map(([name, spec]) => [name, name === 'web' ? { replicas: 0 } : spec]));
  expect(await readPromotion(kubes.to, 't')).toMatchObject({ phase: 'Incomplete' });
  expect(await run(optionsFor(connect()))).toMatchObject({ woken: ['Deployment shop/web'], open: [] });
});

test('a cluster without a copy of the task is refused', async () => {
  const { connect } = scene();
  await expect(planPromotion(optionsFor(connect(), { task: 'other' }))).rejects.toMatchObject({
    exitCode: 3,
  });
});

test('the primary is not promoted before another cluster was', async () => {
  const { connect } = scene();
  const itself = { takesPart: true, isPrimary: true };
  await expect(planPromotion(optionsFor(connect(), itself))).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringContaining('is the primary of task t already'),
  });
});

test('a promotion that is done is no reason to wait until the new primary’s own run has ended', async () => {
  const { connect } = scene();
  const kubes = connect();
  await run(optionsFor(kubes));
  const said: string[] = [];
  const holder = await takeLease({
    ...{ kube: kubes.to, task: 't', purpose: 'watch', clock: hastyClock() },
    signal: new AbortController().signal,
  });
  await run(optionsFor(kubes, { state: kubes.to, isPrimary: true, info: (text) => said.push(text) }));
  await holder.release();
  expect(said.join('\n')).not.toMatch(/task has ended/);
});

test('what a controller works on is waited for, though its own Lease is free', async () => {
  const { connect } = scene();
  const waits = async (guardedBy: string | undefined) => {
    const hasty = hastyClock();
    const slept: number[] = [];
    const sleep = (ms: number, signal?: AbortSignal) => {
      slept.push(ms);
      return hasty.sleep(ms, signal);
    };
    await run(optionsFor(connect(), { clock: { ...hasty, sleep }, guardedBy }));
    return slept.includes(GRACE_MS);
  };
  expect([await waits(undefined), await waits('krm-controller')]).toEqual([false, true]);
});

test.each<[PromotionPhase, boolean]>([
  ['Fencing', true],
  ['Waking', true],
  ['Incomplete', false],
  ['Done', false],
])(
  'a promotion of another cluster that is %s may have a write under way there, or not',
  async (phase, isWaited) => {
    const { connect } = scene();
    const kubes = connect();
    const third = fakeKube(undefined, { server: 'https://third.invalid' });
    await writePromotion(third, 't', { epoch: 1, phase, startedAt: '2026-01-01T00:00:00.000Z' });
    const clock = fakeClock();
    const others = [
      { name: 'prod', id: 'A', kube: kubes.from },
      { name: 'third', id: 'C', kube: third },
    ];
    let isOver = false;
    const promoting = run(optionsFor(kubes, { clock, others })).then(() => {
      isOver = true;
    });
    await clock.advance(GRACE_MS - 1);
    expect(isOver).toBe(!isWaited);
    await clock.advance(5000);
    await promoting;
    await third.close();
  },
);

test('a run that has died, and not ended, may have a write under way: its Lease is waited for, which lasts longer', async () => {
  const { connect } = scene();
  const kubes = connect();
  const from = kubes.from;
  const ended = new AbortController();
  // It stands still: its Lease is not renewed any more.
  await takeLease({
    kube: from,
    task: 't',
    purpose: 'watch',
    holder: 'another@host (1)',
    clock: fakeClock(),
    signal: ended.signal,
  });
  const clock = fakeClock();
  kubes.to.before = ({ verb }) => {
    if (verb === 'patch') wokenAt ||= clock.monotonic();
  };
  let wokenAt = 0;
  const promoting = run(optionsFor(kubes, { clock }));
  await clock.advance(rightToWrite.staleAfterMs - 500);
  expect(wokenAt).toBe(0);
  await clock.advance(GRACE_MS - rightToWrite.staleAfterMs);
  expect(wokenAt).toBeGreaterThan(0);
  await promoting;
});

test('the old primary may take over again, though nothing was ever copied to it', async () => {
  const { connect } = scene();
  const kubes = connect();
  await run(optionsFor(kubes));
  kubes.from.answers.set('/api', () => groups(''));
  kubes.from.answers.set('/apis', () => groups('apps'));
  const [replica, other] = [
    { name: 'prod', id: 'A', kube: kubes.from },
    { name: 'standby', id: 'B', kube: kubes.to },
  ];
  const back = { replica, others: [other], takesPart: true };
  expect(await run(optionsFor(kubes, back))).toMatchObject({ epoch: 2, woken: [], open: [] });
  for (const kube of [kubes.from, kubes.to])
    expect(await readEpoch(kube, 't')).toMatchObject({ number: 2, leader: 'A' });
});

test('a Deployment that is paused is told of at once, and not waited for until the limit', async () => {
  const { connect, objects } = scene();
  const kubes = connect();
  for (const name of ['web', 'edge']) objects.to.delete(deployments, 'shop', name);
  objects.to.create(deployments, {
    ...held('frozen', 'replicas=2', { replicas: 0, paused: true }),
    ...{ status: { observedGeneration: 9, replicas: 0 } },
  });
  kubes.to.after = ({ verb }) => {
    const [frozen] = objects.to.all(deployments);
    if (verb === 'patch' && frozen)
      objects.to.replace(deployments, { ...frozen, metadata: { ...frozen.metadata, generation: 9 } });
    const [db] = objects.to.all(statefulSets);
    if (verb === 'patch' && db) objects.to.replace(statefulSets, { ...db, status: { readyReplicas: 1 } });
  };
  const said: string[] = [];
  const clock = hastyClock();
  const options = { clock, timeoutMs: 600_000, info: (text: string) => said.push(text) };
  const report = await run(optionsFor(kubes, options));
  expect(report.open).toEqual([
    { workload: 'Deployment shop/frozen', why: expect.stringContaining('it is paused') },
  ]);
  expect(said).toContainEqual(
    expect.stringContaining('Deployment shop/frozen: 0 of 2 pods are ready, and it is paused'),
  );
  expect(clock.monotonic()).toBeLessThan(60_000);
});

test('a replica whose every answer is late is waited for, and a person sees for how long, and what to do', async () => {
  const { connect, told } = scene();
  const hasty = hastyClock();
  const said: string[] = [];
  const kubes = connect();
  const options = optionsFor(kubes, { clock: hasty, info: (text) => said.push(text) });
  const plan = await planPromotion(options);
  let late = 3;
  const { after } = kubes.to;
  kubes.to.after = async (call) => {
    if (call.verb === 'get' && call.name?.endsWith('-epoch') && late-- > 0) await hasty.sleep(12_000);
    await after(call);
  };
  await promote(plan, options);
  expect(told()).toEqual(awake);
  const waits = said.filter((text) => text.startsWith('waiting for '));
  expect(waits.map((text) => /^waiting for (\S+): standby took 12s/.exec(text)?.[1])).toEqual([
    '12s',
    '24s',
    '36s',
  ]);
  expect(waits[0]).toMatch(/API server.*the same command goes on/);
});
