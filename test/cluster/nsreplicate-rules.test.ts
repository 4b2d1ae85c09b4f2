/** Rules from a file: custom kinds, status alone, named fields, and overrides. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap, workload } from './support/objects.ts';
import { configFiles, WidgetKind } from './support/widget-kind.ts';

const kind = new WidgetKind();
const { group } = kind;
const config = configFiles();

describe('a kind of a CRD', () => {
  let pair: Pair;
  const rules = () => config('whole', { rules: [{ group, kind: 'Widget' }] });

  beforeAll(async () => {
    pair = await Pair.open('rules');
    await pair.put(pair.from, kind.definition);
    await kind.served(pair.from);
    await pair.put(pair.from, kind.widget('one', { size: 1 }));
  });
  afterAll(async () => {
    for (const kube of [pair.from, pair.to]) await kind.remove(kube);
    await pair.close();
  });

  test('that the replica does not serve: said, and exit 5; nothing else is lost by it', async () => {
    const { code, stderr } = await pair.once(...rules());
    expect({ code, stderr }).toMatchObject({
      code: 5,
      stderr: expect.stringContaining(`replica ${pair.replica} has no Widget.${group}`),
    });
    const { stdout } = await pair.look('plan', ...rules());
    expect(stdout).toMatch(/create Widget\S+ \S+\/one \(can't be validated yet/);
  });

  test('is copied together with its definition, in one go', async () => {
    const both = config('both', { rules: [kind.definitionRule(pair), { group, kind: 'Widget' }] });
    await pair.put(pair.from, kind.definitionOf(pair));
    await pair.copy(...both, '--name', pair.otherTask('both'));
    expect(await pair.copyOf(kind.plural, 'one')).toMatchObject({ spec: { size: 1 } });
    await kind.remove(pair.to);
  });

  test('is copied as soon as the replica serves it', async () => {
    const running = await pair.watch(...rules());
    await pair.put(pair.to, kind.definition);
    await kind.served(pair.to);
    await eventually(async () =>
      expect(await pair.copyOf(kind.plural, 'one')).toMatchObject({ spec: { size: 1 } }),
    );
    running.child.kill('SIGTERM');
    await running.ended;
  });

  test('status alone goes to an object that somebody else made: no label, and never pruned', async () => {
    const carry = config('status', { rules: [{ group, kind: 'Widget', carry: 'status' }] });
    const task = ['--name', pair.otherTask('status')];
    await pair.put(pair.from, kind.widget('theirs', { size: 1 }));
    await pair.put(pair.to, kind.widget('theirs', { size: 99 }));
    await kind.setStatus(pair, pair.from, 'theirs', { phase: 'Ready' });
    await kind.setStatus(pair, pair.from, 'one', { phase: 'Ready' });
    const unmade = await pair.addNamespace('unmade');
    await pair.copy(...carry, ...task, '--prune', '--sync-namespaces', `${pair.namespace},${unmade}`);
    // It has to be there already, as all that a status goes to.
    expect(await pair.find(pair.to, 'namespaces', unmade)).toBeUndefined();
    const { metadata, ...rest } = await pair.copyOf(kind.plural, 'theirs');
    expect(rest).toMatchObject({ spec: { size: 99 }, status: { phase: 'Ready' } });
    expect({ ...metadata.labels, ...metadata.annotations }).toEqual({});
    const before = metadata.resourceVersion;
    await pair.copy(...carry, ...task);
    expect((await pair.copyOf(kind.plural, 'theirs')).metadata.resourceVersion).toBe(before);
    await pair.delete(pair.from, kind.plural, 'theirs');
    await pair.copy(...carry, ...task, '--prune');
    await pair.copyOf(kind.plural, 'theirs');
  });

  test('whole, and the status too, also where that alone changed', async () => {
    const selector = `with=${pair.namespace}`;
    const carry = config('both-parts', { rules: [{ group, kind: 'Widget', status: true, selector }] });
    const copy = () => pair.copy(...carry, '--name', pair.otherTask('whole'));
    const labels = { with: pair.namespace };
    await pair.put(pair.from, kind.widget('both', { size: 1 }, { labels }));
    for (const phase of ['Ready', 'Gone']) {
      await kind.setStatus(pair, pair.from, 'both', { phase });
      await copy();
      const copied = await pair.copyOf(kind.plural, 'both');
      expect(copied).toMatchObject({ spec: { size: 1 }, status: { phase } });
      await copy();
      expect(await pair.copyOf(kind.plural, 'both')).toEqual(copied);
    }
  });

  test('named fields alone', async () => {
    const carry = config('fields', { rules: [{ group, kind: 'Widget', carry: ['spec.size'] }] });
    await pair.put(pair.from, kind.widget('fields', { size: 5, color: 'red' }));
    await pair.put(pair.to, kind.widget('fields', { color: 'blue' }));
    await pair.copy(...carry, '--name', pair.otherTask('fields'));
    const { spec, metadata } = await pair.copyOf(kind.plural, 'fields');
    expect(spec).toEqual({ size: 5, color: 'blue' });
    expect(metadata.labels).toBeUndefined();
  });
});

describe('overrides', () => {
  let pair: Pair;
  afterAll(() => pair.close());

  test('change what is written to one replica, and are no drift', async () => {
    pair = await Pair.open('overrides');
    await pair.put(pair.from, workload('Deployment', 'web', { replicas: 3 }), configMap('plain', { a: '1' }));
    const file = config('overrides', {
      // Another run's; a flag names that of this one.
      replicas: ['somebody-else'],
      overrides: [
        { kinds: ['Deployment', 'StatefulSet'], set: { 'spec.replicas': 0 } },
        { kinds: ['ConfigMap'], replicas: ['somebody-else'], set: { 'data.a': 'never' } },
      ],
    });
    await pair.copy(...file);
    expect(await pair.copyOf('deployments.apps', 'web')).toMatchObject({ spec: { replicas: 0 } });
    expect(await pair.copyOf('configmaps', 'plain')).toMatchObject({ data: { a: '1' } });
    expect(await pair.look('drift', ...file)).toMatchObject({ code: 0 });
    expect(await pair.look('plan', ...file)).toMatchObject({ code: 0 });
  });

  // Without the override that holds the workload at 0, there is something to change.
  test('that name a replica that nobody knows are refused, and an object that is not there is said', async () => {
    const override = (change: object) =>
      config('mistyped', { overrides: [{ ...change, set: { 'data.a': 'never' } }] });
    expect(await pair.look('plan', ...override({ replicas: [pair.replica, 'somebody-else'] }))).toMatchObject(
      {
        code: 2,
        stderr: expect.stringMatching(/mistyped\.yaml:1:\d+: .*no replica is called "somebody-else"/),
      },
    );
    expect(
      await pair.look('plan', ...override({ replicas: [pair.replica], names: ['plian'] })),
    ).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/mistyped\.yaml:1:\d+: .*is called "plian"/),
    });
  });
});

describe('a namespace that is not there', () => {
  let pair: Pair;
  afterAll(() => pair.close());

  test('on the primary: said, since a name may be mistyped', async () => {
    pair = await Pair.open('absent');
    const named = ['--sync-namespaces', `${pair.namespace},${pair.namespace}-typo`];
    const absent = expect.stringContaining(`namespace ${pair.namespace}-typo is not on ${pair.primary}`);
    expect(await pair.copy(...named)).toMatchObject({ stderr: absent });
    expect(await pair.look('drift', ...named)).toMatchObject({ code: 0, stderr: absent });
  });
});
