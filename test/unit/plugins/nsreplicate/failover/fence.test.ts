/** What of a task's clusters fails while it is fenced, and that none of them is left out in silence. */
import { describe, expect, test } from '@jest/globals';
import { planPromotion } from '../../../../../plugins/nsreplicate/failover/plan.ts';
import { readEpoch } from '../../../../../plugins/nsreplicate/state/epoch.ts';
import { readPromotion } from '../../../../../plugins/nsreplicate/state/promotion.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import type { FakeCall } from '../../../support/fake-kube.ts';
import { awake, deployments, optionsFor, run, scene } from '../../../support/promotion.ts';
import { groups, resource } from '../../../support/replication.ts';

/** As etcd answers once its store is full. */
const full = () => apiError(500, 'etcdserver: mvcc: database space exceeded', 'InternalError');
const isLost = { mayLack: () => true };

describe('a primary that is said to be lost', () => {
  test.each<[string, (call: FakeCall) => void]>([
    [
      'answers with errors: its store has no quorum',
      () => {
        throw apiError(500, 'etcdserver: no leader');
      },
    ],
    [
      'is behind a proxy that says 503',
      () => {
        throw apiError(503, 'no healthy upstream');
      },
    ],
    [
      'is behind a proxy that says 401',
      () => {
        throw apiError(401, 'sign in');
      },
    ],
    [
      'hangs',
      () => {
        throw new UnreachableError('prod did not answer within 30s');
      },
    ],
    [
      'can be read, and not written',
      ({ verb }) => {
        if (!['get', 'list', 'request'].includes(verb)) throw full();
      },
    ],
  ])('%s: the replica is promoted, and it is named', async (_what, fails) => {
    const { connect, told } = scene();
    const kubes = connect((kube, call) => {
      if (kube === 'from') fails(call);
    });
    const said: string[] = [];
    const raised = async () => {
      fails({ verb: 'apply', collection: '/configmaps' } as FakeCall);
    };
    const options = optionsFor(kubes, { ...isLost, raised, info: (text) => said.push(text) });
    const report = await run(options);
    expect([told(), report.open]).toEqual([awake, []]);
    expect(report.unfenced).toEqual([{ name: 'prod', id: 'A', why: expect.any(String) }]);
    expect(said.join('\n')).toMatch(/not fenced: prod: /);
    expect((await readPromotion(kubes.to, 't'))?.unfenced).toEqual(report.unfenced);
    // Once it is there again, the same command fences it.
    const again = await run(optionsFor(connect(), isLost));
    expect([again.epoch, again.unfenced, await readEpoch(connect().from, 't')]).toEqual([
      1,
      [],
      expect.objectContaining({ number: 1, leader: 'B' }),
    ]);
    expect((await readPromotion(kubes.to, 't'))?.unfenced).toEqual([]);
  });

  test('whenever it fails, it is fenced or named', async () => {
    let calls = 0;
    await run(
      optionsFor(
        scene().connect((kube) => void (kube === 'from' && calls++)),
        isLost,
      ),
    );
    expect(calls).toBeGreaterThan(5);
    for (let begin = 0; begin < calls; begin++)
      for (const length of [1, 3, Number.POSITIVE_INFINITY]) {
        const { connect, told } = scene();
        let count = 0;
        const kubes = connect((kube) => {
          if (kube === 'from' && count++ >= begin && count <= begin + length) throw full();
        });
        const { unfenced } = await run(optionsFor(kubes, isLost));
        const isTold = (await readEpoch(connect().from, 't')) !== undefined;
        expect({ begin, length, told: told() }).toEqual({ begin, length, told: awake });
        if (!isTold) expect(unfenced).toMatchObject([{ name: 'prod' }]);
      }
  });

  test('what did not answer from the beginning is named too', async () => {
    const silent = [{ name: 'third', id: 'C', why: 'it is away' }];
    const { connect } = scene();
    const kubes = connect();
    const options = optionsFor(kubes, { ...isLost, silent });
    expect((await planPromotion(options)).unfenced).toEqual(silent);
    expect((await run(options)).unfenced).toEqual(silent);
    expect((await readPromotion(kubes.to, 't'))?.unfenced).toEqual(silent);
  });
});

test.each(['get', 'create'] as const)(
  'a primary that is not said to be lost and fails a %s is no reason to wake anything',
  async (failing) => {
    const { connect, told } = scene();
    const before = told();
    const kubes = connect((kube, { verb }) => {
      if (kube === 'from' && verb === failing) throw full();
    });
    await expect(run(optionsFor(kubes))).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringMatching(/primary prod of task t can't be fenced: .*space exceeded/),
      hint: expect.stringContaining('--primary-lost'),
    });
    expect(told()).toEqual(before);
  },
);

test('what a controller handed the label of a copy on to is no copy: it is neither counted nor waited for', async () => {
  const { connect, objects } = scene();
  const labels = { 'x8s.dev/replica-of': 't' };
  const handedOn = (name: string) => ({
    metadata: { name, namespace: 'shop', labels },
    spec: { replicas: 1 },
  });
  objects.to.create('apps/endpointslices', handedOn('web-x1'));
  objects.to.create(deployments, handedOn('shadow'));
  const kubes = connect();
  const served = [
    ...[resource('statefulsets', 'StatefulSet'), resource('deployments', 'Deployment')],
    resource('endpointslices', 'EndpointSlice'),
  ];
  kubes.to.answers.set('/apis', () => groups('apps', ...served));
  const { staleness, open } = await run(optionsFor(kubes));
  expect(open).toEqual([]);
  expect(staleness.kinds.map(({ kind, objects }) => [kind, objects])).toEqual([
    ['Deployment.apps', 2],
    ['StatefulSet.apps', 1],
  ]);
});

test('a kind whose list hangs says nothing of how old it is, and forbids no promotion', async () => {
  const { connect, told } = scene();
  const kubes = connect((kube, { verb, collection }) => {
    if (kube === 'to' && verb === 'list' && collection === 'apps/widgets')
      throw new UnreachableError('standby did not answer within 30s');
  });
  const served = [resource('statefulsets', 'StatefulSet'), resource('widgets', 'Widget')];
  kubes.to.answers.set('/apis', () => groups('apps', ...served));
  const { staleness } = await run(optionsFor(kubes));
  expect([staleness.unread, told()]).toEqual([['Widget.apps'], awake]);
});
