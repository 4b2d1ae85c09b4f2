/** Objects that a server takes, but not by a server-side apply. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { resolveResource } from '../../src/kube/cluster/discovery.ts';
import { eventually } from '../support/eventually.ts';
import { removeDefinition } from './support/definitions.ts';
import { kubectl } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { widgets } from './support/objects.ts';

const group = `t${randomBytes(3).toString('hex')}.x8s.test`;
/** Of a kind that loses a version. */
const aging = `old.${group}`;
/** Of a kind that lacks fields on the replica. */
const lean = `lean.${group}`;
const folder = mkdtempSync(join(tmpdir(), 'x8s-test-'));
const file = join(folder, 'rules.yaml');
const config = ['--config', file];

/** Widgets whose `spec.strict` is a map and nothing else, in so many versions; the last one is stored. */
function definition(group: string, ...versions: string[]): KubeObject {
  const made = widgets(group) as KubeObject & { spec: { versions: object[] } };
  const [version] = made.spec.versions;
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const spec = {
    ...open,
    properties: { strict: { type: 'object', properties: { heal: { type: 'boolean' } } } },
  };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec, status: open } } };
  made.spec.versions = versions.map((name) => ({
    ...version,
    name,
    schema,
    storage: name === versions.at(-1),
  }));
  return made;
}

/** Widgets of these fields in a spec, and no others. */
function closed(...fields: string[]): KubeObject {
  const made = widgets(lean) as KubeObject & { spec: { versions: object[] } };
  const items = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const properties = Object.fromEntries(fields.map((field) => [field, { type: 'array', items }]));
  const schema = {
    openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } },
  };
  made.spec.versions = made.spec.versions.map((version) => ({ ...version, schema }));
  return made;
}

let pair: Pair;
const serves = (group: string, version: string) =>
  Promise.all(
    [pair.from, pair.to].map((kube) =>
      eventually(async () => {
        const found = await resolveResource(kube, `widgets.${version}.${group}`);
        expect(found.version).toBe(version);
      }),
    ),
  );
const put = (text: string, context = pair.primary, ...how: string[]) =>
  kubectl(context, ['-n', pair.namespace, ...(how.length > 0 ? how : ['create']), '-f', '-'], text);
const widget = (name: string, spec: object, apiVersion = `${group}/v1`) =>
  JSON.stringify({ apiVersion, kind: 'Widget', metadata: { name }, spec });
const there = (what: string, name: string) => pair.copyOf<KubeObject & { spec: unknown }>(what, name);
const isSettled = async () => {
  expect(await pair.look('plan', ...config)).toMatchObject({ code: 0, stdout: 'Nothing would change.\n' });
  expect((await pair.look('drift', ...config)).code).toBe(0);
};

beforeAll(async () => {
  pair = await Pair.open('unappliable');
  for (const one of [group, aging]) {
    for (const side of [pair.from, pair.to]) await pair.put(side, definition(one, 'v1'));
    await serves(one, 'v1');
  }
  await pair.put(pair.from, closed('list', 'other'));
  await pair.put(pair.to, closed('other'));
  await serves(lean, 'v1');
  const kinds = [group, aging, lean].map((one) => `{group: ${one}, kind: Widget}`);
  writeFileSync(file, `rules: [${kinds.join()}, {group: apps, kind: Deployment}]`);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  for (const kube of [pair.from, pair.to])
    for (const one of [group, aging, lean]) await removeDefinition(kube, `widgets.${one}`);
  await pair.close();
});

describe('keys of lists that are there twice', () => {
  const web = (image: string, env: object[], labels = {}) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', labels },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          containers: [
            {
              name: 'main',
              image,
              env,
              ports: [
                { name: 'a', containerPort: 80 },
                { name: 'b', containerPort: 80 },
              ],
            },
          ],
        },
      },
    },
  });
  const twice = [
    { name: 'A', value: '1' },
    { name: 'A', value: '2' },
  ];
  const containers = async () =>
    ((await there('deployments', 'web')).spec as ReturnType<typeof web>['spec']).template.spec.containers;

  test('are copied, changed and put right all the same; what others put beside them stays', async () => {
    await put(JSON.stringify(web('one.invalid/a', twice, { mine: 'x' })));
    expect((await pair.look('plan', ...config)).stdout).toMatch(/create Deployment\S+ \S+\/web/);
    await pair.copy(...config);
    expect(await containers()).toMatchObject([{ image: 'one.invalid/a', env: twice, ports: [{}, {}] }]);
    await isSettled();
    await kubectl(pair.replica, ['-n', pair.namespace, 'label', 'deployment', 'web', 'theirs=y']);
    await put(JSON.stringify(web('two.invalid/a', twice)), pair.primary, 'replace');
    await pair.copy(...config);
    expect(await containers()).toMatchObject([{ image: 'two.invalid/a', env: twice }]);
    const { labels } = (await there('deployments', 'web')).metadata;
    expect(labels).toMatchObject({ theirs: 'y' });
    expect(labels).not.toHaveProperty('mine');
    await kubectl(pair.replica, ['-n', pair.namespace, 'scale', 'deployment', 'web', '--replicas', '1']);
    await pair.copy(...config);
    expect((await there('deployments', 'web')).spec).toMatchObject({ replicas: 0 });
    // Keys of others stay, and are said by plan and drift for as long as they are there.
    expect((await pair.look('plan', ...config)).stdout).toContain('1 left: others have keys');
    await kubectl(pair.replica, ['-n', pair.namespace, 'label', 'deployment', 'web', 'theirs-']);
    await isSettled();
  });

  test('and go, and then it is applied again', async () => {
    const fixed = web('three.invalid/a', [{ name: 'A', value: '3' }]);
    fixed.spec.template.spec.containers[0]?.ports.pop();
    await put(JSON.stringify(fixed), pair.primary, 'replace');
    await pair.copy(...config);
    expect(await containers()).toMatchObject([
      { image: 'three.invalid/a', env: [{ value: '3' }], ports: [{ name: 'a' }] },
    ]);
  });
});

describe('a field that the replica does not have', () => {
  const twice = [
    { name: 'a', v: '1' },
    { name: 'a', v: '2' },
  ];

  test.each([
    ['twice', 'with a key twice', twice],
    ['once', 'that could be applied otherwise', twice.slice(1)],
  ])(
    '%s: is not lost of an object %s: it fails each time, and nothing tells that it is equal',
    async (name, _, list) => {
      await put(widget(name, { list }, `${lean}/v1`));
      for (const flags of [config, config, [...config, '--on-immutable', 'recreate']]) {
        const { code, stderr } = await pair.once(...flags);
        expect({ code, stderr }).toEqual({
          code: 5,
          stderr: expect.stringMatching(/not-taken .*spec\.list/),
        });
        expect(await pair.find(pair.to, `widgets.${lean}`, name)).toBeUndefined();
      }
      expect((await pair.look('plan', ...config)).stdout).toMatch(/can't create Widget.*spec\.list/);
      expect((await pair.look('drift', ...config)).code).toBe(5);
      await kubectl(pair.primary, ['-n', pair.namespace, 'delete', `widgets.${lean}`, name]);
    },
  );
});

describe('a map that becomes empty', () => {
  test.each([
    ['free', 'where null would be taken'],
    ['strict', 'where null is refused'],
  ])('%s: arrives so, %s', async (field) => {
    const name = `emptied-${field}`;
    await put(widget(name, { [field]: { heal: true }, a: 1 }));
    await pair.copy(...config);
    await put(widget(name, { [field]: {}, a: 1 }), pair.primary, 'replace');
    const { stdout, code } = await pair.look('plan', ...config);
    expect({ code, stdout }).toMatchObject({ code: 5 });
    expect(await pair.fields(...config)).toContain(`spec.${field}.heal`);
    expect(stdout).not.toContain('refused');
    await pair.copy(...config);
    expect((await there(`widgets.${group}`, name)).spec).toEqual({ [field]: {}, a: 1 });
    await isSettled();
    await put(widget(name, { a: 1 }), pair.primary, 'replace');
    await pair.copy(...config);
    expect((await there(`widgets.${group}`, name)).spec).toEqual({ a: 1 });
  });
});
