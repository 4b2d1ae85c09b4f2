import { expect, test } from '@jest/globals';
import { AppliedResults } from '../../../../../plugins/nsreplicate/cache/applied-results.ts';
import { Informers } from '../../../../../plugins/nsreplicate/cache/informers.ts';
import type { TaskSpec } from '../../../../../plugins/nsreplicate/decide/spec.ts';
import { drift, isDrifted } from '../../../../../plugins/nsreplicate/preview/drift.ts';
import { plan } from '../../../../../plugins/nsreplicate/preview/plan.ts';
import { type Survey, survey } from '../../../../../plugins/nsreplicate/preview/survey.ts';
import { parseConfig } from '../../../../../plugins/nsreplicate/rules/parse-config.ts';
import { ruleFor } from '../../../../../plugins/nsreplicate/rules/rule.ts';
import { parseSelector } from '../../../../../plugins/nsreplicate/rules/selector.ts';
import { blankState } from '../../../../../plugins/nsreplicate/state/saved-state.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import type { FakeKube, Lever } from '../../../support/fake-kube.ts';
import { configMap, configMaps, namespaces, replication } from '../../../support/replication.ts';

interface Looking {
  readonly seen: Survey;
  readonly spec: TaskSpec;
  readonly to: FakeKube;
  readonly signal: AbortSignal;
}

/** Two clusters that are equal, and a look at them that something befalls. */
async function surveyed<T>(
  befall: (sides: { from: FakeKube; to: FakeKube }) => void,
  show: (looking: Looking) => T | Promise<T>,
  change: Partial<TaskSpec> = {},
): Promise<T> {
  const copied = replication();
  copied.from.objects.create(configMaps, configMap('a'));
  await copied.begin();
  await copied.end();
  const { from, to, assignment, end } = replication(change, copied);
  befall({ from, to });
  const signal = new AbortController().signal;
  const { spec } = assignment;
  const [key, informers, results] = [new Uint8Array(32), new Informers(fakeClock()), new AppliedResults()];
  try {
    const seen = await survey({
      ...assignment,
      informers,
      key,
      saved: blankState(),
      results,
      epochs: { number: 0 },
      signal,
    });
    return await show({ seen, spec, to, signal });
  } finally {
    await end();
  }
}

const look = (befall: (sides: { from: FakeKube; to: FakeKube }) => void) =>
  surveyed(befall, async ({ seen, spec, to, signal }) => {
    const lists = to.calls.filter(({ verb }) => verb === 'list').length;
    const lines = await drift(seen, signal);
    return {
      unread: seen.replicas[0]?.unread,
      refused: seen.unread,
      lists,
      drifted: lines.filter(isDrifted),
      plan: await plan(seen, spec, signal),
    };
  });

const refusing =
  (collection: string, error: Error): Lever =>
  (call) => {
    if (call.verb === 'list' && call.collection === collection) throw error;
  };

test('what was listed is compared', async () => {
  expect(await look(() => undefined)).toEqual({ unread: [], refused: [], lists: 2, drifted: [], plan: [] });
  const { drifted } = await look(({ from }) => from.objects.create(configMaps, configMap('b')));
  expect(drifted).toMatchObject([{ kind: 'ConfigMap', objects: 2, missing: 1 }]);
});

test('a kind that may not be listed on a replica is neither missing there nor equal', async () => {
  const seen = await look(({ to }) => {
    to.before = refusing(configMaps, apiError(403, 'may not list configmaps', 'Forbidden'));
  });
  expect(seen).toMatchObject({
    unread: [{ kind: 'ConfigMap', namespace: 'shop', why: expect.stringContaining('may not list') }],
    drifted: [],
    plan: [],
  });
});

test('namespaces that are named need not be listed on a replica', async () => {
  const seen = await look(({ to }) => {
    to.before = refusing(namespaces, apiError(403, 'may not list namespaces', 'Forbidden'));
  });
  expect(seen).toMatchObject({ unread: [], drifted: [], plan: [] });
});

test('a kind that a replica does not serve is missing there', async () => {
  const { unread, drifted } = await look(({ to }) => {
    to.before = refusing(configMaps, apiError(404, 'the server could not find the requested resource'));
  });
  expect(unread).toEqual([]);
  expect(drifted).toMatchObject([{ kind: 'ConfigMap', missing: 1 }]);
});

test('a replica that does not answer is asked once, and said for every kind', async () => {
  const seen = await look(({ to }) => {
    to.before = () => {
      throw new UnreachableError('the connection was lost');
    };
  });
  expect(seen.unread?.map(({ kind }) => kind).sort()).toEqual(['ConfigMap', 'Namespace']);
  expect({ ...seen, unread: [] }).toEqual({ unread: [], refused: [], lists: 1, drifted: [], plan: [] });
});

test('a kind that the primary refuses holds up no other, and none of its copies is touched', async () => {
  const seen = await look(({ from }) => {
    from.before = refusing(configMaps, apiError(403, 'may not list configmaps', 'Forbidden'));
  });
  expect(seen).toMatchObject({
    refused: [{ kind: 'ConfigMap', why: expect.stringContaining('may not list') }],
    drifted: [],
    plan: [],
  });
});

test('a primary that lets nothing be read is an error', async () => {
  const lost = look(({ from }) => {
    from.before = (call) => {
      if (call.verb === 'list') throw apiError(403, 'may not list', 'Forbidden');
    };
  });
  await expect(lost).rejects.toThrow('may not list');
});

test('a copy whose original is on its way out is said once, in words about it', async () => {
  const seen = await look(({ from }) => {
    const original = from.objects.find(configMaps, 'shop', 'a');
    const metadata = { name: 'a', ...original?.metadata, finalizers: ['example.com/slow'] };
    from.objects.replace(configMaps, { ...configMap('a'), metadata });
    from.objects.delete(configMaps, 'shop', 'a');
  });
  expect(seen.plan).toMatchObject([
    { name: 'a', action: 'delete', blocked: true, note: 'it is being deleted on the primary' },
  ]);
});

test('an override that names an object that is not there is said', async () => {
  const { overrides } = parseConfig('overrides: [{names: [wbe], set: {data.value: "0"}}]', 'dr.yaml');
  const notes = await surveyed(
    () => undefined,
    ({ seen }) => seen.notes,
    { overrides },
  );
  expect(notes).toEqual([expect.stringContaining('dr.yaml:1:13: overrides[0]: no object')]);
});

test('of an object that came from the replica, and does not go back there, nothing is said', async () => {
  const notesWith = (cluster: string) =>
    surveyed(
      ({ from }) => {
        const origin = `of=ConfigMap/shop/b cluster=${cluster} task=other namespace=shop uid=1`;
        const metadata = {
          ...{ name: 'b', namespace: 'shop', labels: { 'x8s.dev/replica-of': 'other' } },
          annotations: { 'x8s.dev/origin': origin },
        };
        from.objects.create(configMaps, { ...configMap('b', 'db.shop.svc'), metadata });
      },
      ({ seen }) => seen.notes,
      { map: new Map([['shop', 'shop-b']]) },
    );
  expect(await notesWith('TO')).toEqual([]);
  expect(await notesWith('ANOTHER')).toEqual([expect.stringContaining('ConfigMap shop/b: names .shop.svc')]);
});

test('rules that cover nothing are said, and not where it can not be told', async () => {
  const none = { selector: parseSelector('tier=none') };
  const notes = (change: Partial<TaskSpec>, befall: Parameters<typeof surveyed>[0] = () => undefined) =>
    surveyed(befall, ({ seen }) => seen.notes, change);
  const scope = { include: [], exclude: [], sensitive: false, ...none };
  expect(await notes({ namespaces: scope })).toEqual(['the rules cover no object of from']);
  const rules = [{ ...ruleFor('', 'ConfigMap'), ...none }];
  const said = ['the rules cover no object of from but namespaces'];
  expect(await notes({ rules })).toEqual(said);
  expect(await notes({ rules: [...rules, ruleFor('', 'Namespace')] })).toEqual([]);
  const refuse = ({ from }: { from: FakeKube }) => {
    from.before = refusing(configMaps, apiError(403, 'may not list configmaps', 'Forbidden'));
  };
  expect(await notes({ rules }, refuse)).toEqual([]);
});
