/** Rules from a file: custom kinds, status alone, named fields, and overrides. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubeClient } from '../../src/kube/client.ts';
import { resolveResource } from '../../src/kube/discovery.ts';
import type { KubeObject } from '../../src/kube/objects.ts';
import { waitGone } from '../../src/kube/wait.ts';
import { eventually } from './support/eventually.ts';
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

/** Takes the kind away, with all that there is of it. */
async function removeDefinition(kube: KubeClient): Promise<void> {
  const resource = await resolveResource(kube, 'customresourcedefinitions.apiextensions.k8s.io');
  const { name } = definition.metadata;
  await kube.delete(resource, { name });
  await waitGone(kube, resource, { name }, { timeoutMs: 30_000, what: 'the definition' });
}

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
  }, 60_000);
  afterAll(async () => {
    for (const kube of [pair.from, pair.to]) await removeDefinition(kube);
    await pair.close();
  }, 60_000);

  test('that the replica does not serve: said, and exit 5; nothing else is lost by it', async () => {
    const { code, stderr } = await pair.once(...rules());
    expect({ code, stderr }).toMatchObject({
      code: 5,
      stderr: expect.stringContaining(`replica ${pair.replica} has no Widget.${group}`),
    });
    const { stdout } = await pair.look('plan', ...rules());
    expect(stdout).toMatch(/create Widget\S+ \S+\/one \(can't be validated yet/);
  }, 60_000);

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
    await removeDefinition(pair.to);
  }, 60_000);

  test('is copied as soon as the replica serves it', async () => {
    const running = await pair.watch(...rules());
    await pair.put(pair.to, definition);
    await serves(pair.to);
    await eventually(
      async () => expect(await pair.copyOf(`widgets.${group}`, 'one')).toMatchObject({ spec: { size: 1 } }),
      60_000,
    );
    running.child.kill('SIGTERM');
    await running.ended;
  }, 90_000);

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
  }, 60_000);

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
  }, 60_000);

  test('named fields alone', async () => {
    const carry = config('fields', { rules: [{ group, kind: 'Widget', carry: ['spec.size'] }] });
    await pair.put(pair.from, widget('fields', { size: 5, color: 'red' }));
    await pair.put(pair.to, { ...widget('fields', { color: 'blue' }) });
    await pair.copy(...carry, '--name', pair.otherTask('fields'));
    const { spec, metadata } = await pair.copyOf(`widgets.${group}`, 'fields');
    expect(spec).toEqual({ size: 5, color: 'blue' });
    expect(metadata.labels).toBeUndefined();
  }, 60_000);
});

describe('overrides', () => {
  let pair: Pair;
  afterAll(() => pair.close());

  test('change what is written to one replica, and are no drift', async () => {
    pair = await Pair.open('overrides');
    await pair.put(pair.from, workload('Deployment', 'web', { replicas: 3 }), configMap('plain', { a: '1' }));
    const file = config('overrides', {
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
  }, 60_000);
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
  }, 30_000);
});
