/** Deletions that would take others along: definitions with all objects of their kind, owners of claims. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { resolveResource } from '../../src/kube/cluster/discovery.ts';
import { eventually } from '../support/eventually.ts';
import { Pair } from './support/nsreplicate.ts';
import { claim, configMap } from './support/objects.ts';
import { configFiles, WidgetKind } from './support/widget-kind.ts';

const kind = new WidgetKind();
const config = configFiles();

/** Flags that name a file with rules for the pair's own definition and for this kind of the group. */
const rulesFor = (pair: Pair, name: string): string[] =>
  config(pair.task, { rules: [kind.definitionRule(pair), { group: kind.group, kind: name }] });

describe('a definition that goes on the primary', () => {
  let pair: Pair;
  // A glob covers what is left when the kind is gone.
  const rules = () => rulesFor(pair, 'Widget*');

  beforeEach(async () => {
    pair = await Pair.open('along');
    await pair.put(pair.from, kind.definitionOf(pair));
    await kind.served(pair.from);
    await pair.put(pair.from, kind.widget('one'), kind.widget('two'));
    await pair.copy(...rules());
    await kind.remove(pair.from);
  });

  const cleanUp = async () => {
    await pair.end();
    await kind.remove(pair.to).catch(() => undefined);
    await pair.close();
  };
  const has = async (what: string) => (await pair.find(pair.to, kind.plural, what)) !== undefined;

  test("stays while anything of its kind is somebody else's, in a plan, in a run and in a watch", async () => {
    try {
      await pair.put(pair.to, kind.widget('theirs'));
      const unflagged = await pair.copy(...rules(), '--prune');
      expect(unflagged.stderr).toContain('1 left: definitions');
      const flags = [...rules(), '--prune', '--prune-crds'];
      const plan = await pair.look('plan', ...flags);
      expect(plan).toMatchObject({ code: 5 });
      expect(plan.stdout).toMatch(/can't delete CustomResourceDefinition\S+ widgets\S+ \(.*theirs would go/);
      expect(plan.stdout).toContain(`- Widget.${kind.group} ${pair.namespace}/one`);
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
      await pair.put(pair.from, kind.definitionOf(pair));
      // What is known of it being served is from before.
      await eventually(() => pair.put(pair.from, kind.widget('one'), kind.widget('two')));
      await pair.put(pair.to, kind.widget('theirs'));
      await pair.watch(...rules(), '--prune-crds');
      await kind.remove(pair.from);
      await eventually(async () =>
        expect((await pair.ask('jobs', '--failed', '-o', 'wide')).stdout).toContain(
          'theirs would go with it',
        ),
      );
      await pair.put(pair.from, kind.definitionOf(pair));
      await eventually(() => pair.put(pair.from, kind.widget('one'), kind.widget('new')));
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
      expect(plan.stdout).toContain(`- Widget.${kind.group} ${pair.namespace}/two`);
      const stopped = await pair.once(...flags, '--prune-limit', '2');
      expect(stopped).toMatchObject({ code: 5, stderr: expect.stringContaining('3 deletions') });
      expect(await has('one')).toBe(true);
      await pair.ask('approve');
      await pair.copy(...flags, '--prune-limit', '2');
      const resource = await resolveResource(pair.to, 'customresourcedefinitions.apiextensions.k8s.io');
      await eventually(async () =>
        expect(await pair.to.find(resource, { name: kind.plural })).toBeUndefined(),
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
    const made = kind.definitionOf(pair);
    return { ...made, spec: { ...(made.spec as object), ...more } };
  };

  beforeAll(async () => {
    pair = await Pair.open('owning');
    await pair.put(pair.from, definition());
    await kind.served(pair.from);
    await pair.put(pair.from, kind.widget('db'));
    await pair.copy(...rules());
  });
  afterAll(async () => {
    for (const kube of [pair.from, pair.to]) await kind.remove(kube).catch(() => undefined);
    await pair.close();
  });

  test('is not deleted where claims would go with it, not even by way of other owners', async () => {
    const { metadata: db } = await pair.copyOf(kind.plural, 'db');
    const owns = (apiVersion: string, kind: string, { name, uid = '' }: KubeObject['metadata']) => ({
      ownerReferences: [{ apiVersion, kind, name, uid }],
    });
    await pair.put(pair.to, configMap('between', {}, owns(`${kind.group}/v1`, 'Widget', db)));
    const { metadata: between } = await pair.copyOf('configmaps', 'between');
    const { metadata, ...disk } = claim('disk');
    await pair.put(pair.to, { ...disk, metadata: { ...metadata, ...owns('v1', 'ConfigMap', between) } });
    await pair.delete(pair.from, kind.plural, 'db');
    const planned = await pair.look('plan', ...rules());
    expect(planned.stdout).toMatch(/can't delete Widget.*disk would go with it; --prune-claims/);
    expect(await pair.once(...rules(), '--prune')).toMatchObject({ code: 5 });
    expect(await pair.copyOf(kind.plural, 'db')).toBeDefined();
    await pair.copy(...rules(), '--prune', '--prune-claims');
    expect(await pair.find(pair.to, kind.plural, 'db')).toBeUndefined();
  });

  test('a definition is not made anew, with --on-immutable recreate, while there are objects of its kind', async () => {
    await pair.put(pair.to, kind.widget('theirs'));
    await kind.remove(pair.from);
    await pair.put(pair.from, definition({ scope: 'Cluster' }));
    await kind.served(pair.from);
    const flags = [...rules(), '--on-immutable', 'recreate'];
    expect((await pair.look('plan', ...flags)).stdout).toContain("can't update CustomResourceDefinition");
    expect(await pair.once(...flags)).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('immutable'),
    });
    expect(await pair.copyOf(kind.plural, 'theirs')).toBeDefined();
  });
});
