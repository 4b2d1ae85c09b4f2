/** Deletions that would take others along: definitions with all objects of their kind, namespaces, owners of claims. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeClient } from '../../src/kube/api/client.ts';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { configMaps, namespaces, persistentVolumeClaims } from '../../src/kube/api/resources.ts';
import { resolveResource } from '../../src/kube/cluster/discovery.ts';
import { waitGone } from '../../src/kube/watch/wait.ts';
import { eventually } from '../support/eventually.ts';
import { patienceMs } from './support/clients.ts';
import { removeDefinition } from './support/definitions.ts';
import { Pair } from './support/nsreplicate.ts';
import { claim, configMap, widgets } from './support/objects.ts';

const group = `t${randomBytes(3).toString('hex')}.x8s.test`;
const folder = mkdtempSync(join(tmpdir(), 'x8s-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const removeWidgets = (kube: KubeClient) => removeDefinition(kube, widgets(group).metadata.name);
const serves = (kube: KubeClient) => eventually(() => resolveResource(kube, `widgets.${group}`));
const widget = (name: string, more: object = {}): KubeObject => ({
  apiVersion: `${group}/v1`,
  kind: 'Widget',
  metadata: { name, ...more },
  spec: { size: 1 },
});

const definitionOf = ({ namespace }: Pair): KubeObject => {
  const made = widgets(group);
  return { ...made, metadata: { ...made.metadata, labels: { of: namespace } } };
};

/** Flags that name a file with rules for the pair's own definition and for this kind of the group. */
function rulesFor(pair: Pair, kind: string): string[] {
  const path = join(folder, `${pair.task}.yaml`);
  const definitions = { group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' };
  const rules = [
    { ...definitions, selector: `of=${pair.namespace}` },
    { group, kind },
  ];
  writeFileSync(path, JSON.stringify({ rules }));
  return ['--config', path];
}

describe('a definition that goes on the primary', () => {
  let pair: Pair;
  // A glob covers what is left when the kind is gone.
  const rules = () => rulesFor(pair, 'Widget*');

  beforeEach(async () => {
    pair = await Pair.open('along');
    await pair.put(pair.from, definitionOf(pair));
    await serves(pair.from);
    await pair.put(pair.from, widget('one'), widget('two'));
    await pair.copy(...rules());
    await removeWidgets(pair.from);
  });

  const cleanUp = async () => {
    await pair.end();
    await removeWidgets(pair.to).catch(() => undefined);
    await pair.close();
  };
  const has = async (what: string) => (await pair.find(pair.to, `widgets.${group}`, what)) !== undefined;

  test("stays while anything of its kind is somebody else's, in a plan, in a run and in a watch", async () => {
    try {
      await pair.put(pair.to, widget('theirs'));
      const unflagged = await pair.copy(...rules(), '--prune');
      expect(unflagged.stderr).toContain('1 left: definitions');
      const flags = [...rules(), '--prune', '--prune-crds'];
      const plan = await pair.look('plan', ...flags);
      expect(plan).toMatchObject({ code: 5 });
      expect(plan.stdout).toMatch(/can't delete CustomResourceDefinition\S+ widgets\S+ \(.*theirs would go/);
      expect(plan.stdout).toContain(`- Widget.${group} ${pair.namespace}/one`);
      expect(await pair.once(...flags)).toMatchObject({
        code: 5,
        stderr: expect.stringContaining('guarded'),
      });
      const running = pair.start(...flags);
      await eventually(async () =>
        expect((await pair.ask('jobs', '--failed', '-o', 'wide')).stdout).toContain(
          'theirs would go with it',
        ),
      );
      running.child.kill('SIGTERM');
      await running.ended;
      expect([await has('one'), await has('two'), await has('theirs')]).toEqual([true, true, true]);
    } finally {
      await cleanUp();
    }
  });

  test('stays in a watch that sees it go, as where an operator is installed anew, and so do all of its kind', async () => {
    try {
      await pair.put(pair.from, definitionOf(pair));
      // What is known of it being served is from before.
      await eventually(() => pair.put(pair.from, widget('one'), widget('two')));
      await pair.put(pair.to, widget('theirs'));
      await pair.watch(...rules(), '--prune-crds');
      await removeWidgets(pair.from);
      await eventually(async () =>
        expect((await pair.ask('jobs', '--failed', '-o', 'wide')).stdout).toContain(
          'theirs would go with it',
        ),
      );
      await pair.put(pair.from, definitionOf(pair));
      await eventually(() => pair.put(pair.from, widget('one'), widget('new')));
      await eventually(async () => expect(await has('new')).toBe(true));
      // What the primary is asked for and does not have is gone by then, and what is not ours is not.
      await eventually(async () => expect(await has('two')).toBe(false));
      expect([await has('one'), await has('theirs')]).toEqual([true, true]);
    } finally {
      await cleanUp();
    }
  });

  test('goes with its flag where all of its kind are copies, all of them counted', async () => {
    try {
      const flags = [...rules(), '--prune', '--prune-crds'];
      const plan = await pair.look('plan', ...flags);
      expect(plan.stdout).toMatch(/delete CustomResourceDefinition\S+ widgets/);
      expect(plan.stdout).toContain(`- Widget.${group} ${pair.namespace}/two`);
      const stopped = await pair.once(...flags, '--prune-limit', '2');
      expect(stopped).toMatchObject({ code: 5, stderr: expect.stringContaining('3 deletions') });
      expect(await has('one')).toBe(true);
      await pair.ask('approve');
      await pair.copy(...flags, '--prune-limit', '2');
      const resource = await resolveResource(pair.to, 'customresourcedefinitions.apiextensions.k8s.io');
      await eventually(async () =>
        expect(await pair.to.find(resource, { name: `widgets.${group}` })).toBeUndefined(),
      );
    } finally {
      await cleanUp();
    }
  });
});

describe('what owns claims on a replica, or has a kind of its own', () => {
  let pair: Pair;
  const rules = () => rulesFor(pair, 'Widget');
  const definition = (more: object = {}): KubeObject => {
    const made = definitionOf(pair);
    return { ...made, spec: { ...(made.spec as object), ...more } };
  };

  beforeAll(async () => {
    pair = await Pair.open('owning');
    await pair.put(pair.from, definition());
    await serves(pair.from);
    await pair.put(pair.from, widget('db'));
    await pair.copy(...rules());
  });
  afterAll(async () => {
    for (const kube of [pair.from, pair.to]) await removeWidgets(kube).catch(() => undefined);
    await pair.close();
  });

  test('is not deleted where claims would go with it, not even by way of other owners', async () => {
    const { metadata: db } = await pair.copyOf(`widgets.${group}`, 'db');
    const owns = (apiVersion: string, kind: string, { name, uid = '' }: KubeObject['metadata']) => ({
      ownerReferences: [{ apiVersion, kind, name, uid }],
    });
    await pair.put(pair.to, configMap('between', {}, owns(`${group}/v1`, 'Widget', db)));
    const { metadata: between } = await pair.copyOf('configmaps', 'between');
    const { metadata, ...disk } = claim('disk');
    await pair.put(pair.to, { ...disk, metadata: { ...metadata, ...owns('v1', 'ConfigMap', between) } });
    await pair.delete(pair.from, `widgets.${group}`, 'db');
    const planned = await pair.look('plan', ...rules());
    expect(planned.stdout).toMatch(/can't delete Widget.*disk would go with it; --prune-claims/);
    expect(await pair.once(...rules(), '--prune')).toMatchObject({ code: 5 });
    expect(await pair.copyOf(`widgets.${group}`, 'db')).toBeDefined();
    await pair.copy(...rules(), '--prune', '--prune-claims');
    expect(await pair.find(pair.to, `widgets.${group}`, 'db')).toBeUndefined();
  });

  test('a definition is not made anew, with --on-immutable recreate, while there are objects of its kind', async () => {
    await pair.put(pair.to, widget('theirs'));
    await removeWidgets(pair.from);
    await pair.put(pair.from, definition({ scope: 'Cluster' }));
    await serves(pair.from);
    const flags = [...rules(), '--on-immutable', 'recreate'];
    expect((await pair.look('plan', ...flags)).stdout).toContain("can't update CustomResourceDefinition");
    expect(await pair.once(...flags)).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('immutable'),
    });
    expect(await pair.copyOf(`widgets.${group}`, 'theirs')).toBeDefined();
  });
});

describe('a namespace that goes on the primary', () => {
  let pair: Pair;
  let gone: string;
  const flags = () => ['--sync-namespaces', `${pair.namespace}*`, '--prune', '--prune-namespaces'];

  beforeAll(async () => {
    pair = await Pair.open('emptied');
    gone = await pair.addNamespace('gone');
    for (const name of ['ours', 'too', 'three'])
      await pair.put(pair.from, configMap(name, { a: '1' }, { namespace: gone }));
    await pair.copy(...flags());
    await pair.from.delete(namespaces, { name: gone });
    await waitGone(pair.from, namespaces, { name: gone }, { timeoutMs: patienceMs, what: 'the namespace' });
  });
  afterAll(() => pair.close());

  test('stays while it holds anything of somebody else, whatever that is', async () => {
    const theirs = { namespace: gone, name: 'theirs' };
    await pair.to.create(configMaps, { metadata: theirs, data: { a: 'theirs' } });
    expect((await pair.look('plan', ...flags())).stdout).toMatch(/can't delete Namespace.*theirs would go/);
    expect(await pair.once(...flags())).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('guarded'),
    });
    expect(await pair.to.find(configMaps, theirs)).toBeDefined();
    await pair.to.delete(configMaps, theirs);
  });

  test('stays while it holds claims that others made, also with --prune-claims', async () => {
    const { metadata, ...rest } = claim('disk');
    const theirs = { ...metadata, namespace: gone };
    await pair.to.create(persistentVolumeClaims, { ...rest, metadata: theirs } as never);
    const ended = await pair.once(...flags(), '--prune-claims');
    expect(ended).toMatchObject({ code: 5, stderr: expect.stringContaining('guarded') });
    await pair.to.delete(persistentVolumeClaims, theirs);
  });

  test('goes when nothing is in it but copies and what every namespace has', async () => {
    // Four objects, each of which counts once.
    const limit = ['--prune-limit', '4'];
    await eventually(async () => {
      await pair.copy(...flags(), ...limit);
      expect(await pair.to.find(namespaces, { name: gone })).toBeUndefined();
    });
  });
});
