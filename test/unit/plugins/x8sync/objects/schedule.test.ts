/** What a schedule leaves at the target. */
import { describe, expect, test } from '@jest/globals';
import { type PodPlan, podTemplate } from '../../../../../plugins/x8sync/objects/manifests/pods.ts';
import {
  gateRole,
  gateRoleBinding,
  targetCronJob,
} from '../../../../../plugins/x8sync/objects/manifests/schedule.ts';
import type { SideMeta } from '../../../../../plugins/x8sync/objects/manifests/service.ts';
import { kindsMadeFor } from '../../../../../plugins/x8sync/objects/sides.ts';
import { timetableAnnotations, timetableOf } from '../../../../../plugins/x8sync/objects/timetable.ts';
import { parseTimetable } from '../../../../../plugins/x8sync/schedule/interval.ts';
import type { PodSpec } from '../../../../../src/kube/api/objects.ts';

const side: SideMeta = {
  meta: {
    name: 'x8sync-fresh-target',
    namespace: 'shop',
    labels: { 'x8s.dev/task': 'fresh' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'c', uid: 'u' }],
  },
  selector: { 'x8s.dev/task': 'fresh' },
};
const plan: PodPlan = {
  side: 'target',
  image: 'mover:1',
  privileges: 'root',
  claim: 'data',
  readOnly: false,
  secret: 'keys',
  command: ['/bin/copy'],
  env: { A: 'b' },
  identity: { uid: 65532, gid: 65532 },
  isScheduled: true,
  gate: { env: { X8S_CLAIM: 'data' }, serviceAccount: 'x8sync-fresh-target' },
};

const timetable = parseTimetable('15m');
const cronJob = (of: PodPlan = plan) =>
  targetCronJob(side, of, timetable, {
    cronJob: timetableAnnotations(timetable),
    pods: { 'x8s.dev/nonce': 'n' },
  });
const specOf = (of: PodPlan = plan) => {
  const { spec } = cronJob(of).spec.jobTemplate as {
    spec: { template: { spec: PodSpec } } & Record<string, unknown>;
  };
  return spec;
};

type Container = { readonly name: string; readonly volumeMounts: readonly { readonly name: string }[] };

describe('the CronJob', () => {
  test('begins no Job beside another, in a time zone of its own, and belongs to the task', () => {
    const { metadata, spec } = cronJob();
    expect(spec).toMatchObject({ schedule: '*/15 * * * *', timeZone: 'Etc/UTC', suspend: false });
    expect(spec).toMatchObject({ concurrencyPolicy: 'Forbid' });
    expect(metadata.ownerReferences).toEqual(side.meta.ownerReferences);
    expect(spec.jobTemplate).toMatchObject({ metadata: { labels: side.meta.labels } });
  });

  test('knows its own times again; edited fields are told as they are now', () => {
    const made = cronJob();
    expect(timetableOf(made)).toEqual(timetable);
    const edited = { ...made, spec: { ...made.spec, schedule: '*/5 * * * *' } };
    expect(timetableOf(edited)).toMatchObject({ every: '*/5 * * * *', cron: '*/5 * * * *' });
  });

  test('gives a token to what asks before the mover, and to nothing that handles files', () => {
    const { template, podFailurePolicy } = specOf() as ReturnType<typeof specOf> & {
      podFailurePolicy: unknown;
    };
    const { containers, initContainers, ...pod } = template.spec as PodSpec & { initContainers: unknown };
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      serviceAccountName: 'x8sync-fresh-target',
    });
    const [gate] = initContainers as Container[];
    expect(gate?.volumeMounts.map(({ name }) => name)).toEqual(['gate']);
    expect(gate).toMatchObject({
      securityContext: {
        runAsNonRoot: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      },
    });
    const [mover] = containers as unknown as Container[];
    expect(mover?.volumeMounts.map(({ name }) => name)).toEqual(['data', 'keys', 'run', 'tmp']);
    expect(JSON.stringify(podFailurePolicy)).toMatch(/"containerName":"target".*"containerName":"gate"/);
  });

  test('has neither where pods of others may have the claim', () => {
    const { template } = specOf({ ...plan, gate: undefined });
    expect(template.spec).not.toHaveProperty('initContainers');
    expect(JSON.stringify(template)).not.toContain('serviceAccount');
  });

  test('lets a drained node be rid of its pods, which wait for nobody', () => {
    const pinned = { ...plan, node: 'n1' };
    expect(podTemplate({}, pinned, 'Never').spec).not.toHaveProperty('tolerations');
    expect(podTemplate({}, { ...pinned, isScheduled: false }, 'Never').spec).toHaveProperty('tolerations');
  });

  test('keeps its gate from a patch, which may give it other resources', () => {
    const patched = (fields: object) => {
      const patch = { spec: { initContainers: [{ name: 'gate', ...fields }] } };
      return specOf({ ...plan, options: { patches: [{ from: 'patch.yaml', patch }] } });
    };
    expect(() => patched({ command: ['true'] })).toThrow(/changes what keeps data safe/);
    expect(() => patched({ $patch: 'delete' })).toThrow(/changes what keeps data safe/);
    expect(() => patched({ resources: { limits: { memory: '1Gi' } } })).not.toThrow();
  });
});

test('the gate may list pods and nothing else', () => {
  expect(gateRole(side).rules).toEqual([{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]);
  expect(gateRoleBinding(side, 'mine')).toMatchObject({
    roleRef: { kind: 'Role', name: 'x8sync-fresh-target' },
    subjects: [{ kind: 'ServiceAccount', name: 'mine', namespace: 'shop' }],
  });
});

test('only a task with a schedule has such objects to be taken away, at its target', () => {
  const kinds = (role: string, spec: object) => kindsMadeFor({ role, spec }).map(({ kind }) => kind);
  expect(kinds('target', { schedule: 'true' })).toEqual(
    expect.arrayContaining(['CronJob', 'Role', 'RoleBinding']),
  );
  expect(kinds('target', {})).not.toContain('CronJob');
  expect(kinds('source', { schedule: 'true' })).not.toContain('CronJob');
});
