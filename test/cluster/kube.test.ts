/** The client against a real API server. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isAlreadyExists, isConflict } from '../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../src/kube/api/client.ts';
import type { ConfigMap, KubeObject } from '../../src/kube/api/objects.ts';
import {
  configMaps,
  namespaces,
  nodes,
  pods,
  type Resource,
  secrets,
  serviceAccounts,
} from '../../src/kube/api/resources.ts';
import { missingPermissions } from '../../src/kube/cluster/access.ts';
import { discover, resolveResource } from '../../src/kube/cluster/discovery.ts';
import { eventsOf } from '../../src/kube/cluster/events.ts';
import { clusterId } from '../../src/kube/cluster/identity.ts';
import { connect } from '../../src/kube/connect/connect.ts';
import { waitFor, waitGone } from '../../src/kube/watch/wait.ts';
import { listWatch } from '../../src/kube/watch/watch.ts';
import { eventually } from '../support/eventually.ts';
import { expectComplete } from './support/bulk.ts';
import { patienceMs } from './support/clients.ts';
import { contextA, kubeconfig } from './support/contexts.ts';

const namespace = `x8s-test-kube-${randomBytes(3).toString('hex')}`;
let kube: KubeClient;
const warnings: string[] = [];

const clusterRoles: Resource<KubeObject> = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural: 'clusterroles',
  kind: 'ClusterRole',
  namespaced: false,
};

beforeAll(async () => {
  kube = await connect({
    kubeconfig,
    context: contextA,
    requestTimeoutMs: 60_000,
    userAgent: 'kube-test/v1',
    onWarning: (text) => warnings.push(text),
  });
  await kube.create(namespaces, { metadata: { name: namespace } });
  // No pod is admitted before it is there.
  const ref = { namespace, name: 'default' };
  await waitFor(kube, serviceAccounts, ref, (account) => account, { timeoutMs: patienceMs });
});

afterAll(async () => {
  await kube.delete(namespaces, { name: namespace });
  await kube.close();
});

const map = (name: string, data: Record<string, string> = {}): ConfigMap => ({
  metadata: { name, namespace },
  data,
});

describe('objects', () => {
  test('are made, read, changed and deleted, each under its conditions', async () => {
    const made = await kube.create(configMaps, map('life', { a: '1' }));
    const ref = { namespace, name: 'life' };
    const changed = await kube.replace(configMaps, { ...made, data: { a: '2' } });
    const stale = await kube.replace(configMaps, made).catch((error) => error);
    expect(isConflict(stale)).toBe(true);
    expect(isAlreadyExists(await kube.create(configMaps, map('life')).catch((error) => error))).toBe(true);
    await kube.patch(configMaps, ref, { data: { b: '3' } }, { type: 'merge' });
    expect((await kube.get(configMaps, ref)).data).toEqual({ a: '2', b: '3' });
    const wrong = await kube.delete(configMaps, ref, { uid: 'another' }).catch((error) => error);
    expect(isConflict(wrong)).toBe(true);
    expect(await kube.delete(configMaps, ref, { uid: changed.metadata.uid })).toBe(true);
    expect(await kube.find(configMaps, ref)).toBeUndefined();
    expect(await kube.delete(configMaps, ref)).toBe(false);
  });

  test('keep fields that nothing here knows', async () => {
    const made = await kube.create(namespaces, { metadata: { name: `${namespace}-x` } });
    try {
      expect(made).toMatchObject({ spec: { finalizers: ['kubernetes'] } });
    } finally {
      await kube.delete(namespaces, { name: `${namespace}-x` });
    }
  });

  test('are not made by a dry run', async () => {
    const answer = await kube.create(configMaps, map('dry'), { dryRun: true });
    expect(answer.metadata.uid).toBeDefined();
    expect(await kube.find(configMaps, { namespace, name: 'dry' })).toBeUndefined();
  });

  test('with upper-case letters and a colon in their names are found again', async () => {
    const name = `X8s-Test:${namespace}`;
    await kube.create(clusterRoles, { metadata: { name }, rules: [] });
    try {
      expect((await kube.get(clusterRoles, { name })).metadata.name).toBe(name);
      expect(
        await waitFor(kube, clusterRoles, { name }, (role) => role?.metadata.name, { timeoutMs: patienceMs }),
      ).toBe(name);
    } finally {
      expect(await kube.delete(clusterRoles, { name })).toBe(true);
    }
  });
});

describe('server-side apply', () => {
  test('owns what it sets, conflicts name the owner, force takes over', async () => {
    await kube.apply(configMaps, map('applied', { shared: '1', mine: '1' }), { fieldManager: 'one' });
    const conflict = await kube
      .apply(configMaps, map('applied', { shared: '2' }), { fieldManager: 'two' })
      .catch((error) => error);
    expect(isConflict(conflict)).toBe(true);
    expect(conflict.message).toMatch(
      /configmaps "applied" in namespace .*conflict with "one": \.data\.shared/,
    );
    await kube.apply(configMaps, map('applied', { shared: '2' }), { fieldManager: 'two', force: true });
    const { data } = await kube.apply(configMaps, map('applied', {}), { fieldManager: 'one' });
    expect(data).toEqual({ shared: '2' });
  });

  test('refuses a field that there is not, also where fields are not validated', async () => {
    const applying = kube.apply(configMaps, { ...map('applied', {}), dta: {} } as KubeObject, {
      fieldManager: 'one',
      fieldValidation: 'Ignore',
    });
    await expect(applying).rejects.toThrow(/\.dta: field not declared in schema/);
  });
});

describe('lists and watches', () => {
  test('1,000 objects: complete by pages, by metadata only, and from the cache', () =>
    expectComplete(kube, namespace, 1000));

  test('a watch tells every change from the list on, in order', async () => {
    const stop = new AbortController();
    const told: string[] = [];
    const listed = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const handler = {
      replaced: () => listed.resolve(),
      event: (type: string, { metadata }: ConfigMap) => {
        told.push(`${type} ${metadata.name}`);
        if (type === 'DELETED') ended.resolve();
      },
    };
    const scope = { namespace, labelSelector: 'watched' };
    const watching = listWatch(kube, configMaps, scope, handler, stop.signal).catch((error) => error);
    await listed.promise;
    const object = { ...map('w'), metadata: { name: 'w', namespace, labels: { watched: '' } } };
    await kube.create(configMaps, object);
    await kube.apply(configMaps, { ...object, data: { a: 'b' } }, { fieldManager: 'm', force: true });
    // An object that leaves the selector is deleted for this watch.
    await kube.patch(configMaps, { namespace, name: 'w' }, { metadata: { labels: null } }, { type: 'merge' });
    await ended.promise;
    stop.abort();
    await watching;
    expect(told).toEqual(['ADDED w', 'MODIFIED w', 'DELETED w']);
  });

  test('a watch from an exact resource version tells what came after it, metadata only', async () => {
    const { metadata } = await kube.create(configMaps, map('exact', { v: '1' }));
    await kube.patch(configMaps, { namespace, name: 'exact' }, { data: { v: '2' } }, { type: 'merge' });
    const stop = new AbortController();
    const got = Promise.withResolvers<ConfigMap>();
    const handler = {
      replaced: () => got.reject(new Error('a list was not asked for')),
      event: (_: string, object: ConfigMap) => got.resolve(object),
    };
    const scope = {
      namespace,
      fieldSelector: 'metadata.name=exact',
      metadataOnly: true,
      resourceVersion: metadata.resourceVersion ?? '',
    };
    const watching = listWatch(kube, configMaps, scope, handler, stop.signal).catch((error) => error);
    const object = await got.promise;
    stop.abort();
    await watching;
    expect(object).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'exact' } });
    expect(object.data).toBeUndefined();
  });

  test('an object of 1 MiB goes both ways and through a watch', async () => {
    const text = 'ü'.repeat(500_000);
    await kube.create(configMaps, map('big', { text }));
    const seen = await waitFor(kube, configMaps, { namespace, name: 'big' }, (object) => object?.data?.text, {
      timeoutMs: patienceMs,
    });
    expect(seen === text).toBe(true);
  });
});

describe('waiting', () => {
  test('resolves with the change that it waits for, and rejects with the last state', async () => {
    const waiting = waitFor(kube, configMaps, { namespace, name: 'later' }, (object) => object?.data?.ready, {
      timeoutMs: patienceMs,
    });
    await kube.create(configMaps, map('later'));
    await kube.patch(configMaps, { namespace, name: 'later' }, { data: { ready: 'yes' } }, { type: 'merge' });
    expect(await waiting).toBe('yes');
  });

  test('for an object that a finalizer holds says so', async () => {
    const held = { ...map('held'), metadata: { name: 'held', namespace, finalizers: ['x8s.dev/test'] } };
    await kube.create(configMaps, held);
    const ref = { namespace, name: 'held' };
    await kube.delete(configMaps, ref);
    // It has been read by then, also on a busy machine.
    await expect(waitGone(kube, configMaps, ref, { timeoutMs: 3000 })).rejects.toMatchObject({
      exitCode: 124,
      details: [expect.stringMatching(/being deleted since .*, held by finalizers x8s\.dev\/test/)],
    });
    const gone = waitGone(kube, configMaps, ref, { timeoutMs: patienceMs });
    await kube.patch(configMaps, ref, { metadata: { finalizers: null } }, { type: 'merge' });
    await gone;
  });
});

describe('who and what', () => {
  test('the cluster has an identity', async () => {
    expect(await clusterId(kube)).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('discovery knows the built-in kinds by all their names', async () => {
    const { resources, unavailable } = await discover(kube);
    expect(resources.length).toBeGreaterThan(50);
    // Groups of tests beside come and go.
    expect(unavailable.filter((group) => !/\.test\b/.test(group))).toEqual([]);
    for (const name of ['deploy', 'Deployment', 'deployments.v1.apps', 'deployment.apps'])
      expect(await resolveResource(kube, name)).toMatchObject({ group: 'apps', plural: 'deployments' });
  });

  test('impersonation, access reviews and refusals name the same user', async () => {
    const jane = await connect({
      kubeconfig,
      context: contextA,
      requestTimeoutMs: 60_000,
      as: 'jane',
      asGroups: ['devs', 'ops'],
    });
    try {
      const needs = [
        { verb: 'get', resource: secrets, namespace },
        { verb: 'create', resource: pods, subresource: 'exec', namespace },
      ];
      expect(await missingPermissions(jane, needs)).toEqual(needs);
      expect(await missingPermissions(kube, needs)).toEqual([]);
      await expect(jane.get(secrets, { namespace, name: 's' })).rejects.toMatchObject({
        exitCode: 4,
        message: `${contextA}: secrets "s" in namespace "${namespace}": not allowed: user "jane" may not get secrets in namespace "${namespace}"`,
      });
      await expect(jane.list(nodes)).rejects.toMatchObject({ code: 403 });
    } finally {
      await jane.close();
    }
  });

  test('a token that no one gave is rejected as a login', async () => {
    const server = kube.cluster.server;
    const stranger = await connect({
      kubeconfig,
      context: contextA,
      requestTimeoutMs: 60_000,
      // Without the context's own user, whose certificate would do.
      user: 'none',
      token: 'made.up.token',
    });
    try {
      expect(stranger.cluster.server).toBe(server);
      await expect(stranger.get(namespaces, { name: 'default' })).rejects.toMatchObject({
        code: 401,
        exitCode: 4,
        message: `${contextA}: not logged in: the API server rejects the credentials of none`,
      });
    } finally {
      await stranger.close();
    }
  });

  test('a broken manifest is refused with the field', async () => {
    await expect(kube.create(configMaps, map('Not_A_Name'))).rejects.toMatchObject({
      code: 422,
      message: expect.stringMatching(/configmaps "Not_A_Name" in namespace ".*": invalid: metadata\.name: /),
    });
    await expect(
      kube.create(configMaps, { metadata: { name: 'x', namespace: `${namespace}-none` } }),
    ).rejects.toThrow(/cannot create it: namespaces ".*-none" not found/);
  });

  test('events of an object are told in order', async () => {
    const { metadata } = await kube.create(pods, {
      metadata: { name: 'unschedulable', namespace },
      spec: {
        nodeSelector: { nowhere: 'here' },
        containers: [{ name: 'c', image: 'x8s.dev/none' }],
        automountServiceAccountToken: false,
      },
    });
    const ref = { namespace, name: 'unschedulable' };
    const isRefused = (pod: { status?: { conditions?: { reason?: string }[] } } | undefined) =>
      pod?.status?.conditions?.some(({ reason }) => reason === 'Unschedulable') || undefined;
    await waitFor(kube, pods, ref, isRefused, { timeoutMs: patienceMs });
    await eventually(async () => {
      const [told] = await eventsOf(kube, { namespace, uid: metadata.uid }, 3);
      expect(told).toMatch(/^Warning FailedScheduling: /);
    });
    await kube.delete(pods, ref, { gracePeriodSeconds: 0 });
  });

  test('warnings of the server are told', async () => {
    const before = warnings.length;
    await kube.create(
      pods,
      {
        metadata: { name: 'warned', namespace },
        spec: {
          containers: [
            {
              name: 'c',
              image: 'x8s.dev/none',
              env: [
                { name: 'A', value: '1' },
                { name: 'A', value: '2' },
              ],
            },
          ],
          nodeSelector: { nowhere: 'here' },
        },
      },
      { dryRun: true },
    );
    expect(warnings.slice(before).join()).toMatch(/env/);
  });
});
