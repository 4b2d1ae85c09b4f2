/** What is found out about a workload before anything of it is touched. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { ClaimState } from '../../../../../plugins/x8sync/claims/claim.ts';
import { planCutover } from '../../../../../plugins/x8sync/cutover/plan.ts';
import type { Then } from '../../../../../plugins/x8sync/records/cutover-state.ts';
import type { CopyContext } from '../../../../../plugins/x8sync/run/request/request.ts';
import { systemClock } from '../../../../../src/clock.ts';
import type { KubeObject, PersistentVolumeClaim, StatefulSet } from '../../../../../src/kube/api/objects.ts';
import {
  cronJobs,
  deployments,
  persistentVolumeClaims,
  pods,
  type Resource,
  statefulSets,
} from '../../../../../src/kube/api/resources.ts';
import { stopMarkKey, taskLabels } from '../../../../../src/tasks/names.ts';
import { createSilentReporter } from '../../../../../src/ui/silent-reporter.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';

const namespace = 'shop';
let kube: FakeKube;
beforeEach(() => {
  kube = fakeKube();
  kube.answers.set('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', () => ({
    status: { resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] },
  }));
});

const make = (resource: Resource, name: string, spec: object, metadata: object = {}) =>
  kube.create(resource, { metadata: { name, namespace, ...metadata }, spec } as KubeObject);
const volumes = (...claims: string[]) => ({
  containers: [],
  volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
});
const database = (replicas: number, more: object = {}) => ({
  replicas,
  volumeClaimTemplates: [{ metadata: { name: 'data' } }],
  template: { spec: {} },
  ...more,
});

const id = { task: 'move', targetUid: 'copy-uid' };
const marked = (mark: object) => ({
  annotations: { [stopMarkKey]: JSON.stringify({ ...id, target: 'shop/copy', replicas: 4, ...mark }) },
});

/** Plans for that source and a target, with nothing to start afterwards as a rule; resolves with what is said. */
async function plan(
  claim: string,
  metadata: object = {},
  { target = 'copy', afterwards = 'nothing' as Then, confirmed = false, again = false } = {},
) {
  const state = (name: string) =>
    ({
      ref: { kube, namespace, claim: name },
      uid: `${name}-uid`,
      object: { metadata: { name, ...metadata }, spec: {} } as PersistentVolumeClaim,
    }) as unknown as ClaimState;
  const reporter = createSilentReporter();
  const { signal } = new AbortController();
  const context: CopyContext = { reporter, clock: systemClock, signal, onAbandoned: () => {} };
  const claims = { source: state(claim), target: state(target), areTogether: true };
  const planned = await planCutover(claims, afterwards, context, { confirmed, id, again });
  return {
    stopped: planned.source.map(({ name }) => name),
    started: planned.target.map(({ name, replicas }) => `${name} ${replicas}`),
    warnings: reporter.warnings.join('\n'),
  };
}

describe('a cutover is refused beforehand', () => {
  test('where a StatefulSet deletes its claims as it is scaled down', async () => {
    const policy = { persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete' } };
    await make(statefulSets, 'db', database(1, policy));
    await expect(plan('data-db-0')).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/StatefulSet db deletes its claims when it is scaled down/),
    });
  });

  test('where the claim goes with its pod', async () => {
    const owner = { kind: 'Pod', name: 'web-1', uid: 'u', controller: true };
    await expect(plan('web-1-scratch', { ownerReferences: [owner] })).rejects.toThrow(
      /fake\/shop\/web-1-scratch belongs to Pod web-1 and is deleted with it/,
    );
  });
});

describe('a cutover is refused beside marks of cutovers', () => {
  const stopped = { replicas: 0, template: { spec: volumes('uploads') } };

  test('of its own that its record does not tell of, with how to start what stands still', async () => {
    await make(deployments, 'web', stopped, marked({}));
    await expect(plan('uploads')).rejects.toMatchObject({
      message: expect.stringMatching(/was stopped by this cutover \(move\), whose record/),
      details: ['kubectl --context fake -n shop scale deployment/web --replicas=4'],
    });
  });

  test('that have moved it before, its own included, unless it is to be made again', async () => {
    await make(deployments, 'web', stopped, marked({ moved: true }));
    for (const confirmed of [false, true])
      await expect(plan('uploads', {}, { confirmed })).rejects.toMatchObject({
        message: expect.stringMatching(/was moved to claim shop\/copy by cutover move before/),
        hint: expect.stringMatching(/^--again /),
      });
    expect((await plan('uploads', {}, { again: true })).stopped).toEqual([]);
  });
});

describe('a cutover stops', () => {
  test('nothing that was scaled to 0 already, though its pods are ending still', async () => {
    const { metadata } = await make(statefulSets, 'db', { ...database(0), replicas: 0 });
    const ownerReferences = [{ kind: 'StatefulSet', name: 'db', uid: metadata.uid, controller: true }];
    await make(pods, 'db-0', volumes('data-db-0'), { ownerReferences });
    expect(await plan('data-db-0')).toMatchObject({ stopped: [] });
  });

  test('what mounts the claim by its template, whether its pods are there or not', async () => {
    await make(deployments, 'web', { replicas: 1, template: { spec: volumes('uploads') } });
    await make(deployments, 'idle', { replicas: 0, template: { spec: volumes('uploads') } });
    const { stopped, warnings } = await plan('uploads');
    expect(stopped).toEqual(['web']);
    expect(warnings).toMatch(/Deployment idle mounts fake\/shop\/uploads too, has no pods now/);
  });

  test('nothing that an earlier copy has left, though it mounts the claim too', async () => {
    const metadata = { name: 'x8sync-old-source', namespace, labels: taskLabels('x8sync', 'old', 'source') };
    const spec = { replicas: 1, template: { spec: volumes('uploads') } };
    await kube.create(statefulSets, { metadata, spec } as unknown as StatefulSet);
    expect(await plan('uploads')).toMatchObject({ stopped: [] });
  });

  test('a StatefulSet for claims of the pods that it has, and for no others', async () => {
    await make(statefulSets, 'db', database(2, { ordinals: { start: 5 } }));
    expect((await plan('data-db-6')).stopped).toEqual(['db']);
    expect((await plan('data-db-0')).stopped).toEqual([]);
  });
});

describe('a cutover names beforehand', () => {
  test('claims of the same workload, which it does not copy', async () => {
    await make(statefulSets, 'db', database(3, { template: { spec: volumes('shared') } }));
    const { warnings } = await plan('data-db-1');
    expect(warnings).toMatch(
      /StatefulSet db mounts other claims as well, which are not copied by this: shared, data-db-0, data-db-2/,
    );
  });

  test('a CronJob that mounts the claim and may start meanwhile', async () => {
    const cron = (claim: string, suspend = false) => ({
      suspend,
      jobTemplate: { spec: { template: { spec: volumes(claim) } } },
    });
    await make(cronJobs, 'backup', cron('uploads'));
    await make(cronJobs, 'off', cron('uploads', true));
    await make(cronJobs, 'other', cron('else'));
    const { warnings } = await plan('uploads');
    expect(warnings).toMatch(
      /CronJob backup mounts fake\/shop\/uploads and may start a pod meanwhile: suspend it/,
    );
    expect(warnings).not.toMatch(/CronJob (off|other)/);
  });
});

describe('a cutover to the target', () => {
  const toTarget = { afterwards: 'target' as const, target: 'copies' };
  const mounting = (claim: string, replicas: number) => ({ replicas, template: { spec: volumes(claim) } });
  /** Workloads of the target, in the namespace of the source: those of one name are told apart by their kind. */
  const twin = (name: string) => make(statefulSets, name, mounting('copies', 0));

  test('starts nothing whose twin at the source has no pods by wish', async () => {
    await make(statefulSets, 'web', mounting('uploads', 2));
    await make(deployments, 'off', mounting('uploads', 0));
    await make(deployments, 'off-there', mounting('copies', 0));
    await kube.replace(deployments, {
      ...(await kube.get(deployments, { namespace, name: 'off' })),
      spec: { ...mounting('uploads', 0), template: { spec: volumes('uploads', 'copies') } },
    } as never);
    expect((await plan('uploads', {}, toTarget)).started).toEqual(['off-there 2']);
  });

  test('starts the only workload there, where that of the source was stopped by hand', async () => {
    await make(deployments, 'web', mounting('uploads', 0));
    await twin('next');
    expect((await plan('uploads', {}, toTarget)).started).toEqual(['next 1']);
  });

  test('has nothing to start where all of the source’s are without pods by wish, beside one that runs', async () => {
    await make(statefulSets, 'runs', mounting('uploads', 1));
    await make(deployments, 'off', { replicas: 0, template: { spec: volumes('uploads', 'copies') } });
    await expect(plan('uploads', {}, toTarget)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        /none of what mounts .* is to start: Deployment off of the source has no pods/,
      ),
    });
  });

  test('starts no workload over claims that are not there, unless that is agreed to', async () => {
    await make(deployments, 'db', mounting('uploads', 2));
    await make(statefulSets, 'there', database(0));
    const there = { ...toTarget, target: 'data-there-0' };
    await make(persistentVolumeClaims, 'data-there-0', {});
    await expect(plan('uploads', {}, there)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        /^StatefulSet there \(2\) .* claims that are not there: data-there-1; nothing was/,
      ),
    });
    const { warnings, started } = await plan('uploads', {}, { ...there, confirmed: true });
    expect(started).toEqual(['there 2']);
    expect(warnings).toMatch(/not there: data-there-1; those that a StatefulSet makes are empty/);
    await make(persistentVolumeClaims, 'data-there-1', {});
    expect((await plan('uploads', {}, there)).started).toEqual(['there 2']);
  });

  test('is refused where it would stop more workloads than it starts, under whatever names', async () => {
    await make(statefulSets, 'app', mounting('uploads', 2));
    await make(deployments, 'app2', mounting('uploads', 1));
    await make(deployments, 'app', mounting('copies', 0));
    await make(deployments, 'more', mounting('copies', 0));
    // Of another kind: the two are told apart.
    const { started, warnings } = await plan('uploads', {}, toTarget);
    expect(started).toEqual(['app 2', 'more 1']);
    expect(warnings).toBe('');
    await make(deployments, 'app3', mounting('uploads', 1));
    await expect(plan('uploads', {}, toTarget)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        /^Deployment app2 \(1\), Deployment app3 \(1\), StatefulSet app \(2\) of the source is stopped, and only Deployment app \(2\), Deployment more \(1\) of the target is started/,
      ),
    });
  });

  test('of a workload with other claims is refused: it would start with what the target has in them', async () => {
    await make(deployments, 'web', { replicas: 2, template: { spec: volumes('uploads', 'index') } });
    await make(statefulSets, 'next', { replicas: 0, template: { spec: volumes('copies') } });
    await expect(plan('uploads', {}, toTarget)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/mounts other claims as well, which are not copied by this: index/),
      hint: expect.stringMatching(/--then nothing/),
    });
    expect((await plan('uploads', {}, { ...toTarget, confirmed: true })).started).toEqual(['next 2']);
  });

  test('is refused where one there is to have pods already, whether they come or not', async () => {
    await make(deployments, 'web', mounting('uploads', 2));
    await make(statefulSets, 'next', mounting('copies', 1));
    await expect(plan('uploads', {}, toTarget)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/^target claim fake\/shop\/copies is in use by StatefulSet next \(1\)/),
      details: ['kubectl --context fake -n shop scale statefulset/next --replicas=0'],
    });
  });

  test('is refused where one workload would be stopped and started', async () => {
    const { metadata } = await make(statefulSets, 'web', mounting('copies', 2));
    const ownerReferences = [{ kind: 'StatefulSet', name: 'web', uid: metadata.uid, controller: true }];
    await make(pods, 'web-0', volumes('uploads'), { ownerReferences });
    await expect(plan('uploads', {}, toTarget)).rejects.toThrow(
      /StatefulSet web is to be stopped and to be started/,
    );
  });

  test('starts what has two claims once the second one follows the first, with the pods that it had', async () => {
    const both = (...claims: string[]) => ({ replicas: 0, template: { spec: volumes(...claims) } });
    await make(
      deployments,
      'web',
      both('uploads', 'index'),
      marked({
        ...{ target: 'shop/index-copy', moved: true, generation: 0 },
        claims: [{ claim: 'index', target: 'shop/index-copy', targetUid: 'u' }],
      }),
    );
    await make(statefulSets, 'next', both('copies', 'index-copy'));
    await make(persistentVolumeClaims, 'index-copy', {});
    expect((await plan('uploads', {}, toTarget)).started).toEqual(['next 4']);
  });
});

test('nothing runs that could be repointed', async () => {
  await make(deployments, 'web', { replicas: 0, template: { spec: volumes('uploads') } });
  await expect(plan('uploads', {}, { afterwards: 'repoint' })).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(/there is nothing to repoint$/),
  });
});
