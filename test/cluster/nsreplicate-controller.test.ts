/** `kubectl nsreplicate controller`: KRMSyncer resources, as their users write them, are carried out. */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { taskName } from '../../plugins/nsreplicate/controller/resource/task-names.ts';
import { configMaps, events, secrets } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { slowness } from '../support/slowness.ts';
import { contextA, contextB } from './support/contexts.ts';
import { environment, kubectl, kubectlBinary, plugin } from './support/kubectl.ts';
import { kubeconfigOf, Person } from './support/limited.ts';
import { stateNamespace } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';
import { must } from './support/process.ts';
import { serveStranger } from './support/stranger.ts';
import { ref, rule, SyncerScene } from './support/syncers.ts';

/** "Within seconds". */
const SECONDS = 5000;
/** Within which a resource that is made, edited or resumed acts. */
const ACTS = 2000 * slowness();
/** What somebody needs on the other side to whom LimitRanges are copied. */
const mayCopy = [
  { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'list', 'watch'] },
  {
    apiGroups: [''],
    resources: ['limitranges'],
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
  },
];
const limitRange = (name: string) => ({
  apiVersion: 'v1',
  kind: 'LimitRange',
  metadata: { name },
  spec: { limits: [{ type: 'Container', max: { cpu: '64' } }] },
});

describe('without rights of their own', () => {
  let scene: SyncerScene;
  beforeAll(async () => {
    scene = await SyncerScene.open('krm');
    scene.knows('configmap-sync');
  });
  afterAll(() => scene.close());

  // Word for word, but for the namespace: these clusters are others' too.
  const fileOf = (name: string, text: string) => {
    writeFileSync(scene.path(name), text.replaceAll('"default"', `"${scene.namespace}"`));
    return scene.path(name);
  };

  test("KRMSyncer's own example, step by step: copied whole, changed and deleted within seconds", async () => {
    const view = ['config', 'view', '--context', contextB, '--minify', '--flatten'];
    const file = fileOf('dest-kubeconfig.yaml', await kubectl(contextB, view));
    const nodes = await must(kubectlBinary, [`--kubeconfig=${file}`, 'get', 'nodes'], { env: environment });
    expect(nodes).toContain('Ready');
    const source = `--from-file=kubeconfig=${file}`;
    await scene.kubectl(['create', 'secret', 'generic', 'destination-kubeconfig', source]);
    const manifest = fileOf(
      'test-syncer.yaml',
      `
# test-syncer.yaml
apiVersion: syncer.gkelabs.io/v1alpha1
kind: KRMSyncer
metadata:
  name: configmap-sync
spec:
  suspend: false
  rules:
    - group: ""
      version: "v1"
      kind: "ConfigMap"
      namespaces: ["default"] # Only sync ConfigMaps in the 'default' namespace
  destination:
    clusterConfig:
      kubeConfigSecretRef:
        name: "destination-kubeconfig"

`,
    );
    await scene.kubectl(['apply', '-f', manifest]);
    await scene.kubectl(['create', 'configmap', 'test-sync-data', '--from-literal=key=value1']);
    const there = ['-n', scene.namespace, 'get', 'configmap', 'test-sync-data', '-o', 'jsonpath={.data.key}'];
    const arrives = async (value: string) => expect(await kubectl(contextB, there)).toBe(value);
    await eventually(() => arrives('value1'), SECONDS);
    expect((await scene.is('configmap-sync', 'InSync')).message).toMatch(
      /without syncFields copy whole objects/,
    );
    await scene.kubectl(['patch', 'configmap', 'test-sync-data', '-p', '{"data":{"key":"value2"}}']);
    await eventually(() => arrives('value2'), SECONDS);
    await scene.kubectl(['delete', 'configmap', 'test-sync-data']);
    await eventually(async () => expect(await scene.there('test-sync-data')).toBeUndefined(), SECONDS);
  });

  test('columns and Events show how it stands', async () => {
    await scene.pair.put(scene.pair.from, configMap('one', { a: '1' }));
    await eventually(async () =>
      expect(await scene.kubectl(['get', 'krmsyncers'])).toMatch(
        /NAME +MODE +SUSPENDED +READY +REASON +OBJECTS +LAG +AGE\nconfigmap-sync +push +false +True +InSync +2 +0s /,
      ),
    );
    const { items } = await scene.pair.from.list(events, { namespace: scene.namespace });
    const told = items.filter(({ involvedObject }) => involvedObject?.name === 'configmap-sync');
    expect(told.map(({ type, reason }) => `${type} ${reason}`)).toContain('Normal InSync');
  });

  test('deleted, it leaves its copies; with the annotation they go along, behind the brake, and nothing of others', async () => {
    const spec = { destination: ref, rules: [rule('ConfigMap', { namespaces: [scene.namespace] })] };
    const annotate = (name: string) =>
      scene.kubectl(['annotate', 'krmsyncer', name, 'x8s.dev/deletion-policy=delete']);
    const remove = (name: string) => scene.kubectl(['delete', 'krmsyncer', name, '--wait=false']);
    const gone = (name: string) =>
      eventually(async () => expect(await scene.kubectl(['get', 'krmsyncers'])).not.toContain(`${name} `));
    await scene.is('configmap-sync', 'InSync');
    await remove('configmap-sync');
    await gone('configmap-sync');
    expect(await scene.there('one')).toBeDefined();
    await scene.pair.put(scene.pair.to, configMap('theirs', { a: '1' }));
    await scene.pair.put(
      scene.pair.from,
      ...Array.from({ length: 12 }, (_, index) => configMap(`m-${index}`, { a: '1' })),
    );
    await scene.syncer('configmap-sync', spec);
    await annotate('configmap-sync');
    await eventually(async () => expect(await scene.there('m-11')).toBeDefined());
    await eventually(async () =>
      expect(
        await scene.kubectl(['get', 'krmsyncer', 'configmap-sync', '-o', 'jsonpath={.metadata.finalizers}']),
      ).toContain('x8s.dev/copies'),
    );
    await scene.is('configmap-sync', 'InSync');
    await remove('configmap-sync');
    await scene.is('configmap-sync', 'DeletionsStopped');
    expect(await scene.there('m-11')).toBeDefined();
    const task = taskName(scene.namespace, 'configmap-sync');
    const approved = await plugin('nsreplicate', ['approve', '--name', task, '--context', contextA]);
    expect(approved.code).toBe(0);
    await gone('configmap-sync');
    for (const name of ['one', 'm-0', 'm-11']) {
      expect(await scene.there(name)).toBeUndefined();
      expect(await scene.kubectl(['get', 'configmap', name])).toContain(name);
    }
    expect(await scene.there('theirs')).toBeDefined();
    await scene.syncer('configmap-sync', spec);
    await scene.is('configmap-sync', 'InSync');
  });

  test('suspended under either name, nothing is copied, within two seconds; resumed, what was missed is', async () => {
    const base = { destination: ref, rules: [rule('ConfigMap', { namespaces: [scene.namespace] })] };
    for (const word of ['suspend', 'suspended']) {
      await scene.syncer('configmap-sync', { ...base, [word]: true });
      await scene.is('configmap-sync', 'Suspended', 2000);
      expect(await scene.condition('configmap-sync', 'Suspended')).toMatchObject({ status: 'True' });
      await scene.pair.put(scene.pair.from, configMap(`while-${word}`, { a: '1' }));
      await scene.syncer('configmap-sync', { ...base, [word]: false });
      await eventually(() => scene.pair.copyOf('configmaps', `while-${word}`), ACTS);
      await scene.is('configmap-sync', 'InSync');
      expect(await scene.condition('configmap-sync', 'Suspended')).toMatchObject({ status: 'False' });
    }
  });

  test('a task whose state a newer version has written is left alone, and that is said', async () => {
    const base = { destination: ref, rules: [rule('ConfigMap', { namespaces: [scene.namespace] })] };
    await scene.syncer('configmap-sync', { ...base, suspend: true });
    await scene.is('configmap-sync', 'Suspended');
    const name = `nsreplicate-${taskName(scene.namespace, 'configmap-sync')}-state`;
    const state = { namespace: stateNamespace, name };
    const mark = (schema: string) => {
      const patch = { metadata: { annotations: { 'x8s.dev/schema': schema } } };
      return scene.pair.from.patch(configMaps, state, patch, { type: 'merge' });
    };
    const { metadata } = await scene.pair.from.get(configMaps, state);
    const schema = metadata.annotations?.['x8s.dev/schema'] ?? '';
    const { metadata: marked } = await mark(String(Number(schema) + 1));
    await scene.pair.put(scene.pair.from, configMap('one', { a: 'newer' }));
    await scene.syncer('configmap-sync', base);
    const { status, message } = await scene.is('configmap-sync', 'Refused');
    expect([status, message]).toEqual(['False', expect.stringContaining('was run by a newer version')]);
    expect((await scene.there('one'))?.data).toEqual({ a: '1' });
    const { metadata: left } = await scene.pair.from.get(configMaps, state);
    expect(left.resourceVersion).toBe(marked.resourceVersion);
    await mark(schema);
    await scene.is('configmap-sync', 'InSync');
    await eventually(async () => expect((await scene.there('one'))?.data).toEqual({ a: 'newer' }));
  });

  test('a rotated kubeconfig is taken up, from either key, and a broken one is said', async () => {
    const [person, next] = [new Person(), new Person()];
    await person.may(scene.pair.to, mayCopy);
    await next.may(scene.pair.to, mayCopy);
    try {
      await scene.putSecret('rotated', 'not a kubeconfig');
      const destination = { clusterConfig: { kubeConfigSecretRef: { name: 'rotated' } } };
      await scene.syncer('rotating', { destination, rules: [rule('LimitRange')] });
      await scene.is('rotating', 'InvalidKubeconfig');
      const file = person.kubeconfigFor(contextB, scene.path('person.yaml'), 'person');
      await scene.putSecret('rotated', readFileSync(file, 'utf8'));
      expect((await scene.is('rotating', 'InSync')).message).toContain('rules that name no namespaces mean');
      await scene.pair.from.delete(secrets, { namespace: scene.namespace, name: 'rotated' });
      await scene.is('rotating', 'SecretNotFound');
      await scene.putSecret('rotated', readFileSync(file, 'utf8'), 'config');
      await scene.is('rotating', 'InSync');
      await scene.pair.put(scene.pair.from, limitRange('by-one'));
      await eventually(() => scene.pair.copyOf('limitranges', 'by-one'));
      // It works, and is replaced by another one that works: whoever had the first one may do nothing any more.
      const nextFile = next.kubeconfigFor(contextB, scene.path('next.yaml'), 'next');
      await scene.putSecret('rotated', readFileSync(nextFile, 'utf8'), 'config');
      await person.forget();
      await scene.pair.put(scene.pair.from, limitRange('by-the-next'));
      await eventually(() => scene.pair.copyOf('limitranges', 'by-the-next'));
      await scene.is('rotating', 'InSync');
    } finally {
      await scene.kubectl(['delete', 'krmsyncer', 'rotating']);
      await person.forget();
      await next.forget();
    }
  });

  const elsewhere = { destination: ref, rules: [rule('ConfigMap', { namespaces: ['kube-system'] })] };
  test.each<[string, object, RegExp]>([
    ['NotAllowed', elsewhere, /the rules mean namespace kube-system/],
    ['NotAllowed', { destination: ref, rules: [rule('Secret')] }, /Secrets are not copied/],
    ['NotAllowed', { remote: ref, rules: [rule('ConfigMap')] }, /pulling writes into this cluster/],
    [
      'NotAllowed',
      { destination: ref, serviceAccountName: 'default', rules: [rule('ConfigMap')] },
      /--token-namespaces/,
    ],
    [
      'InvalidSpec',
      { destination: { gcsBucketConfig: { bucket: 'b' } }, rules: [rule('ConfigMap')] },
      /copies into a bucket are not made/,
    ],
    ['InvalidRule', { destination: ref, rules: [rule('Config[')] }, /"Config\[" is not a glob/],
    ['InvalidRule', { destination: ref, rules: [rule('Gadget')] }, /has no kind Gadget/],
    [
      'NothingToCarry',
      { mode: 'push', remote: ref, rules: [rule('ConfigMap')] },
      /ConfigMap has no status, so its rule carries nothing/,
    ],
    [
      'SecretNotFound',
      {
        destination: { clusterConfig: { kubeConfigSecretRef: { name: 'none' } } },
        rules: [rule('ConfigMap')],
      },
      /there is no Secret none/,
    ],
  ])('%s: %j', async (reason, spec, message) => {
    await scene.syncer('refused', spec);
    expect((await scene.is('refused', reason)).message).toMatch(message);
  });

  test.each<
    [string, (kubeconfig: { clusters: { cluster: object }[]; users: { user: object }[] }) => void, RegExp]
  >([
    [
      'runs a program',
      ({ users: [first] }) => Object.assign(first?.user ?? {}, { exec: { command: 'true' } }),
      /exec/,
    ],
    [
      'leads to loopback',
      ({ clusters: [first] }) => Object.assign(first?.cluster ?? {}, { server: 'https://127.0.0.1:6443' }),
      /loopback/,
    ],
    [
      'leads inside by number',
      ({ clusters: [first] }) => Object.assign(first?.cluster ?? {}, { server: 'https://10.96.0.1' }),
      /inner address/,
    ],
    [
      'leads to loopback by name',
      ({ clusters: [first] }) => Object.assign(first?.cluster ?? {}, { server: 'https://localhost:6443' }),
      /localhost leads to a loopback address/,
    ],
  ])('a kubeconfig that %s is refused', async (_what, change, message) => {
    const kubeconfig = JSON.parse(readFileSync(kubeconfigOf(contextB, scene.path('hostile'), 'h'), 'utf8'));
    change(kubeconfig);
    await scene.putSecret('hostile', JSON.stringify(kubeconfig));
    const destination = { clusterConfig: { kubeConfigSecretRef: { name: 'hostile' } } };
    await scene.syncer('hostile', { destination, rules: [rule('ConfigMap')] });
    await eventually(async () => {
      const condition = await scene.condition('hostile');
      expect(condition?.message).toMatch(message);
      expect(condition?.status).toBe('False');
    });
  });

  test('what leads to no API server is said, and nothing of what that answers, wherever one looks', async () => {
    const stranger = await serveStranger('the inner page of somebody else');
    try {
      await scene.putSecret('stranger', stranger.kubeconfig);
      const destination = { clusterConfig: { kubeConfigSecretRef: { name: 'stranger' } } };
      await scene.syncer('stranger', { destination, rules: [rule('ConfigMap')] });
      await scene.is('stranger', 'NoApiServer');
      // Now it says a version first, as an API server does.
      stranger.pretend();
      await scene.syncer('stranger', { destination, rules: [rule('ConfigMap')], adopt: true });
      await eventually(() => expect(stranger.asked).toContain('/api/v1/namespaces/kube-system'));
      await eventually(async () => expect((await scene.is('stranger', 'Failed')).status).toBe('False'));
      const { items } = await scene.pair.from.list(events, { namespace: scene.namespace });
      const told = items.filter(({ involvedObject }) => involvedObject?.name === 'stranger');
      expect(told.map(({ type, reason }) => `${type} ${reason}`)).toContain('Warning NoApiServer');
      const resource = await scene.kubectl(['get', 'krmsyncer', 'stranger', '-o', 'yaml']);
      expect([JSON.stringify(told), resource, scene.stderr].join('\n')).not.toContain('inner page');
    } finally {
      await scene.kubectl(['delete', 'krmsyncer', 'stranger']);
      stranger.close();
    }
  });

  test('what others made under the same name is left and said, also when the source goes', async () => {
    await scene.pair.put(scene.pair.to, configMap('theirs', { of: 'others' }));
    await scene.pair.put(scene.pair.from, configMap('theirs', { of: 'ours' }));
    await eventually(async () =>
      expect(await scene.condition('configmap-sync', 'Degraded')).toMatchObject({
        reason: 'ChangesFail',
        message: "one object can't be written: 1 (others made them; spec.adopt takes them over)",
      }),
    );
    await scene.pair.delete(scene.pair.from, 'configmaps', 'theirs');
    await eventually(async () =>
      expect(await scene.condition('configmap-sync', 'Degraded')).toMatchObject({ status: 'False' }),
    );
    expect((await scene.there('theirs'))?.data).toEqual({ of: 'others' });
  });

  test("a deleted one stops and leaves the copies; the example of KRMSyncer's configuration goes on, and is edited", async () => {
    await scene.kubectl(['delete', 'krmsyncer', 'configmap-sync']);
    await sleep(ACTS);
    await scene.pair.put(scene.pair.from, configMap('after', { a: '1' }), limitRange('edited'), {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'example' },
      spec: { defaultBackend: { service: { name: 'none', port: { number: 80 } } } },
    });
    const secret = ['create', 'secret', 'generic', 'remote-cluster-kubeconfig'];
    await scene.kubectl([...secret, `--from-file=kubeconfig=${scene.path('dest-kubeconfig.yaml')}`]);
    const manifest = fileOf(
      'resource-sync.yaml',
      `
apiVersion: syncer.gkelabs.io/v1alpha1
kind: KRMSyncer
metadata:
  name: resource-sync
spec:
  suspended: false
  rules:
    - group: ""
      version: "v1"
      kind: "ConfigMap"
      namespaces: ["default"] # Only sync ConfigMaps in the 'default' namespace
    - group: "networking.k8s.io"
      version: "v1"
      kind: "Ingress"
  destination:
    clusterConfig:
      kubeConfigSecretRef:
        name: "remote-cluster-kubeconfig"
`,
    );
    scene.knows('resource-sync');
    expect(await scene.there('after')).toBeUndefined();
    await scene.kubectl(['apply', '-f', manifest]);
    await eventually(() => scene.pair.copyOf('ingresses.networking.k8s.io', 'example'), ACTS);
    const { metadata } = await eventually(() => scene.pair.copyOf('configmaps', 'after'), ACTS);
    expect(metadata.annotations?.['x8s.dev/origin']).toContain(
      `task=${taskName(scene.namespace, 'resource-sync')} `,
    );
    expect(await scene.there('one')).toBeDefined();
    const edit = { op: 'add', path: '/spec/rules/-', value: rule('LimitRange') };
    await scene.kubectl(['patch', 'krmsyncer', 'resource-sync', '--type=json', '-p', JSON.stringify([edit])]);
    await eventually(() => scene.pair.copyOf('limitranges', 'edited'), ACTS);
  });
});
