/** A kind whose old version goes while it is replicated. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { resolveResource } from '../../src/kube/cluster/discovery.ts';
import { waitGone } from '../../src/kube/watch/wait.ts';
import { eventually } from '../support/eventually.ts';
import { kubectl } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { widgets } from './support/objects.ts';

const group = `t${randomBytes(3).toString('hex')}.x8s.test`;
/** Of a kind that loses a version. */
const aging = `old.${group}`;
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

let pair: Pair;
const serves = (group: string, version: string) =>
  Promise.all(
    [pair.from, pair.to].map((kube) =>
      eventually(async () => {
        const found = await resolveResource(kube, `widgets.${version}.${group}`);
        expect(found.version).toBe(version);
      }, 30_000),
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
  const kinds = [group, aging].map((one) => `{group: ${one}, kind: Widget}`);
  writeFileSync(file, `rules: [${kinds.join()}, {group: apps, kind: Deployment}]`);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  for (const kube of [pair.from, pair.to])
    for (const name of [group, aging].map((one) => `widgets.${one}`)) {
      const resource = await resolveResource(kube, 'customresourcedefinitions.apiextensions.k8s.io');
      await kube.delete(resource, { name });
      await waitGone(kube, resource, { name }, { timeoutMs: 30_000, what: 'the definition' });
    }
  await pair.close();
});

describe('a kind whose old version goes', () => {
  test('holds nothing up, though a controller wrote a status in it', async () => {
    await put(widget('old', { a: 1 }, `${aging}/v1`));
    await pair.copy(...config);
    await kubectl(pair.replica, [
      ...['-n', pair.namespace, 'patch', `widgets.${aging}`, 'old', '--subresource', 'status'],
      ...['--field-manager', 'a-controller', '--type', 'merge', '-p', '{"status":{"phase":"Ready"}}'],
    ]);
    const definitionName = `widgets.${aging}`;
    for (const side of [pair.from, pair.to]) await pair.put(side, definition(aging, 'v1', 'v2'));
    await serves(aging, 'v2');
    // A server can't read what is stored in a version that is gone: it is written anew before, in the new one.
    await eventually(() => put(widget('old', { a: 2 }, `${aging}/v2`), pair.primary, 'replace'));
    await pair.copy(...config);
    expect((await there(`widgets.${aging}`, 'old')).spec).toEqual({ a: 2 });
    for (const context of [pair.primary, pair.replica])
      await kubectl(context, [
        ...['patch', 'crd', definitionName, '--subresource', 'status'],
        ...['--type', 'merge', '-p', '{"status":{"storedVersions":["v2"]}}'],
      ]);
    for (const side of [pair.from, pair.to]) await pair.put(side, definition(aging, 'v2'));
    await put(widget('old', { a: 3 }, `${aging}/v2`), pair.primary, 'replace');
    await eventually(async () => {
      await pair.copy(...config);
      expect(await there(`widgets.${aging}`, 'old')).toMatchObject({
        spec: { a: 3 },
        status: { phase: 'Ready' },
      });
    });
    await isSettled();
  });
});
