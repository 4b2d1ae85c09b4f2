/** What nsreplicate has to live through, on API servers of its own: after each, both sides are equal. */

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { connect } from '../../src/kube/connect.ts';
import { configMaps, namespaces, type Resource } from '../../src/kube/resources.ts';
import {
  configMap,
  contentOf,
  each,
  equal,
  makeNamespace,
  once,
  secret,
  specOf,
  until,
  watch,
} from './support/replication.ts';
import { type Scene, withServers } from './support/servers.ts';
import { serveWebhook } from './support/webhook.ts';

const names = (count: number, prefix = 'o') =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
const change = ({ primary }: Scene, namespace: string, name: string, value: string) =>
  primary.kube.apply(configMaps, configMap(namespace, name, { value }), {
    fieldManager: 'test',
    force: true,
  });
const pair = ({ primary, replicas }: Scene) => ({ primary, replicas: replicas.slice(0, 1) });
const only = (namespace: string) => ({ include: [namespace], exclude: [], selector: [], sensitive: false });
const first = <T>(list: readonly T[]): T => {
  if (list[0] === undefined) throw new Error('there is none');
  return list[0];
};

describe('servers that go and come', () => {
  const scene = withServers(['p', 'q'], { controllers: true });
  const replica = () => first(scene().replicas);

  test('the primary is restarted in the middle of changes', async () => {
    await makeNamespace(scene().primary, 'app-restart');
    const watching = await watch(pair(scene()), specOf({ name: 'restart', namespaces: only('app-restart') }));
    try {
      const work = each(names(300), 4, (name) =>
        until(
          () => change(scene(), 'app-restart', name, 'x').catch(() => undefined),
          (done) => done !== undefined,
        ),
      );
      await sleep(300);
      await scene().servers[0]?.kill('kube-apiserver');
      await scene().servers[0]?.start();
      await work;
      expect(await equal(scene().primary, replica(), { prefix: 'app-restart' })).toBe(300);
    } finally {
      await watching.stop();
    }
  }, 90_000);

  test('a replica is down for a while, then back; the task says that it is away', async () => {
    await makeNamespace(scene().primary, 'app-down');
    const watching = await watch(pair(scene()), specOf({ name: 'down', namespaces: only('app-down') }));
    try {
      await scene().servers[1]?.kill('kube-apiserver');
      await each(names(50), 4, (name) => change(scene(), 'app-down', name, 'x'));
      await until(
        () => watching.task().replicas[0]?.away,
        (away) => away !== undefined,
      );
      await sleep(5000);
      await scene().servers[1]?.start();
      expect(await equal(scene().primary, replica(), { prefix: 'app-down' })).toBe(50);
      await until(
        () => watching.task().replicas[0]?.behind().pending,
        (pending) => pending === 0,
      );
    } finally {
      await watching.stop();
    }
  }, 90_000);

  test('the line to a replica is cut: nothing is refused, nothing is answered', async () => {
    await makeNamespace(scene().primary, 'app-cut');
    const watching = await watch(pair(scene()), specOf({ name: 'cut', namespaces: only('app-cut') }));
    try {
      scene().servers[1]?.freeze();
      await each(names(20), 4, (name) => change(scene(), 'app-cut', name, 'x'));
      await until(
        () => watching.task().replicas[0]?.away,
        (away) => away !== undefined,
        30_000,
      );
      scene().servers[1]?.thaw();
      expect(await equal(scene().primary, replica(), { prefix: 'app-cut' })).toBe(20);
    } finally {
      scene().servers[1]?.thaw();
      await watching.stop();
    }
  }, 90_000);

  test('a watch that expired: the history was compacted while the server was away', async () => {
    await makeNamespace(scene().primary, 'app-expired');
    await each(names(20), 4, (name) => change(scene(), 'app-expired', name, '1'));
    const watching = await watch(pair(scene()), specOf({ name: 'expired', namespaces: only('app-expired') }));
    try {
      const server = first(scene().servers);
      server.freeze();
      await server.compact();
      await server.kill('kube-apiserver');
      await server.start();
      await each(names(20), 4, (name) => change(scene(), 'app-expired', name, '2'));
      await server.compact();
      await server.kill('kube-apiserver');
      await server.start();
      await scene().primary.kube.delete(configMaps, { namespace: 'app-expired', name: 'o-3' });
      expect(await equal(scene().primary, replica(), { prefix: 'app-expired' })).toBe(19);
    } finally {
      await watching.stop();
    }
  }, 90_000);

  test('a namespace that is going on the replica comes again, with all that belongs in it', async () => {
    await makeNamespace(scene().primary, 'app-going');
    await each(names(10), 4, (name) => change(scene(), 'app-going', name, 'x'));
    const watching = await watch(pair(scene()), specOf({ name: 'going', namespaces: only('app-going') }));
    try {
      await replica().kube.patch(
        configMaps,
        { namespace: 'app-going', name: 'o-1' },
        { metadata: { finalizers: ['example.com/hold'] } },
        { type: 'merge' },
      );
      await replica().kube.delete(namespaces, { name: 'app-going' });
      await sleep(2000);
      await change(scene(), 'app-going', 'later', 'x');
      await sleep(1000);
      await replica().kube.patch(
        configMaps,
        { namespace: 'app-going', name: 'o-1' },
        { metadata: { finalizers: null } },
        { type: 'merge' },
      );
      expect(await equal(scene().primary, replica(), { prefix: 'app-going' })).toBe(11);
    } finally {
      await watching.stop();
    }
  }, 90_000);

  test('a replica that comes back empty is filled again', async () => {
    await makeNamespace(scene().primary, 'app-empty');
    await each(names(30), 4, (name) => change(scene(), 'app-empty', name, 'x'));
    const spec = specOf({
      name: 'empty',
      namespaces: only('app-empty'),
    });
    const watching = await watch(pair(scene()), spec);
    try {
      await scene().servers[1]?.empty();
      expect(await equal(scene().primary, replica(), { prefix: 'app-empty', timeoutMs: 60_000 })).toBe(30);
    } finally {
      await watching.stop();
    }
  }, 120_000);

  test('a primary that was restored from an older state deletes nothing', async () => {
    await makeNamespace(scene().primary, 'app-older');
    await change(scene(), 'app-older', 'before', 'x');
    await scene().servers[0]?.snapshot();
    const spec = specOf({
      name: 'older',
      namespaces: only('app-older'),
    });
    const watching = await watch(pair(scene()), spec);
    try {
      await each(names(5), 4, (name) => change(scene(), 'app-older', name, 'x'));
      expect(await equal(scene().primary, replica(), { prefix: 'app-older' })).toBe(6);
      // By then it is noted in the primary that there was more.
      await sleep(4000);
      await scene().servers[0]?.restore();
      await until(
        () => watching.task().replicas[0]?.deletions.state.stopped,
        (stopped) => /went back in time/.test(stopped ?? ''),
        60_000,
      );
      await sleep(1000);
      expect(Object.keys(await contentOf(replica().kube, configMaps, 'app-older'))).toHaveLength(6);
    } finally {
      await watching.stop();
    }
  }, 120_000);
});

describe('refusals', () => {
  const scene = withServers(['p', 'q'], {
    controllers: true,
    apiServerFlags: ['--enable-priority-and-fairness=false', '--max-mutating-requests-inflight=2'],
  });
  const replica = () => first(scene().replicas);
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'worker' },
  };
  const bindings: Resource = {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    plural: 'clusterrolebindings',
    kind: 'ClusterRoleBinding',
    namespaced: false,
  };
  const allow = () =>
    replica().kube.create(bindings, {
      ...role,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'User', name: 'solo-worker' }],
    });
  /** The replica as a user whose rights come from RBAC, and who is no exception to limits. */
  const asWorker = async () => {
    const server = scene().servers[1];
    if (!server) throw new Error('no replica');
    const kubeconfig = `${server.kubeconfig}.worker`;
    writeFileSync(kubeconfig, server.kubeconfigFor({ token: server.workerToken }));
    const kube = await connect({ kubeconfig, requestTimeoutMs: 10_000 });
    return { ...replica(), kube };
  };

  test('a busy server (429 with Retry-After), and rights that are taken away and given back', async () => {
    await makeNamespace(scene().primary, 'app-rights');
    await each(names(200), 8, (name) => change(scene(), 'app-rights', name, '1'));
    await allow();
    const worker = await asWorker();
    const watching = await watch(
      { primary: scene().primary, replicas: [worker] },
      specOf({ name: 'rights', namespaces: only('app-rights'), workers: 32 }),
    );
    try {
      expect(await equal(scene().primary, replica(), { prefix: 'app-rights', timeoutMs: 60_000 })).toBe(200);
      await replica().kube.delete(bindings, { name: 'worker' });
      await sleep(500);
      await each(names(20), 4, (name) => change(scene(), 'app-rights', name, '2'));
      await until(
        () =>
          [...(watching.task().replicas[0]?.failures.values() ?? [])].map(({ failure }) => failure.reason),
        (reasons) => reasons.includes('forbidden'),
      );
      await allow();
      expect(await equal(scene().primary, replica(), { prefix: 'app-rights', timeoutMs: 60_000 })).toBe(200);
    } finally {
      await watching.stop();
      await worker.kube.close();
    }
  }, 150_000);

  test('an admission webhook that refuses: parked, said, and tried again by hand', async () => {
    await makeNamespace(scene().primary, 'app-refused');
    const webhook = await serveWebhook(() => ({ refuse: 'not on a Friday' }));
    const hooks: Resource = {
      group: 'admissionregistration.k8s.io',
      version: 'v1',
      plural: 'validatingwebhookconfigurations',
      kind: 'ValidatingWebhookConfiguration',
      namespaced: false,
    };
    const rules = [
      { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] },
    ];
    const selector = { matchLabels: { 'kubernetes.io/metadata.name': 'app-refused' } };
    await replica().kube.create(hooks, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'refuses' },
      webhooks: [
        {
          name: 'refuses.example.com',
          clientConfig: webhook.clientConfig,
          rules,
          namespaceSelector: selector,
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    });
    await sleep(500);
    await change(scene(), 'app-refused', 'a', 'x');
    await scene().primary.kube.create(
      { ...configMaps, plural: 'secrets', kind: 'Secret' },
      secret('app-refused', 's', 'x'),
    );
    const watching = await watch(pair(scene()), specOf({ name: 'refused', namespaces: only('app-refused') }));
    try {
      const parked = () => watching.task().records.failed.filter(({ parked: is }) => is);
      const [job] = await until(parked, (jobs) => jobs.length > 0, 40_000);
      expect(job).toMatchObject({
        kind: 'ConfigMap',
        name: 'a',
        replica: 'q',
        reason: 'webhook',
        attempts: 6,
      });
      expect(job?.message).toContain('not on a Friday');
      await replica().kube.delete(hooks, { name: 'refuses' });
      await sleep(500);
      expect(watching.task().retry('q', undefined)).toBe(1);
      expect(await equal(scene().primary, replica(), { prefix: 'app-refused' })).toBe(2);
    } finally {
      webhook.close();
      await watching.stop();
    }
  }, 90_000);

  test('an admission webhook that changes what is written: one write, then rest, also after a restart', async () => {
    await makeNamespace(scene().primary, 'app-changed');
    const webhook = await serveWebhook(() => ({
      patch: [
        { op: 'add', path: '/data/injected', value: 'yes' },
        { op: 'replace', path: '/data/value', value: 'by webhook' },
      ],
    }));
    const hooks: Resource = {
      group: 'admissionregistration.k8s.io',
      version: 'v1',
      plural: 'mutatingwebhookconfigurations',
      kind: 'MutatingWebhookConfiguration',
      namespaced: false,
    };
    const rules = [
      { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] },
    ];
    const selector = { matchLabels: { 'kubernetes.io/metadata.name': 'app-changed' } };
    await replica().kube.create(hooks, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'changes' },
      webhooks: [
        {
          name: 'changes.example.com',
          clientConfig: webhook.clientConfig,
          rules,
          namespaceSelector: selector,
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    });
    await sleep(500);
    await change(scene(), 'app-changed', 'a', 'x');
    const spec = specOf({ name: 'changed', namespaces: only('app-changed') });
    const found = () => replica().kube.get(configMaps, { namespace: 'app-changed', name: 'a' });
    const watching = await watch(pair(scene()), spec);
    try {
      const { metadata, data } = await found();
      expect(data).toEqual({ value: 'by webhook', injected: 'yes' });
      await sleep(1500);
      expect((await found()).metadata.resourceVersion).toBe(metadata.resourceVersion);
    } finally {
      await watching.stop();
    }
    const { metadata } = await found();
    expect((await once(pair(scene()), spec)).replicas[0]?.counts.updated).toBeUndefined();
    expect((await found()).metadata.resourceVersion).toBe(metadata.resourceVersion);
    webhook.close();
    await replica().kube.delete(hooks, { name: 'changes' });
  }, 90_000);
});
