/** Rules from a file: custom kinds, status alone, named fields, and overrides. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubeClient } from '../../src/kube/api/client.ts';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { resolveResource } from '../../src/kube/cluster/discovery.ts';
import { eventually } from '../support/eventually.ts';
import { removeDefinition } from './support/definitions.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap, widgets, workload } from './support/objects.ts';

const group = `t${randomBytes(3).toString('hex')}.x8s.test`;
const folder = mkdtempSync(join(tmpdir(), 'x8s-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a config file. */
function config(name: string, value: object): string[] {
  const path = join(folder, `${name}.yaml`);
  // JSON is YAML.
  writeFileSync(path, JSON.stringify(value));
  return ['--config', path];
}

const definition = widgets(group);

const widget = (name: string, spec: object): KubeObject => ({
  apiVersion: `${group}/v1`,
  kind: 'Widget',
  metadata: { name },
  spec,
});

const removeWidgets = (kube: KubeClient) => removeDefinition(kube, definition.metadata.name);
const serves = (kube: KubeClient) => eventually(() => resolveResource(kube, `widgets.${group}`));

async function setStatus(pair: Pair, on: KubeClient, name: string, status: object): Promise<void> {
  const resource = await serves(on);
  const object = { ...widget(name, {}), metadata: { name, namespace: pair.namespace }, status };
  await on.apply(resource, object, { fieldManager: 'a-controller', force: true, subresource: 'status' });
}

describe('a kind of a CRD', () => {
  let pair: Pair;
  const rules = () => config('whole', { rules: [{ group, kind: 'Widget' }] });

  beforeAll(async () => {
    pair = await Pair.open('rules');
    await pair.put(pair.from, definition);
    await serves(pair.from);
    await pair.put(pair.from, widget('one', { size: 1 }));
  });
  afterAll(async () => {
    for (const kube of [pair.from, pair.to]) await removeWidgets(kube);
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

  test('is copied together with its definition, in one go', async () => {
    const labels = { of: pair.namespace };
    const kinds = { group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' };
    const both = config('both', {
      rules: [
        { ...kinds, selector: `of=${pair.namespace}` },
        { group, kind: 'Widget' },
      ],
    });
    await pair.put(pair.from, { ...definition, metadata: { ...definition.metadata, labels } });
    await pair.copy(...both, '--name', pair.otherTask('both'));
    expect(await pair.copyOf(`widgets.${group}`, 'one')).toMatchObject({ spec: { size: 1 } });
    await removeWidgets(pair.to);
  });

  test('is copied as soon as the replica serves it', async () => {
    const running = await pair.watch(...rules());
    await pair.put(pair.to, definition);
    await serves(pair.to);
    await eventually(async () =>
      expect(await pair.copyOf(`widgets.${group}`, 'one')).toMatchObject({ spec: { size: 1 } }),
    );
    running.child.kill('SIGTERM');
    await running.ended;
  });

  test('status alone goes to an object that somebody else made: no label, and never pruned', async () => {
    const carry = config('status', { rules: [{ group, kind: 'Widget', carry: 'status' }] });
    const task = ['--name', pair.otherTask('status')];
    await pair.put(pair.from, widget('theirs', { size: 1 }));
    await pair.put(pair.to, widget('theirs', { size: 99 }));
    await setStatus(pair, pair.from, 'theirs', { phase: 'Ready' });
    await setStatus(pair, pair.from, 'one', { phase: 'Ready' });
    const unmade = await pair.addNamespace('unmade');
    await pair.copy(...carry, ...task, '--prune', '--sync-namespaces', `${pair.namespace},${unmade}`);
    // It has to be there already, as all that a status goes to.
    expect(await pair.find(pair.to, 'namespaces', unmade)).toBeUndefined();
    const { metadata, ...rest } = await pair.copyOf(`widgets.${group}`, 'theirs');
    expect(rest).toMatchObject({ spec: { size: 99 }, status: { phase: 'Ready' } });
    expect({ ...metadata.labels, ...metadata.annotations }).toEqual({});
    const before = metadata.resourceVersion;
    await pair.copy(...carry, ...task);
    expect((await pair.copyOf(`widgets.${group}`, 'theirs')).metadata.resourceVersion).toBe(before);
    await pair.delete(pair.from, `widgets.${group}`, 'theirs');
    await pair.copy(...carry, ...task, '--prune');
    await pair.copyOf(`widgets.${group}`, 'theirs');
  });

  test('whole, and the status too, also where that alone changed', async () => {
    const selector = `with=${pair.namespace}`;
    const carry = config('both-parts', { rules: [{ group, kind: 'Widget', status: true, selector }] });
    const copy = () => pair.copy(...carry, '--name', pair.otherTask('whole'));
    const labels = { with: pair.namespace };
    await pair.put(pair.from, { ...widget('both', { size: 1 }), metadata: { name: 'both', labels } });
    for (const phase of ['Ready', 'Gone']) {
      await setStatus(pair, pair.from, 'both', { phase });
      await copy();
      const copied = await pair.copyOf(`widgets.${group}`, 'both');
      expect(copied).toMatchObject({ spec: { size: 1 }, status: { phase } });
      await copy();
      expect(await pair.copyOf(`widgets.${group}`, 'both')).toEqual(copied);
    }
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
      const named = { ...widget(name, { size: 1 }), metadata: { name, labels } };
      await pair.put(pair.from, named);
      if (name === 'alone') await pair.put(pair.to, named);
      await setStatus(pair, pair.from, name, { phase: 'Ready' });
      await pair.copy(...flags);
      await setStatus(pair, pair.to, name, { phase: 'Edited' });
      expect(await pair.look('drift', ...flags)).toMatchObject({ code: 5 });
      expect((await pair.look('plan', ...flags)).stdout).toContain('-  phase: Edited\n+  phase: Ready\n');
      const running = await pair.watch(...flags);
      const isReady = async () =>
        expect(await pair.copyOf(`widgets.${group}`, name)).toMatchObject({ status: { phase: 'Ready' } });
      await eventually(isReady);
      await setStatus(pair, pair.to, name, { phase: 'Edited' });
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
    const made = (name: string, spec: object, more = {}) => ({
      ...widget(name, spec),
      metadata: { name, labels: { made: 'yes' }, ...more },
    });
    await pair.put(pair.from, made('ours', { size: 1 }), made('given', { size: 1 }));
    await pair.put(pair.from, made('far', { size: 1 }, { namespace }));
    const resource = await resolveResource(pair.to, `widgets.${group}`);
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
      expect(await pair.copyOf(`widgets.${group}`, name)).toMatchObject({ spec: { size: 1 } });
    const isMarked = async (name: string) =>
      'x8s.dev/replica-of' in ((await pair.copyOf(`widgets.${group}`, name)).metadata.labels ?? {});
    expect([await isMarked('ours'), await isMarked('given')]).toEqual([true, false]);
    await pair.put(pair.from, made('ours', { size: 2 }));
    await pair.copy(...flags);
    expect(await isMarked('ours')).toBe(true);
    for (const name of ['ours', 'given']) await pair.delete(pair.from, `widgets.${group}`, name);
    expect((await pair.look('plan', ...flags)).stdout).toMatch(/delete Widget\S+ \S+\/ours/);
    await pair.copy(...flags, '--prune');
    expect(await pair.find(pair.to, `widgets.${group}`, 'ours')).toBeUndefined();
    await pair.copyOf(`widgets.${group}`, 'given');
  });

  test('named fields alone', async () => {
    const carry = config('fields', { rules: [{ group, kind: 'Widget', carry: ['spec.size'] }] });
    await pair.put(pair.from, widget('fields', { size: 5, color: 'red' }));
    await pair.put(pair.to, { ...widget('fields', { color: 'blue' }) });
    await pair.copy(...carry, '--name', pair.otherTask('fields'));
    const { spec, metadata } = await pair.copyOf(`widgets.${group}`, 'fields');
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
