import { describe, expect, test } from '@jest/globals';
import { resourcesOf } from '../../../../../plugins/x8sync/objects/manifests/pod-options.ts';
import { mergeTemplate } from '../../../../../plugins/x8sync/objects/manifests/pod-patch.ts';
import { type PodPlan, podTemplate } from '../../../../../plugins/x8sync/objects/manifests/pods.ts';

const plan: PodPlan = {
  side: 'source',
  image: 'mover',
  privileges: 'root',
  claim: 'data',
  readOnly: true,
  secret: 'keys',
  command: ['mover', 'serve'],
  env: { NONCE: '1' },
  identity: { uid: 65532, gid: 65532 },
};

const labels = { 'app.kubernetes.io/managed-by': 'kubectl-x8sync', 'x8s.dev/task': 'db' };
const patched = (patch: object, more: Partial<PodPlan> = {}) => {
  const options = { patches: [{ from: 'patch.yaml', patch: patch as Record<string, unknown> }] };
  return podTemplate({ labels }, { ...plan, options, ...more }, 'Always');
};

describe('a strategic merge', () => {
  const template = podTemplate({ labels }, plan, 'Always');
  const merged = (patch: object) => mergeTemplate(template, patch as Record<string, unknown>, 'source');

  test('merges maps, removes by null, and merges named things by their names', () => {
    const { metadata, spec } = merged({
      metadata: { labels: { team: 'db' }, annotations: { 'dapr.io/enabled': null } },
      spec: {
        containers: [
          { name: 'mover', env: [{ name: 'TZ', value: 'UTC' }], resources: { requests: { cpu: '1' } } },
        ],
        volumes: [{ name: 'more', emptyDir: {} }],
        dnsPolicy: 'None',
      },
    });
    expect(metadata.labels).toMatchObject({ team: 'db', 'x8s.dev/task': 'db' });
    expect(metadata.annotations).not.toHaveProperty('dapr.io/enabled');
    expect(spec.containers).toHaveLength(1);
    expect(spec.containers[0]).toMatchObject({
      name: 'source',
      env: [
        { name: 'NONCE', value: '1' },
        { name: 'TZ', value: 'UTC' },
      ],
      resources: { requests: { cpu: '1', memory: '64Mi' } },
    });
    expect(spec.volumes?.map(({ name }) => name)).toEqual(['data', 'keys', 'run', 'tmp', 'more']);
    expect(spec.dnsPolicy).toBe('None');
  });

  test('deletes and replaces where it says so', () => {
    const { spec } = merged({
      spec: {
        volumes: [{ name: 'tmp', $patch: 'delete' }],
        securityContext: { $patch: 'replace', runAsNonRoot: false },
      },
    });
    expect(spec.volumes?.map(({ name }) => name)).toEqual(['data', 'keys', 'run']);
    expect(spec.securityContext).toEqual({ runAsNonRoot: false });
  });
});

describe('what keeps data safe is refused', () => {
  const own = (fields: object) => ({ spec: { containers: [{ name: 'mover', ...fields }] } });
  test.each<[string, object, RegExp]>([
    [
      'a source that can be written',
      own({ volumeMounts: [{ mountPath: '/source', readOnly: false }] }),
      /mount of \/source/,
    ],
    ['another command', own({ command: ['sh'] }), /command/],
    ['arguments', own({ args: ['-c'] }), /args/],
    ['a program that runs at the start', own({ lifecycle: { postStart: {} } }), /lifecycle/],
    ['another user', own({ securityContext: { runAsUser: 1000 } }), /runAsUser/],
    [
      'a capability less',
      own({ securityContext: { capabilities: { add: ['CHOWN'] } } }),
      /capability DAC_OVERRIDE/,
    ],
    [
      'an environment of another value',
      own({ env: [{ name: 'NONCE', value: '2' }] }),
      /environment variable NONCE/,
    ],
    [
      'something over the source',
      own({ volumeMounts: [{ name: 'x', mountPath: '/source/sub' }] }),
      /a mount at \/source\/sub/,
    ],
    ['something over all', own({ volumeMounts: [{ name: 'x', mountPath: '/' }] }), /a mount at \//],
    ['fsGroup', { spec: { securityContext: { fsGroup: 1 } } }, /fsGroup/],
    [
      'another claim',
      { spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'other' } }] } },
      /volumes: data/,
    ],
    [
      'the claim once more',
      { spec: { volumes: [{ name: 'x', persistentVolumeClaim: { claimName: 'data' } }] } },
      /x is a claim of the copy once more/,
    ],
    [
      'a container at the claim',
      { spec: { containers: [{ name: 'x', volumeMounts: [{ name: 'data', mountPath: '/d' }] }] } },
      /container x mounts a volume/,
    ],
    [
      'an init container at the claim',
      { spec: { initContainers: [{ name: 'x', volumeMounts: [{ name: 'data', mountPath: '/d' }] }] } },
      /container x mounts a volume/,
    ],
    [
      'no container of ours',
      { spec: { containers: [{ name: 'mover', $patch: 'delete' }] } },
      /source is gone/,
    ],
    ['another task', { metadata: { labels: { 'x8s.dev/task': 'other' } } }, /x8s\.dev\/task/],
    ['no labels at all', { metadata: { labels: null } }, /x8s\.dev\/task/],
    ['another restart policy', { spec: { restartPolicy: 'Never' } }, /restartPolicy/],
  ])('%s', (_, patch, words) => {
    const attempt = () => patched(patch);
    expect(attempt).toThrow(
      expect.objectContaining({ exitCode: 3, message: expect.stringMatching(/patch\.yaml/) }),
    );
    let details: readonly string[] = [];
    try {
      attempt();
    } catch (error) {
      details = (error as { details: readonly string[] }).details;
    }
    expect(details.join('\n')).toMatch(words);
  });

  test('a sidecar with a folder of its own is nobody to be refused', () => {
    const sidecar = { name: 'x', image: 'x', volumeMounts: [{ name: 'own', mountPath: '/own' }] };
    expect(() =>
      patched({ spec: { containers: [sidecar], volumes: [{ name: 'own', emptyDir: {} }] } }),
    ).not.toThrow();
  });

  test('a patch of the other side leaves this one alone', () => {
    const patch = { spec: { restartPolicy: 'Never' } };
    const options = { patches: [{ from: 'f', side: 'target' as const, patch }] };
    expect(podTemplate({}, { ...plan, options }, 'Always').spec.restartPolicy).toBe('Always');
  });
});

test('labels of a task stand above those that a person names, annotations of a person above those against sidecars', () => {
  const options = {
    labels: { 'x8s.dev/task': 'other', team: 'db' },
    annotations: { 'dapr.io/enabled': 'true' },
  };
  const { metadata } = podTemplate({ labels }, { ...plan, options }, 'Always');
  expect(metadata.labels).toMatchObject({ 'x8s.dev/task': 'db', team: 'db' });
  expect(metadata.annotations).toMatchObject({ 'dapr.io/enabled': 'true', 'linkerd.io/inject': 'disabled' });
});

test.each([
  [{}, false, { requests: { cpu: '10m', memory: '64Mi' } }],
  [{}, true, { requests: { cpu: '10m', memory: '64Mi' }, limits: { cpu: '2', memory: '1Gi' } }],
  [
    { cpu: { request: '1' }, memory: { limit: '2Gi' } },
    false,
    { requests: { cpu: '1', memory: '64Mi' }, limits: { memory: '2Gi' } },
  ],
  [
    { memory: { limit: '2Gi' } },
    true,
    { requests: { cpu: '10m', memory: '64Mi' }, limits: { cpu: '2', memory: '2Gi' } },
  ],
])('resources of %j, with limits: %p', (options, isLimited, resources) => {
  expect(resourcesOf(options, isLimited)).toEqual(resources);
});

test('tolerations of a person stand beside those of a claim that is in use on a node', () => {
  const options = {
    tolerations: [{ key: 'team', operator: 'Exists' as const }],
    nodeSelector: { disk: 'ssd' },
    priorityClass: 'high',
  };
  expect(podTemplate({}, { ...plan, options, node: 'one' }, 'Always').spec).toMatchObject({
    tolerations: [{ operator: 'Exists', effect: 'NoSchedule' }, { key: 'team' }],
    nodeSelector: { disk: 'ssd' },
    priorityClassName: 'high',
  });
});
