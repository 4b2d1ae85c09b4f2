/** A workload that is given the other claim: it is cut over only once its pods mount that. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';
import {
  deployments,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  statefulSets,
} from '../../../../../src/kube/api/resources.ts';
import {
  claimIn,
  counts,
  events,
  kube,
  namespace,
  object,
  openShop,
  owner,
  replicas,
  reporter,
  run,
  stateNow,
  volumes,
} from '../../../support/cutover-scene.ts';

beforeEach(openShop);

const web = () => kube.get(deployments, { namespace, name: 'web' });
const patchWeb = (spec: object) =>
  kube.patch(deployments, { namespace, name: 'web' }, { spec }, { type: 'merge' });
const repoint = (during?: Parameters<typeof run>[0]) => run(during, 'repoint');

/** Once the template names the new claim, and before it is started. */
function onceRepointed(work: () => Promise<unknown>): void {
  const patch = kube.patch.bind(kube);
  kube.patch = async (resource, ref, change, options) => {
    const changed = await patch(resource, ref, change, options);
    if (options.type === 'json' && !options.dryRun) {
      kube.patch = patch;
      await work();
    }
    return changed;
  };
}

test('a workload is given the other claim, and its pods mount it', async () => {
  await repoint();
  expect(claimIn(await web())).toBe('new');
  expect((await kube.get(pods, { namespace, name: 'web-pod' })).spec).toMatchObject(volumes('new'));
  expect(await counts()).toEqual({ web: replicas, next: 0 });
});

describe('a paused Deployment', () => {
  test.each(['repoint', 'source'] as const)('is refused before --then %s stops anything', async (then) => {
    await patchWeb({ paused: true });
    events.length = 0;
    await expect(run(undefined, then)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/^Deployment web is paused .*nothing was stopped$/),
      hint: expect.stringMatching(/^kubectl --context fake -n shop rollout resume deployment\/web/),
    });
    expect(events).toEqual([]);
  });

  test('is refused at the target, too', async () => {
    const next = { namespace, name: 'next' };
    await kube.patch(deployments, next, { spec: { paused: true } }, { type: 'merge' });
    await expect(run()).rejects.toThrow(/^Deployment next is paused/);
    expect(await counts()).toEqual({ web: replicas, next: 0 });
  });

  test('that was paused since the first copy is refused before it is stopped', async () => {
    const late = repoint(async (_, pass) => {
      if (pass === 1) await patchWeb({ paused: true });
    });
    await expect(late).rejects.toThrow(/is paused/);
    expect(await counts()).toEqual({ web: replicas, next: 0 });
  });

  test('that is paused once all is copied is not called cut over, though its old pods are ready', async () => {
    const late = repoint(async ({ isLast }) => {
      // As somebody does whose write leaves the generation alone: the last look has not seen it.
      if (isLast) kube.objects.replace('apps/deployments', await paused());
    });
    await expect(late).rejects.toMatchObject({ exitCode: 3, message: expect.stringMatching(/was paused/) });
    expect(await stateNow()).toMatchObject({ phase: 'starting' });
  });
});

const paused = async (): Promise<KubeObject> => {
  const now = await web();
  return { ...now, spec: { ...now.spec, paused: true } } as KubeObject;
};

test('a StatefulSet that would keep some of its pods at the old claim is refused', async () => {
  const spec = {
    replicas: 2,
    updateStrategy: { rollingUpdate: { partition: 1 } },
    template: { spec: volumes('old') },
  };
  await kube.create(statefulSets, object('db', { spec }) as never);
  await expect(repoint()).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(/^StatefulSet db keeps pods below 1 .* nothing was stopped$/),
    hint: expect.stringMatching(/patch statefulset\/db/),
  });
});

test('a template that is changed back meanwhile does not pass as cut over', async () => {
  onceRepointed(() => patchWeb({ template: { spec: volumes('old') } }));
  await expect(repoint()).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(/^the template of Deployment web does not mount new any more/),
  });
});

test('a pod that mounts the old claim does not pass as cut over, whatever its workload says', async () => {
  onceRepointed(async () => {
    const fields = { spec: volumes('old'), status: { phase: 'Running' } };
    await kube.create(pods, object('web-old', fields, owner('Deployment', await web())));
  });
  await expect(repoint()).rejects.toThrow(/^pod web-old of Deployment web does not mount fake\/shop\/new/);
});

describe('a claim whose volume is on other nodes than the template takes', () => {
  const host = 'kubernetes.io/hostname';
  const inHost = (...values: string[]) => ({
    nodeSelectorTerms: [{ matchExpressions: [{ key: host, operator: 'In', values }] }],
  });
  const onNode = async (node: string) => {
    const claim = await kube.get(persistentVolumeClaims, { namespace, name: 'new' });
    await kube.replace(persistentVolumeClaims, { ...claim, spec: { ...claim.spec, volumeName: 'pv' } });
    const spec = { nodeAffinity: { required: inHost(node) } };
    await kube.create(persistentVolumes, { metadata: { name: 'pv' }, spec });
    events.length = 0;
  };
  const affinity = (...nodes: string[]) => ({
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: inHost(...nodes) },
  });

  test.each([{ nodeSelector: { [host]: 'one' } }, { affinity: affinity('one', 'three') }])(
    'is refused before anything is stopped: %j',
    async (spec) => {
      await patchWeb({ template: { spec } });
      await onNode('two');
      await expect(repoint()).rejects.toMatchObject({
        exitCode: 3,
        message: expect.stringMatching(
          /^Deployment web could not mount fake\/shop\/new, so nothing .*hostname/,
        ),
      });
      expect(events).toEqual([]);
    },
  );

  test.each([{}, { nodeSelector: { disk: 'fast' } }, { affinity: affinity('one', 'two') }])(
    'is taken where a node may be found: %j',
    async (spec) => {
      await patchWeb({ template: { spec } });
      await onNode('two');
      await repoint();
      expect(claimIn(await web())).toBe('new');
    },
  );
});

test('pods that do not come up are explained, with the way back to the claim of before', async () => {
  onceRepointed(async () => {
    const conditions = [{ type: 'PodScheduled', status: 'False', message: '0/2 nodes are available' }];
    const fields = { spec: volumes('new'), status: { phase: 'Pending', conditions } };
    await kube.create(pods, object('web-new', fields, owner('Deployment', await web())));
    // Its controller never says that they are ready.
    const patch = kube.objects.replace.bind(kube.objects);
    kube.objects.replace = (collection, changed) => {
      const { status, ...rest } = changed;
      return patch(collection, collection === 'apps/deployments' ? rest : changed);
    };
  });
  await expect(repoint()).rejects.toMatchObject({
    exitCode: 124,
    details: expect.arrayContaining(["pod web-new: it can't be scheduled: 0/2 nodes are available"]),
  });
  expect(reporter.warnings.at(-1)).toMatch(
    /was told to start with claim new\. .* \(what was written to it since is not in claim old\): /,
  );
  const template = { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'old' } }] } };
  expect(reporter.warnings.at(-1)).toContain(
    `kubectl --context fake -n shop patch deployment/web -p '${JSON.stringify({ spec: { replicas, template } })}'`,
  );
});
