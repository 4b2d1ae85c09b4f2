/** The Roles that `rbac` prints: somebody with just these copies, and with one verb less is told which. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { madeFor } from '../../plugins/x8sync/connect/strategies.ts';
import type { StrategyName } from '../../plugins/x8sync/connect/strategy-names.ts';
import { checkPermissions } from '../../plugins/x8sync/preflight/permissions.ts';
import { ForbiddenError } from '../../src/errors.ts';
import type { PolicyRule } from '../../src/kube/cluster/access.ts';
import { clusterOf } from './support/clusters.ts';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { as, printedFor, type Side, sides } from './support/least-rights.ts';
import { granted, grantIn } from './support/roles.ts';
import { deployRows, replicasOf } from './support/rows.ts';
import { Scene } from './support/scene.ts';
import { saidBy } from './support/x8sync.ts';

const contexts: Readonly<Record<Side, string>> = { source: contextA, target: contextB };

let scene: Scene;
/** Where a claim of another namespace is copied to, and one beside the source. */
let other: Scene;
let pair: [string, string];
beforeAll(async () => {
  [scene, other] = await Promise.all([Scene.open('roles'), Scene.open('roles-other')]);
  pair = [scene.ref(contextA, 'source'), scene.ref(contextB, 'target')];
  await Promise.all([scene.claim(contextA, 'source'), scene.claim(contextB, 'target')]);
  await scene.shell(contextA, 'source', someFiles(1));
});
afterAll(() => Promise.all([scene.close(), other.close()]));

const printed = (side: Side, ...flags: string[]): Promise<PolicyRule[]> => printedFor(pair, side, ...flags);

interface Without {
  readonly user: string;
  readonly verb: string;
  readonly resource: string;
  readonly rules: readonly PolicyRule[];
}

/** For each right that the rules grant, the rules without it. */
function withoutEach(side: Side, rules: readonly PolicyRule[]): Without[] {
  const single = rules.flatMap(({ apiGroups, resources, verbs }) =>
    resources.flatMap((resource) =>
      verbs.map((verb) => ({ apiGroups, resources: [resource], verbs: [verb] })),
    ),
  );
  return single.map((left, index) => {
    const [group = ''] = left.apiGroups;
    const [plural = '', subresource] = (left.resources[0] ?? '').split('/');
    const name = [group === '' ? plural : `${plural}.${group}`, ...(subresource ? [subresource] : [])].join(
      '/',
    );
    const user = `${scene.namespace}-${side}-${index}`;
    return { user, verb: left.verbs[0] ?? '', resource: name, rules: single.filter((rule) => rule !== left) };
  });
}

test('somebody with just these Roles copies, by each of these strategies', async () => {
  const user = `${scene.namespace}-least`;
  await Promise.all([scene.claim(contextA, 'beside'), other.claim(contextA, 'target')]);
  const [source] = pair;
  const across = { pair, context: contextB, namespace: scene.namespace };
  const beside = {
    context: contextA,
    namespace: scene.namespace,
    pair: [source, scene.ref(contextA, 'beside')],
  };
  const apart = {
    context: contextA,
    namespace: other.namespace,
    pair: [source, other.ref(contextA, 'target')],
  };
  const all = [
    { ...across, flags: ['--strategy', 'nodeport'] },
    { ...across, flags: ['--strategy', 'relay'] },
    { ...across, flags: ['--strategy', 'nodeport', '--push'] },
    ...(isLab ? [{ ...across, flags: ['--strategy', 'loadbalancer'] }] : []),
    { ...beside, flags: ['--strategy', 'mount'] },
    { ...apart, flags: ['--strategy', 'clusterip'] },
  ] as const;
  for (const [index, { pair, context, namespace, flags }] of all.entries()) {
    const name = `${user}-${index}`;
    const places = { source: [contextA, scene.namespace], target: [context, namespace] } as const;
    for (const side of sides) {
      const [at, where] = places[side];
      const rules = await printedFor(pair, side, ...flags);
      const roles = granted(`${name}-${side}`, rules, { kind: 'User', name });
      await grantIn(at, where, roles, ['--as', name]);
    }
    saidBy(await as(name, [], ...pair, ...flags), 0);
    expect([await scene.leftovers(), await other.leftovers()]).toEqual([[], []]);
  }
});

test('somebody with just what a schedule takes leaves one, changes it, and ends it', async () => {
  const { namespace } = scene;
  const name = `${namespace}-schedule`;
  const args = ['--strategy', 'nodeport', '--every'];
  await Promise.all(
    sides.map(async (side) => {
      const rules = await printed(side, ...args, '1h');
      await grantIn(contexts[side], namespace, granted(name, rules, { kind: 'User', name }), ['--as', name]);
    }),
  );
  const copy = [...pair, '--name', 'least', ...args];
  saidBy(await as(name, [], ...copy, '1d'), 0);
  expect(saidBy(await as(name, [], ...copy, '1h'), 0)).toMatch(/Changed from every 1d to every 1h/);
  const there = ['-n', namespace, '--context', contextB];
  expect(saidBy(await as(name, [], 'status', 'least', ...there), 0)).toMatch(/Phase: +Scheduled/);
  saidBy(await as(name, [], 'cleanup', 'least', ...there), 0);
  expect(await scene.leftovers('least')).toEqual([]);
});

test('somebody with just what a cutover into a claim that is made takes does that', async () => {
  const { namespace } = scene;
  const name = `${namespace}-cutover`;
  const args = ['--strategy', 'nodeport', '--cutover', '--create-target'];
  await Promise.all(
    sides.map(async (side) => {
      const rules = await printed(side, ...args);
      await grantIn(contexts[side], namespace, granted(name, rules, { kind: 'User', name }), ['--as', name]);
    }),
  );
  const [here, there] = [
    { context: contextA, namespace },
    { context: contextB, namespace },
  ];
  await Promise.all([deployRows(here, 'app', 'source', 1), deployRows(there, 'app', 'made', 0)]);
  const [source] = pair;
  const ended = await as(name, [], ...args, '--downtime-goal', '2m', source, scene.ref(contextB, 'made'));
  expect(saidBy(ended, 0)).toMatch(/Deployment app/);
  expect(await Promise.all([replicasOf(here, 'app'), replicasOf(there, 'app')])).toEqual([0, 1]);
});

/** What a copy would be told before it makes anything, in this process: starting the plugin for each case takes long. */
async function refusalOf(user: string, group: string, strategy: StrategyName): Promise<readonly string[]> {
  const how = { as: user, asGroups: [group] };
  const [source, target] = await Promise.all([clusterOf('A', how), clusterOf('B', how)]);
  const { namespace } = scene;
  const claims = {
    source: { kube: source, namespace, claim: 'source' },
    target: { kube: target, namespace, claim: 'target' },
  };
  try {
    await checkPermissions(claims, madeFor([strategy]), new AbortController().signal);
    return [];
  } catch (error) {
    return error instanceof ForbiddenError ? error.details : [String(error)];
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}

describe.each(['nodeport', 'loadbalancer', 'relay'] as const)('with one verb less, by %s', (strategy) => {
  test.each(sides)('at the %s, that verb is named, and nothing is made', async (side) => {
    const other: Side = side === 'source' ? 'target' : 'source';
    const group = `${scene.namespace}-${strategy}-${other}`;
    const all = withoutEach(side, await printed(side, '--strategy', strategy));
    // The other strategies add a few rights to those that have been tried by then.
    const cases =
      strategy === 'nodeport' ? all : all.filter(({ resource }) => /exec|portforward/.test(resource));
    const last = cases.at(-1);
    if (!last) return;
    const bindings = cases.flatMap(({ user, rules }) =>
      granted(`${strategy}-${user}`, rules, { kind: 'User', name: user }),
    );
    const full = granted(group, await printed(other, '--strategy', strategy), {
      kind: 'Group',
      name: group,
    });
    await Promise.all([
      grantIn(contexts[other], scene.namespace, full, ['--as', 'anybody', '--as-group', group]),
      grantIn(contexts[side], scene.namespace, bindings, ['--as', last.user]),
    ]);
    const said = await Promise.all(cases.map(({ user }) => refusalOf(user, group, strategy)));
    const missing = ({ verb, resource }: Without) =>
      `may not ${verb} ${resource} in namespace "${scene.namespace}"`;
    expect(said).toEqual(cases.map((one) => [missing(one)]));
    const told = saidBy(await as(last.user, [group], ...pair, '--strategy', strategy), 4);
    expect(told).toContain(missing(last));
    expect(told).not.toMatch(/Task [a-z0-9-]+\n/);
    expect(await scene.leftovers()).toEqual([]);
  });
});
