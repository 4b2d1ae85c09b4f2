/** What is called equal is equal: adopted objects, fields added by hand, what a server does not take, autoscalers. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubeClient } from '../../src/kube/api/client.ts';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { configMaps, deployments, networkPolicies, services } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { plugin } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap, essence } from './support/objects.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await Pair.open('equal');
});
afterAll(() => pair.close());

const only = (name: string, ...kinds: string[]) => ['-l', `only=${name}`, '--kinds', kinds.join()];

type Container = Record<string, unknown>;

function deployment(name: string, spec: object = {}, containers: Container[] = [web()]): KubeObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels: { only: name } },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
      ...spec,
    },
  };
}

const web = (env: { name: string; value: string }[] = [{ name: 'A', value: '1' }]): Container => ({
  name: 'web',
  image: 'test.invalid/none',
  env,
});

/** As `kubectl create` and `kubectl edit` write: not by an apply. */
const create = (kube: KubeClient, object: KubeObject) =>
  kube.create(deployments as never, inNamespace(object) as never, { fieldManager: 'kubectl-create' });

const inNamespace = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, namespace: pair.namespace },
});

const edit = (name: string, patch: object) =>
  pair.to.patch(deployments, { namespace: pair.namespace, name }, patch, {
    type: 'strategic',
    fieldManager: 'kubectl-edit',
  } as never);

/** Everything that a person would call different. */
async function expectEqual(what: string, name: string): Promise<void> {
  const [from, to] = [await pair.find(pair.from, what, name), await pair.copyOf(what, name)];
  const bare = ({ annotations, ...rest }: Record<string, unknown>) => ({
    ...rest,
    annotations: Object.fromEntries(
      Object.entries(annotations as object).filter(([key]) => !key.startsWith('deployment.kubernetes.io/')),
    ),
  });
  expect(bare(essence(to))).toEqual(bare(essence(from as KubeObject)));
}

describe('a field that somebody adds by hand on a replica', () => {
  const ghost = (name: string) => ({
    spec: { template: { spec: { containers: [{ name, env: [{ name: 'GHOST', value: '1' }] }] } } },
  });

  test('is drift at any depth: seen, shown, and put right', async () => {
    const flags = only('ghostly', 'deploy');
    await pair.put(pair.from, deployment('ghostly'));
    await pair.copy(...flags);
    await edit('ghostly', ghost('web'));
    await edit('ghostly', { spec: { template: { spec: { nodeSelector: { by: 'hand' } } } } });
    const drift = await pair.look('drift', ...flags, '-o', 'json');
    expect(drift.code).toBe(5);
    const [line] = JSON.parse(drift.stdout).lines.filter(
      ({ kind }: { kind: string }) => kind === 'Deployment.apps',
    );
    expect(line).toMatchObject({ edited: 1 });
    const plan = await pair.look('plan', ...flags);
    expect(plan).toMatchObject({ code: 5 });
    expect(plan.stdout).toContain('GHOST');
    expect(plan.stdout).toContain('nodeSelector');
    const { code } = await pair.once(...flags, '--drift', 'report');
    expect(code).toBe(0);
    expect(JSON.stringify(await pair.copyOf('deployments.apps', 'ghostly'))).toContain('GHOST');
    await pair.copy(...flags);
    await expectEqual('deployments.apps', 'ghostly');
    expect(await pair.look('drift', ...flags)).toMatchObject({ code: 0 });
    expect(await pair.look('plan', ...flags)).toMatchObject({ code: 0 });
  });

  test('goes also where the original changes at the same time, and where the two exclude each other', async () => {
    const flags = only('rolling', 'deploy');
    await pair.put(pair.from, deployment('rolling', { strategy: { type: 'RollingUpdate' } }));
    await pair.copy(...flags);
    await edit('rolling', { spec: { strategy: { rollingUpdate: { maxSurge: 3 } } } });
    await pair.from.patch(
      deployments,
      { namespace: pair.namespace, name: 'rolling' },
      { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
      { type: 'strategic' },
    );
    const plan = await pair.look('plan', ...flags);
    expect(await pair.fields(...flags)).toContain('strategy.type: "RollingUpdate" → "Recreate"');
    expect(plan.stdout).not.toContain("can't");
    await pair.copy(...flags);
    await expectEqual('deployments.apps', 'rolling');
  });

  test('stays, and is said, where another manager applies it; --force-conflicts removes it', async () => {
    const flags = only('gitops', 'deploy');
    await pair.put(pair.from, deployment('gitops'));
    await pair.copy(...flags);
    const theirs = { spec: { template: { spec: { nodeSelector: { by: 'gitops' } } } } };
    const named = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'gitops' } };
    await pair.put(pair.to, { ...named, ...theirs });
    await pair.copy(...flags);
    expect(await pair.copyOf('deployments.apps', 'gitops')).toMatchObject(theirs);
    const plan = await pair.look('plan', ...flags);
    expect(plan.stdout).toContain('1 left: another manager applies fields of it');
    expect(await pair.look('drift', ...flags)).toMatchObject({ code: 5 });
    await pair.copy(...flags, '--force-conflicts');
    await expectEqual('deployments.apps', 'gitops');
  });
});

describe('adopting', () => {
  test('makes equal what somebody else made, and plan shows what goes', async () => {
    const flags = [...only('adopted', 'deploy'), '--adopt'];
    const sidecar = { name: 'sidecar', image: 'test.invalid/old' };
    const old = deployment('adopted', { strategy: { type: 'RollingUpdate' }, minReadySeconds: 7 }, [
      web([
        { name: 'A', value: '0' },
        { name: 'OLD', value: '1' },
      ]),
      sidecar,
    ]);
    await create(pair.to, {
      ...old,
      metadata: { ...old.metadata, annotations: { 'example.com/by': 'them' } },
    });
    await pair.put(pair.from, deployment('adopted', { strategy: { type: 'Recreate' } }));
    const plan = await pair.look('plan', ...flags);
    expect(plan.stdout).toContain('adopt Deployment');
    for (const gone of ['OLD', 'sidecar', 'rollingUpdate', 'minReadySeconds'])
      expect(plan.stdout).toContain(gone);
    await pair.copy(...flags);
    const made = await pair.copyOf('deployments.apps', 'adopted');
    expect(made.metadata.annotations).toMatchObject({ 'example.com/by': 'them' });
    expect((await pair.ask('status')).stdout).toContain('1 object has keys of others');
    await pair.copy(...flags, '--exact');
    await expectEqual('deployments.apps', 'adopted');
  });

  test('the way back after a failover leaves both clusters equal, field by field', async () => {
    const task = 'failed';
    const flags = only(task, 'deploy', 'cm', 'netpol');
    const policy = (ingress: object[]): KubeObject => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: task, labels: { only: task } },
      spec: { podSelector: {}, policyTypes: ['Ingress'], ingress },
    });
    const objects = [
      deployment(task, {}, [
        web([
          { name: 'A', value: '1' },
          { name: 'DEBUG', value: 'yes' },
        ]),
        { name: 'helper', image: 'test.invalid/helper' },
      ]),
      configMap(task, { keep: '1', gone: '2' }, { labels: { only: task } }),
      policy([{ from: [{ podSelector: {} }] }, {}]),
    ];
    await pair.put(pair.from, ...objects);
    await pair.copy(...flags);
    // The primary is lost; people go on with the standby.
    const on = { namespace: pair.namespace, name: task };
    const hands = { type: 'json', fieldManager: 'kubectl-edit' } as never;
    const template = '/spec/template/spec/containers';
    await pair.to.patch(
      deployments,
      on,
      [
        { op: 'remove', path: `${template}/0/env/1` },
        { op: 'remove', path: `${template}/1` },
      ],
      hands,
    );
    await pair.to.patch(configMaps, on, [{ op: 'remove', path: '/data/gone' }], hands);
    await pair.to.patch(networkPolicies, on, [{ op: 'remove', path: '/spec/ingress/1' }], hands);
    const back = (...command: string[]) =>
      plugin('nsreplicate', [
        ...command,
        ...['--primary', pair.replica, '--replica', pair.primary, '--name', pair.otherTask('back')],
        ...['--sync-namespaces', pair.namespace, ...flags, '--adopt', '--exact', '--fail-back'],
      ]);
    const { stdout } = await back('plan');
    for (const gone of [/DEBUG/, /helper/, /gone/, / {4}- \{\}$/])
      expect(stdout).toMatch(new RegExp(`^-.*${gone.source}`, 'm'));
    expect(await back('--once')).toMatchObject({ code: 0 });
    for (const what of ['deployments.apps', 'configmaps', 'networkpolicies.networking.k8s.io'])
      await expectEqual(what, task);
    expect(await back('plan')).toMatchObject({ code: 0 });
    // The next start of the task takes nothing back.
    await pair.copy(...flags, '--adopt', '--fail-back');
    for (const what of ['deployments.apps', 'configmaps', 'networkpolicies.networking.k8s.io'])
      await expectEqual(what, task);
    expect(JSON.stringify(await pair.copyOf('deployments.apps', task))).not.toContain('DEBUG');
  });
});

describe('what a server does not take', () => {
  const service = (spec: object): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'headless', labels: { only: 'headless' } },
    spec: { selector: { app: 'x' }, ports: [{ port: 80 }], ...spec },
  });

  test('is a failure, said before and after, and made anew where that is allowed', async () => {
    const flags = only('headless', 'svc');
    const clusterIP = async () =>
      ((await pair.copyOf('services', 'headless')).spec as { clusterIP: string }).clusterIP;
    await pair.put(pair.from, service({ clusterIP: 'None' }));
    await pair.copy(...flags);
    expect(await clusterIP()).toBe('None');
    await pair.from.delete(services, { namespace: pair.namespace, name: 'headless' });
    await pair.put(pair.from, service({}));
    const plan = await pair.look('plan', ...flags);
    expect(plan.stdout).toMatch(/can't update Service \S+\/headless \(.*did not take spec\.clusterIP/);
    expect((await pair.look('plan', ...flags, '--on-immutable', 'recreate')).stdout).toContain(
      'recreate Service',
    );
    for (let run = 0; run < 2; run++) {
      expect(await pair.once(...flags)).toMatchObject({ code: 5 });
      expect((await pair.ask('jobs', '--failed', '-o', 'wide')).stdout).toContain('immutable');
    }
    expect(await clusterIP()).toBe('None');
    await pair.copy(...flags, '--on-immutable', 'recreate');
    expect(await clusterIP()).not.toBe('None');
    expect(await pair.look('plan', ...flags)).toMatchObject({ code: 0 });
  });

  test('a field that can not be changed is known by trying, and named', async () => {
    const flags = only('bound', 'rolebindings');
    const binding = (role: string): KubeObject => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'bound', labels: { only: 'bound' } },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'User', name: 'somebody', apiGroup: 'rbac.authorization.k8s.io' }],
    });
    await pair.put(pair.from, binding('view'));
    await pair.copy(...flags);
    await pair.delete(pair.from, 'rolebindings', 'bound');
    await pair.put(pair.from, binding('edit'));
    expect(await pair.once(...flags)).toMatchObject({ code: 5 });
    const failed = await pair.ask('jobs', '--failed', '-o', 'wide');
    expect(failed.stdout).toMatch(/immutable .*roleRef can't be changed/);
    await pair.copy(...flags, '--on-immutable', 'recreate');
    await expectEqual('rolebindings.rbac.authorization.k8s.io', 'bound');
  });
});

test('an autoscaler that appears on the primary changes no number of pods on the replica', async () => {
  const flags = only('scaled', 'deploy');
  await pair.put(pair.from, deployment('scaled', { replicas: 3, paused: true }));
  await pair.copy(...flags);
  const numbers: unknown[] = [];
  const replicas = async () =>
    ((await pair.copyOf('deployments.apps', 'scaled')).spec as { replicas: number }).replicas;
  expect(await replicas()).toBe(3);
  await pair.put(pair.from, {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'scaled' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'scaled' },
      minReplicas: 1,
      maxReplicas: 5,
    },
  });
  await pair.copy(...flags);
  numbers.push(await replicas());
  await pair.put(pair.from, { ...deployment('scaled', { minReadySeconds: 5, paused: true, replicas: 3 }) });
  await pair.copy(...flags);
  numbers.push(await replicas());
  expect(numbers).toEqual([3, 3]);
  const { generation } = (await pair.copyOf('deployments.apps', 'scaled')).metadata;
  await eventually(async () => expect(await pair.look('drift', ...flags)).toMatchObject({ code: 0 }));
  await pair.copy(...flags);
  expect((await pair.copyOf('deployments.apps', 'scaled')).metadata.generation).toBe(generation);
});
