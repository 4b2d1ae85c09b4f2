/** More rules from a file: parts of a kind that the replica does not serve, statuses that were edited, fields that make objects. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { Pair } from './support/nsreplicate.ts';
import { configFiles, WidgetKind } from './support/widget-kind.ts';

const kind = new WidgetKind();
const { group } = kind;
const config = configFiles();

describe('a kind of a CRD', () => {
  let pair: Pair;

  beforeAll(async () => {
    pair = await Pair.open('rules');
    await pair.put(pair.from, kind.definition);
    await kind.served(pair.from);
    await pair.put(pair.from, kind.widget('one', { size: 1 }));
    // The namespace arrives, though the kind is not served there.
    expect(await pair.once(...config('whole', { rules: [{ group, kind: 'Widget' }] }))).toMatchObject({
      code: 5,
    });
  });
  afterAll(async () => {
    for (const kube of [pair.from, pair.to]) await kind.remove(kube);
    await pair.close();
  });

  test.each([
    ['status', 'Nothing would change of what could be compared'],
    [['spec'], "can't be validated yet"],
  ] as const)(
    'that the replica does not serve, of which %j is carried: plan, drift and the run agree',
    async (carry, said) => {
      const flags = config('lacking', { rules: [{ group, kind: 'Widget', carry }] });
      const [plan, drift] = [await pair.look('plan', ...flags), await pair.look('drift', ...flags)];
      expect([plan.code, drift.code]).toEqual([5, 5]);
      expect(plan.stdout).toContain(said);
      expect((await pair.once(...flags, '--name', pair.otherTask('lacking'))).code).toBe(5);
    },
  );

  describe('that the replica serves', () => {
    beforeAll(async () => {
      await pair.put(pair.to, kind.definition);
      await kind.served(pair.to);
    });

    test('a status that somebody changed on the replica is drift, shown, and put right, also while it watches', async () => {
      const task = ['--name', pair.otherTask('edited')];
      for (const [name, carry] of [
        ['alone', { carry: 'status' }],
        ['beside', { status: true }],
      ] as const) {
        const [selector, labels] = [`edited=${name}`, { edited: name }];
        const flags = [
          ...config(`edited-${name}`, { rules: [{ group, kind: 'Widget', selector, ...carry }] }),
          ...task,
        ];
        const named = kind.widget(name, { size: 1 }, { labels });
        await pair.put(pair.from, named);
        if (name === 'alone') await pair.put(pair.to, named);
        await kind.setStatus(pair, pair.from, name, { phase: 'Ready' });
        await pair.copy(...flags);
        await kind.setStatus(pair, pair.to, name, { phase: 'Edited' });
        expect(await pair.look('drift', ...flags)).toMatchObject({ code: 5 });
        expect((await pair.look('plan', ...flags)).stdout).toContain('-  phase: Edited\n+  phase: Ready\n');
        const running = await pair.watch(...flags);
        const isReady = async () =>
          expect(await pair.copyOf(kind.plural, name)).toMatchObject({ status: { phase: 'Ready' } });
        await eventually(isReady);
        await kind.setStatus(pair, pair.to, name, { phase: 'Edited' });
        await eventually(isReady);
        running.child.kill('SIGTERM');
        await running.ended;
        expect(await pair.look('drift', ...flags)).toMatchObject({ code: 0 });
      }
    });

    test('what a rule for fields makes is ours: made where its namespace is, put right, and pruned; others stay', async () => {
      const carry = config('made', {
        rules: [{ group, kind: 'Widget', carry: ['spec'], selector: 'made=yes' }],
      });
      const namespace = await pair.addNamespace('lacking');
      const flags = [...carry, '--name', pair.otherTask('made')];
      const made = (name: string, spec: object, more = {}) =>
        kind.widget(name, spec, { labels: { made: 'yes' }, ...more });
      await pair.put(pair.from, made('ours', { size: 1 }), made('given', { size: 1 }));
      await pair.put(pair.from, made('far', { size: 1 }, { namespace }));
      const resource = await kind.served(pair.to);
      // As a plain create writes it.
      const given = {
        ...made('given', { size: 9 }),
        metadata: { ...made('given', {}).metadata, namespace: pair.namespace },
      };
      await pair.to.create(resource, given as never, { fieldManager: 'kubectl-create' });
      const everywhere = ['--sync-namespaces', `${pair.namespace},${namespace}`];
      expect((await pair.look('drift', ...flags, ...everywhere)).stdout).toMatch(/Widget\S+ +2 +1 +1 /);
      await pair.copy(...flags, ...everywhere);
      expect(await pair.find(pair.to, 'namespaces', namespace)).toBeUndefined();
      for (const name of ['ours', 'given'])
        expect(await pair.copyOf(kind.plural, name)).toMatchObject({ spec: { size: 1 } });
      const isMarked = async (name: string) =>
        'x8s.dev/replica-of' in ((await pair.copyOf(kind.plural, name)).metadata.labels ?? {});
      expect([await isMarked('ours'), await isMarked('given')]).toEqual([true, false]);
      await pair.put(pair.from, made('ours', { size: 2 }));
      await pair.copy(...flags);
      expect(await isMarked('ours')).toBe(true);
      for (const name of ['ours', 'given']) await pair.delete(pair.from, kind.plural, name);
      expect((await pair.look('plan', ...flags)).stdout).toMatch(/delete Widget\S+ \S+\/ours/);
      await pair.copy(...flags, '--prune');
      expect(await pair.find(pair.to, kind.plural, 'ours')).toBeUndefined();
      await pair.copyOf(kind.plural, 'given');
    });
  });
});
