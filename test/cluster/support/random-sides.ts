/** Random pairs of sides and policies, by a seed: what a run writes of them, what `plan` says, what `drift` counts. */
import { expect } from '@jest/globals';
import { AppliedResults } from '../../../plugins/nsreplicate/cache/applied-results.ts';
import { Informers } from '../../../plugins/nsreplicate/cache/informers.ts';
import type { TaskSpec } from '../../../plugins/nsreplicate/decide/spec.ts';
import { drift } from '../../../plugins/nsreplicate/preview/drift.ts';
import { type PlannedChange, plan } from '../../../plugins/nsreplicate/preview/plan.ts';
import { survey } from '../../../plugins/nsreplicate/preview/survey.ts';
import { ruleFor } from '../../../plugins/nsreplicate/rules/rule.ts';
import { findDigestKey } from '../../../plugins/nsreplicate/state/digest-key.ts';
import { readResults, readSavedState } from '../../../plugins/nsreplicate/state/state.ts';
import { systemClock } from '../../../src/clock.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { configMaps, type Resource, secrets } from '../../../src/kube/api/resources.ts';
import { resolveResource } from '../../../src/kube/cluster/discovery.ts';
import { randomFrom } from '../../support/random.ts';
import { Pair } from './nsreplicate.ts';
import { configMap, secret } from './objects.ts';

type Make = (name: string, value: string) => KubeObject;

const networkPolicy: Make = (name, value) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name },
  spec: { podSelector: { matchLabels: { app: value } }, ingress: [{ from: [{ podSelector: {} }] }] },
});

const kinds: readonly Make[] = [
  (name, value) => configMap(name, { value, more: 'keys' }),
  (name, value) => secret(name, { value }),
  networkPolicy,
];
const rules = [
  ruleFor('', 'ConfigMap'),
  ruleFor('', 'Secret'),
  ruleFor('networking.k8s.io', 'NetworkPolicy'),
];

/** One object: what it is, and how its resource is called on both sides. */
interface One {
  readonly pair: Pair;
  readonly name: string;
  readonly make: Make;
  readonly resource: Resource;
}

const refOf = ({ pair, name }: One) => ({ namespace: pair.namespace, name });

/** Writes into the copy as `kubectl edit` does. */
const edit = ({ pair, resource, name }: One, patch: object) =>
  pair.to.patch(resource, { namespace: pair.namespace, name }, patch, {
    type: 'merge',
    fieldManager: 'by-hand',
  });

const annotate = (one: One, find: RegExp, replace: string) =>
  pairCopy(one).then((copy) => {
    const origin = copy.metadata.annotations?.['x8s.dev/origin']?.replace(find, replace);
    return edit(one, { metadata: { annotations: { 'x8s.dev/origin': origin } } });
  });

async function pairCopy({ pair, resource, name }: One): Promise<KubeObject> {
  return pair.to.get(resource, { namespace: pair.namespace, name });
}

/** What may have become of a copy since it was made. */
const onReplica: Record<string, (one: One) => Promise<unknown>> = {
  untouched: async () => undefined,
  gone: (one) => one.pair.to.delete(one.resource, refOf(one)),
  edited: (one) =>
    edit(
      one,
      one.make === networkPolicy
        ? { spec: { podSelector: { matchLabels: { app: 'edited' } } } }
        : { data: { value: 'ZWRpdGVk' } },
    ),
  'with a field by hand': (one) =>
    edit(one, one.make === networkPolicy ? { spec: { egress: [{}] } } : { immutable: false }),
  'with keys of others': (one) => edit(one, { metadata: { labels: { 'example.com/theirs': 'x' } } }),
  'applied by another manager': ({ pair, make, name }) => pair.put(pair.to, make(name, 'gitops')),
  'of nobody': (one) => edit(one, { metadata: { annotations: { 'x8s.dev/origin': null } } }),
  'of another task': (one) => edit(one, { metadata: { labels: { 'x8s.dev/replica-of': 'other' } } }),
  'of another primary': (one) => annotate(one, /cluster=\S+/, 'cluster=another'),
  'of an earlier object': (one) => annotate(one, / uid=\S+/, ' uid=earlier'),
  leaving: async (one) => {
    await edit(one, { metadata: { finalizers: ['example.com/hold'] } });
    await one.pair.to.delete(one.resource, refOf(one));
  },
};

/** What may have become of an original. */
const onPrimary: Record<string, (one: One) => Promise<unknown>> = {
  untouched: async () => undefined,
  gone: (one) => one.pair.from.delete(one.resource, refOf(one)),
  changed: ({ pair, make, name }) => pair.put(pair.from, make(name, 'changed')),
  'made anew': async (one) => {
    await one.pair.from.delete(one.resource, refOf(one));
    await one.pair.put(one.pair.from, one.make(one.name, 'first'));
  },
};

async function look(pair: Pair, spec: TaskSpec) {
  const signal = new AbortController().signal;
  const [key, saved, kept] = await Promise.all([
    findDigestKey(pair.from, pair.task, { signal }),
    readSavedState(pair.from, pair.task, { signal }),
    readResults(pair.from, pair.task, { signal }),
  ]);
  if (!key) throw new Error('the task has not run');
  const sides = await pair.sides();
  const results = new AppliedResults(kept);
  const surveyed = await survey({
    ...sides,
    spec,
    informers: new Informers(systemClock),
    key,
    saved,
    results,
    epochs: { number: 0 },
    signal,
  });
  return { planned: await plan(surveyed, spec, signal), drifted: await drift(surveyed, signal) };
}

/** Versions of all that the replica has, by kind and name. */
async function versions(pair: Pair, resources: readonly Resource[]): Promise<Map<string, string>> {
  const { namespace } = pair;
  const lists = await Promise.all(resources.map((resource) => pair.to.list(resource, { namespace })));
  return new Map(
    lists.flatMap(({ items }, index) =>
      items.map(({ metadata }) => [
        `${resources[index]?.kind} ${metadata.name}`,
        `${metadata.uid} ${metadata.resourceVersion} ${metadata.deletionTimestamp}`,
      ]),
    ),
  );
}

function writesBetween(before: Map<string, string>, after: Map<string, string>): Record<string, string> {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return Object.fromEntries(
    names.flatMap((name) => {
      const [was, is] = [before.get(name), after.get(name)];
      if (was === is) return [];
      return [[name, was === undefined ? 'created' : is === undefined ? 'deleted' : 'changed']];
    }),
  );
}

const effects: Partial<Record<PlannedChange['action'], string>> = {
  create: 'created',
  update: 'changed',
  'put-right': 'changed',
  adopt: 'changed',
  delete: 'deleted',
};

const nameOf = ({ kind, name }: PlannedChange) => `${kind.replace(/\..*/, '')} ${name}`;

/** What `plan` promises of the replica. */
const promised = (changes: readonly PlannedChange[]): Record<string, string> =>
  Object.fromEntries(
    changes
      .filter(({ action, blocked, note }) => action in effects && !blocked && !note?.startsWith('once'))
      .map((change) => [nameOf(change), effects[change.action] ?? ''])
      .sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
  );

/** How many objects `drift` has to count, and as what, by what `plan` says of them. */
function countsOf(changes: readonly PlannedChange[]) {
  const states: Partial<Record<PlannedChange['action'], string>> = {
    create: 'missing',
    update: 'outdated',
    'put-right': 'edited',
    adopt: 'foreign',
    refused: 'foreign',
    delete: 'extra',
  };
  const counts: Record<string, number> = { missing: 0, outdated: 0, edited: 0, foreign: 0, extra: 0 };
  for (const { action, note } of changes) {
    const isEdited = /edited on the replica|others have keys|another manager applies/.test(note ?? '');
    const left = isEdited ? 'edited' : /deleted with|followed/.test(note ?? '') ? 'extra' : undefined;
    const state = action === 'left' ? left : states[action];
    if (state) counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

const OBJECTS = 24;

/**
 * Makes sides and a policy, and a run of them: what it writes is what `plan` had said and what `drift` had counted, no more
 * and no less. Whether something was written is seen on the replica itself.
 */
export async function expectOneDecision(seed: number): Promise<void> {
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const pair = await Pair.open('decision');
  try {
    const networkPolicies = await resolveResource(pair.from, 'networkpolicies.networking.k8s.io');
    const resources: Resource[] = [configMaps, secrets, networkPolicies];
    const objects = Array.from({ length: OBJECTS }, (_, index): One => {
      const kind = index % kinds.length;
      return { pair, name: `n${index}`, make: kinds[kind] as Make, resource: resources[kind] as Resource };
    });
    await pair.put(pair.from, ...objects.map(({ make, name }) => make(name, 'first')));
    await pair.compare({ rules });
    const story: string[] = [];
    for (const one of objects) {
      const [here, there] = [pick(Object.keys(onPrimary)), pick(Object.keys(onReplica))];
      story.push(`${one.resource.kind} ${one.name}: original ${here}, copy ${there}`);
      await onReplica[there]?.(one);
      await onPrimary[here]?.(one);
    }
    const flag = () => random(2) === 1;
    const policy: Partial<TaskSpec> = {
      rules,
      adopt: flag(),
      exact: flag(),
      forceConflicts: flag(),
      drift: pick(['fix', 'fix', 'report']),
      prune: { prune: flag(), claims: false, namespaces: false, definitions: false },
    };
    story.push(JSON.stringify({ ...policy, rules: undefined }));
    const { planned, drifted } = await look(pair, pair.spec(policy));
    const before = await versions(pair, resources);
    const { replicas } = await pair.compare(policy);
    const written = writesBetween(before, await versions(pair, resources));
    expect({ story, written }).toEqual({ story, written: promised(planned) });
    const counted = drifted.reduce<Record<string, number>>((sums, line) => {
      for (const state of ['missing', 'outdated', 'edited', 'foreign', 'extra'] as const)
        sums[state] = (sums[state] ?? 0) + line[state];
      return sums;
    }, {});
    expect({ story, planned, counted }).toEqual({ story, planned, counted: countsOf(planned) });
    const failing = planned.filter(
      ({ action, blocked, note }) => blocked || action === 'refused' || note?.startsWith('once'),
    );
    expect({ story, failed: replicas[0]?.failed }).toEqual({ story, failed: failing.length });
  } finally {
    for (const resource of [configMaps, secrets] as Resource[])
      for (const { metadata } of (await pair.to.list(resource, { namespace: pair.namespace })).items)
        if (metadata.finalizers)
          await pair.to.patch(
            resource,
            { namespace: pair.namespace, name: metadata.name },
            { metadata: { finalizers: null } },
            { type: 'merge' },
          );
    await pair.close();
  }
}
