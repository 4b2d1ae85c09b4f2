/** The Job of the pods that copy beside the mover's. */
import { describe, expect, test } from '@jest/globals';
import type { PodTemplate } from '../../../../../plugins/x8sync/objects/manifests/pod-patch.ts';
import { targetJob } from '../../../../../plugins/x8sync/objects/manifests/target.ts';
import { workersJob } from '../../../../../plugins/x8sync/objects/manifests/workers.ts';
import { moverSelector, workersMeta } from '../../../../../plugins/x8sync/objects/sides.ts';
import type { Job } from '../../../../../src/kube/api/objects.ts';

const selector = {
  'app.kubernetes.io/managed-by': 'kubectl-x8sync',
  'x8s.dev/task': 'db',
  'x8s.dev/role': 'target',
};
const meta = {
  ...{ name: 'x8sync-db-target', namespace: 'shop', labels: selector },
  ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x8sync-db-target', uid: 'u' }],
};
const patch = { spec: { containers: [{ name: 'mover', env: [{ name: 'HTTP_PROXY', value: 'none' }] }] } };

function mover(options: object = {}): Job {
  const job = targetJob(
    { meta, selector },
    {
      ...{ side: 'target', image: 'mover:1', privileges: 'root', claim: 'to', mountedSource: 'from' },
      ...{ readOnly: false, command: ['/x8s-mover', 'copy'], env: { X8S_NONCE: 'n' } },
      ...{ identity: { uid: 65532, gid: 65532 }, options: { patches: [{ from: 'f', patch }], ...options } },
    },
    { 'x8s.dev/nonce': 'n' },
  );
  const template = job.spec.template as PodTemplate;
  // As the API server gives it back.
  const labels = {
    ...{ ...template.metadata.labels, 'controller-uid': 'c', 'job-name': 'j' },
    ...{ 'batch.kubernetes.io/controller-uid': 'c', 'batch.kubernetes.io/job-name': 'j' },
  };
  const metadata = {
    ...{ ...job.metadata, uid: 'job', resourceVersion: '7' },
    annotations: { ...job.metadata.annotations, 'batch.kubernetes.io/job-tracking': '' },
  };
  const spec = {
    ...{ ...job.spec, selector: { matchLabels: {} }, completions: 1 },
    template: { ...template, metadata: { ...template.metadata, labels } },
  };
  return { ...job, metadata, spec, status: { active: 1 } };
}

const made = (options?: object) => workersJob(mover(options), 3, workersMeta({ selector }));
const templateOf = ({ spec }: Job) => spec.template as PodTemplate;

describe('the Job of the workers', () => {
  test('is an indexed one of the same owner, with a name and a label of its own', () => {
    const { metadata, spec } = made();
    expect(metadata).toEqual({
      ...{ name: 'x8sync-db-worker', namespace: 'shop', ownerReferences: meta.ownerReferences },
      labels: { ...selector, 'x8s.dev/worker': 'true' },
      annotations: { 'x8s.dev/nonce': 'n' },
    });
    expect(spec).toMatchObject({ completionMode: 'Indexed', completions: 3, parallelism: 3 });
    expect(spec.podFailurePolicy).toEqual(mover().spec.podFailurePolicy);
    expect(spec).not.toHaveProperty('selector');
  });

  test("has the mover's pods with another command, and nothing of its controller", () => {
    const [before, after] = [templateOf(mover()), templateOf(made())];
    expect(after.spec.containers[0]).toEqual({
      ...before.spec.containers[0],
      command: ['/usr/local/bin/x8s-mover', 'work'],
    });
    expect(after.spec.containers[0]?.env).toContainEqual({ name: 'HTTP_PROXY', value: 'none' });
    expect(after.spec.volumes).toEqual(before.spec.volumes);
    expect(Object.keys(after.metadata.labels ?? {}).filter((key) => /controller|job-name/.test(key))).toEqual(
      [],
    );
    expect(after.metadata.labels).toMatchObject({ ...selector, 'x8s.dev/worker': 'true' });
    expect(after.metadata.annotations).toEqual(before.metadata.annotations);
  });

  test('spreads them over nodes, the mover counted, and waits for none', () => {
    expect(templateOf(made()).spec.topologySpreadConstraints).toEqual([
      {
        ...{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
        labelSelector: { matchLabels: selector },
      },
    ]);
    const own = [{ topologyKey: 'kubernetes.io/hostname', maxSkew: 5, whenUnsatisfiable: 'DoNotSchedule' }];
    const patches = [{ from: 'f', patch: { spec: { topologySpreadConstraints: own } } }];
    expect(templateOf(made({ patches })).spec.topologySpreadConstraints).toEqual(own);
  });
});

test("the mover's pods are told from its workers", () => {
  expect(moverSelector({ selectorText: 'a=b' })).toBe('a=b,!x8s.dev/worker');
});
