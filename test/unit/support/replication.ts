/** A task of nsreplicate at work between two fake clusters, by a clock that a test moves. */

import { AppliedResults } from '../../../plugins/nsreplicate/cache/applied-results.ts';
import { Informers } from '../../../plugins/nsreplicate/cache/informers.ts';
import type { TaskSpec } from '../../../plugins/nsreplicate/decide/spec.ts';
import { JobRecords } from '../../../plugins/nsreplicate/jobs/records.ts';
import { at } from '../../../plugins/nsreplicate/objects/draft.ts';
import { ruleFor } from '../../../plugins/nsreplicate/rules/rule.ts';
import { blankState, type SavedState } from '../../../plugins/nsreplicate/state/saved-state.ts';
import { Task } from '../../../plugins/nsreplicate/task/task.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { specOf } from '../../support/task-spec.ts';
import { fakeClock } from './fake-clock.ts';
import { FakeCluster } from './fake-cluster.ts';
import { type FakeKube, fakeKube } from './fake-kube.ts';

const verbs = ['create', 'delete', 'get', 'list', 'patch', 'watch'];
export const resource = (plural: string, kind: string, scope = 'Namespaced') => ({
  resource: plural,
  responseKind: { kind },
  scope,
  verbs,
});
export const groups = (name: string, ...resources: object[]) => ({
  kind: 'APIGroupDiscoveryList',
  items: [{ metadata: { name }, versions: [{ version: name === '' ? 'v1' : 'v2', resources }] }],
});

/** A server of ConfigMaps, Namespaces and autoscalers, on which everything is allowed. */
function server(context: string, objects = new FakeCluster()): FakeKube {
  const kube = fakeKube(objects, { context });
  const core = [resource('namespaces', 'Namespace', 'Cluster'), resource('configmaps', 'ConfigMap')];
  kube.answers.set('/api', () => groups('', ...core));
  kube.answers.set('/apis', () =>
    groups('autoscaling', resource('horizontalpodautoscalers', 'HorizontalPodAutoscaler')),
  );
  const review = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  kube.answers.set(review, () => ({ status: { allowed: true } }));
  return kube;
}

export const namespaces = '/namespaces';
export const configMaps = '/configmaps';

export const namespace = (name: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

export const configMap = (name: string, value = '1', namespace = 'shop'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { value },
});

/** A ConfigMap to which something added a key, under a name of its own. */
export function meddledWith({ data, metadata, ...rest }: KubeObject): KubeObject {
  const others = (metadata.managedFields ?? []).filter((entry) => at(entry, 'manager') !== 'meddler');
  const meddler = { manager: 'meddler', operation: 'Update', fieldsV1: { 'f:data': { 'f:added': {} } } };
  return {
    ...rest,
    metadata: { ...metadata, managedFields: [...others, meddler] },
    data: { ...(data as object), added: 'x' },
  };
}

const spec = specOf({
  name: 't',
  rules: [ruleFor('', 'ConfigMap')],
  namespaces: { include: ['shop'], exclude: [], selector: [], sensitive: false },
  workers: 4,
});

/** Two clusters, and what a task between them works on. */
export function sides(change: Partial<TaskSpec> = {}, earlier?: { from: FakeKube; to: FakeKube }) {
  const [from, to] = [server('from', earlier?.from.objects), server('to', earlier?.to.objects)];
  if (!earlier) {
    from.objects.create(namespaces, namespace('kube-system'));
    from.objects.create(namespaces, namespace('shop', { tier: 'front' }));
  }
  const id = from.objects.find(namespaces, undefined, 'kube-system')?.metadata.uid ?? '';
  const assignment = {
    spec: { ...spec, ...change },
    primary: { name: 'from', kube: from, id },
    replicas: [{ name: 'to', kube: to, id: 'TO' }],
  };
  return { from, to, assignment };
}

/**
 * Two clusters and a task between them that has yet to begin; `begin` resolves when it has compared them.
 * @param earlier a run of it before, whose clusters are taken over
 */
export function replication(
  change: Partial<TaskSpec> = {},
  earlier?: { from: FakeKube; to: FakeKube; saved?: SavedState },
  mostObjects?: number,
) {
  const { from, to, assignment } = sides(change, earlier);
  const clock = fakeClock();
  const ended = new AbortController();
  const defects: unknown[] = [];
  const renewals: string[] = [];
  const saved = earlier?.saved ?? blankState();
  const task = new Task({
    ...assignment,
    informers: new Informers(clock),
    clock,
    key: new Uint8Array(32),
    saved,
    records: new JobRecords(),
    results: new AppliedResults(),
    watch: true,
    mostObjects,
    recorded: 0,
    readSequence: undefined,
    writeSequence: undefined,
    startOver: ({ message }) => void renewals.push(message),
    fence: async () => 60_000,
    epochs: { number: 0, confirm: async () => 60_000 },
    signal: ended.signal,
    info: () => undefined,
    warn: () => undefined,
    changed: () => undefined,
    broken: (error) => defects.push(error),
  });
  const begin = async () => {
    const begun = task.begin();
    await clock.advance(1000);
    await begun;
    const [replica] = task.replicas;
    if (!replica) throw new Error('there is no replica');
    return replica;
  };
  const end = async () => {
    ended.abort();
    await Promise.all([from.close(), to.close()]);
  };
  return { from, to, clock, task, saved, assignment, defects, renewals, begin, end };
}
