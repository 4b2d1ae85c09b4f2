/** A cutover that fails, or is cut off, at each of its points: nothing is lost, and the same request puts it right. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { type CutoverRequest, cutover } from '../../../../../plugins/x8sync/cutover/cutover.ts';
import { cutoverStateOf, type Then } from '../../../../../plugins/x8sync/records/cutover-state.ts';
import type { CopyContext, CopyRequest, CopyResult } from '../../../../../plugins/x8sync/run/request.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/task-store.ts';
import { systemClock } from '../../../../../src/clock.ts';
import { X8sError } from '../../../../../src/errors.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';
import {
  deployments,
  namespaces,
  persistentVolumeClaims,
  pods,
  replicaSets,
} from '../../../../../src/kube/api/resources.ts';
import { createSilentReporter } from '../../../../../src/ui/silent-reporter.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';

const namespace = 'shop';
const replicas = 3;
let kube: FakeKube;
/** What happened, in order: `copy`, `web 0`, … */
let events: string[];

const object = (name: string, fields: object = {}, metadata: object = {}) =>
  ({ metadata: { name, namespace, ...metadata }, ...fields }) as KubeObject;
const volumes = (claim: string) => ({
  volumes: [{ name: 'v', persistentVolumeClaim: { claimName: claim } }],
});
const owner = (kind: string, { metadata: { name, uid = '' } }: KubeObject) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid, controller: true }],
});

/** Deployments follow their replica counts at once: a fake of the controllers, in whose place nothing runs here. */
function fakeController(): void {
  const patch = kube.patch.bind(kube);
  kube.patch = async (resource, ref, change, options) => {
    await patch(resource, ref, change, options);
    const changed = await settle(ref.name);
    return changed as never;
  };
}

async function settle(name: string): Promise<KubeObject> {
  const now = await kube.get(deployments, { namespace, name });
  const wanted = (now.spec as { replicas: number }).replicas;
  events.push(`${name} ${wanted}`);
  const generation = (now.metadata.generation ?? 0) + 1;
  const status = { observedGeneration: generation, readyReplicas: wanted };
  const next = await kube.replace(deployments, { ...now, metadata: { ...now.metadata, generation }, status });
  if (name !== 'web') return next;
  if (wanted === 0) await kube.delete(pods, { namespace, name: 'web-pod' }).catch(() => {});
  else await makePod();
  return next;
}

async function makePod(): Promise<void> {
  const set = await kube.get(replicaSets, { namespace, name: 'web-set' });
  const fields = { spec: volumes('old'), status: { phase: 'Running' } };
  await kube.create(pods, object('web-pod', fields, owner('ReplicaSet', set)));
}

beforeEach(async () => {
  kube = fakeKube();
  reporter = createSilentReporter();
  events = [];
  await kube.create(namespaces, { metadata: { name: 'kube-system' } });
  kube.answers.set('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', () => ({
    status: { resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] },
  }));
  const claim = { spec: { accessModes: ['ReadWriteOnce'] }, status: { phase: 'Bound' } };
  for (const name of ['old', 'new']) await kube.create(persistentVolumeClaims, object(name, claim) as never);
  const workload = (claimName: string, count: number) => ({
    spec: { replicas: count, template: { spec: volumes(claimName) } },
  });
  const web = await kube.create(deployments, object('web', workload('old', replicas)) as never);
  await kube.create(replicaSets, object('web-set', {}, owner('Deployment', web)));
  await makePod();
  await kube.create(deployments, object('next', workload('new', 0)) as never);
  fakeController();
});

type Copied = (request: CopyRequest, pass: number) => void | Promise<void>;

/** Runs it; each copy is a moment, and what is asked of it is `during`. */
async function run(during: Copied = () => {}, afterwards: Then = 'target', name?: string) {
  let pass = 0;
  const copyOnce = async (request: CopyRequest) => {
    pass += 1;
    events.push(request.verify ? 'last copy' : 'copy');
    await during(request, pass);
    const stats = { transferredFiles: 1, transferredBytes: 1, extraneous: 0 };
    return {
      outcome: 'ok',
      seconds: 1,
      stats,
      failures: [],
      lost: [],
      verification: { different: 0 },
    } as unknown as CopyResult;
  };
  const ref = (claim: string) => ({ kube, namespace, claim });
  const copy = { name, source: ref('old'), target: ref('new'), mode: 'merge', verify: true, timeoutMs: 2000 };
  const request = {
    copy: copy as unknown as CopyRequest,
    afterwards,
    goalMs: 10_000,
  } satisfies CutoverRequest;
  return cutover(request, context(), copyOnce);
}

let reporter = createSilentReporter();

const context = (): CopyContext => ({
  reporter,
  clock: systemClock,
  signal: new AbortController().signal,
  onAbandoned: () => {},
});

async function stateNow() {
  const [record] = await storeOf(kube, { clock: systemClock }).list({ namespace, role: 'cutover' });
  return record && cutoverStateOf(record);
}

const counts = async () => {
  const of = async (name: string) =>
    ((await kube.get(deployments, { namespace, name })).spec as { replicas: number }).replicas;
  return { web: await of('web'), next: await of('next') };
};

describe('a cutover', () => {
  test('copies, stops, copies, and starts as many pods there', async () => {
    const seen: unknown[] = [];
    const result = await run(async () => void seen.push(await stateNow()));
    expect(events).toEqual(['copy', 'web 0', 'last copy', `next ${replicas}`]);
    // What is to be put right stood in the record before.
    expect(seen).toMatchObject([
      { phase: 'ready', source: [{ name: 'web', replicas }] },
      { phase: 'stopping', source: [{ name: 'web', replicas }] },
    ]);
    expect(result).toMatchObject({ resumed: false, started: [`Deployment next (${replicas})`] });
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
  });

  test('whose last copy fails starts the source as it was, and nothing at the target', async () => {
    const failing = run(({ verify }) => {
      if (verify) throw new X8sError('the disk is gone');
    });
    await expect(failing).rejects.toThrow('the disk is gone');
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
  });

  test('is not trusted where somebody started the workload meanwhile', async () => {
    const meddled = run(async ({ verify }) => {
      if (verify)
        await kube.patch(
          deployments,
          { namespace, name: 'web' },
          { spec: { replicas: 0 } },
          { type: 'merge' },
        );
    });
    await expect(meddled).rejects.toThrow('Deployment web was changed by somebody else');
    expect(await counts()).toEqual({ web: replicas, next: 0 });
  });

  test('is not trusted where another pod has mounted the source meanwhile, though it is gone again', async () => {
    const job = { metadata: { name: 'backup' } } as KubeObject;
    const fields = { spec: volumes('old'), status: { phase: 'Running' } };
    const meddled = run(async ({ verify }) => {
      if (!verify) return;
      await kube.create(pods, object('backup-1', fields, owner('Job', job)));
      await kube.delete(pods, { namespace, name: 'backup-1' });
    });
    await expect(meddled).rejects.toThrow(/pod backup-1 mounted fake\/shop\/old while .* stand still/);
    expect(await counts()).toEqual({ web: replicas, next: 0 });
  });

  test('stops a workload whose pod is away at that moment', async () => {
    await kube.delete(pods, { namespace, name: 'web-pod' });
    await run();
    expect(events).toEqual(['copy', 'web 0', 'last copy', `next ${replicas}`]);
  });

  test('that was cut off while all stood still goes on, with the counts that it had noted', async () => {
    await expect(run(cutOff)).rejects.toThrow();
    reconnect();
    expect(await counts()).toEqual({ web: 0, next: 0 });
    expect(await stateNow()).toMatchObject({ phase: 'stopping' });
    events = [];
    expect(await run()).toMatchObject({ resumed: true, stopped: [`Deployment web (${replicas})`] });
    expect(events).toEqual(['web 0', 'last copy', `next ${replicas}`]);
  });

  test('that was cut off before the start goes on with it; what was changed since is copied first', async () => {
    const stopBeforeStart = async ({ name }: { name?: string | undefined; verb: string }) => {
      if (name === 'next') throw new X8sError('no answer');
    };
    kube.before = (call) => (call.verb === 'patch' ? stopBeforeStart(call) : undefined);
    await expect(run()).rejects.toThrow('no answer');
    reconnect();
    expect(await stateNow()).toMatchObject({ phase: 'starting' });
    events = [];
    // Somebody has let the old one run for a while.
    for (const count of [1, 0])
      await kube.patch(
        deployments,
        { namespace, name: 'web' },
        { spec: { replicas: count } },
        { type: 'merge' },
      );
    await run();
    expect(events.slice(2)).toEqual(['web 0', 'last copy', `next ${replicas}`]);
  });

  test('whose workload somebody has deleted meanwhile is over, and can be begun anew', async () => {
    await expect(run(cutOff)).rejects.toThrow();
    reconnect();
    await kube.delete(deployments, { namespace, name: 'web' });
    await expect(run()).rejects.toThrow('Deployment web in fake/shop is gone');
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
    expect(await run()).toMatchObject({ resumed: false, stopped: [] });
  });

  test('in its middle keeps to what was asked for', async () => {
    await expect(run(cutOff)).rejects.toThrow();
    reconnect();
    await expect(run(undefined, 'source')).rejects.toThrow('begun with --then target');
    expect(await counts()).toEqual({ web: 0, next: 0 });
  });
});

describe('a claim that somebody deletes', () => {
  test('of the target in the last copy: its workload is not started, and the source runs as it was', async () => {
    const lost = run(async ({ verify }) => {
      if (verify) await deleteWhileMounted('new');
    });
    await expect(lost).rejects.toThrow(/^target claim fake\/shop\/new is being deleted, since .* goes with/);
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    expect(events).not.toContain(`next ${replicas}`);
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
  });

  test('of the source while it runs: nothing is stopped, since its pods alone keep the claim', async () => {
    const lost = run(() => deleteWhileMounted('old'));
    await expect(lost).rejects.toThrow(/^source claim fake\/shop\/old is being deleted/);
    expect(events).toEqual(['copy']);
    expect(await counts()).toEqual({ web: replicas, next: 0 });
  });

  test('of the source in the last copy is told, and the target is started all the same', async () => {
    await run(async ({ verify }) => {
      if (verify) await deleteWhileMounted('old');
    });
    expect(reporter.warnings).toContainEqual(expect.stringMatching(/^Source claim fake\/shop\/old is being/));
    expect(await counts()).toEqual({ web: 0, next: replicas });
  });

  test('of the source in the last copy, where that is to start again: it is not called cut over', async () => {
    const lost = run(async ({ verify }) => {
      if (verify) await deleteWhileMounted('old');
    }, 'source');
    await expect(lost).rejects.toThrow(/^source claim fake\/shop\/old is being deleted/);
  });

  test('of the target after a run that was cut off before the start: the source runs as it was', async () => {
    await expect(run(cutOffBeforeStart)).rejects.toThrow('no answer');
    reconnect();
    expect(await stateNow()).toMatchObject({ phase: 'starting' });
    await deleteWhileMounted('new');
    await expect(run()).rejects.toThrow(/^target claim fake\/shop\/new is being deleted/);
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
  });

  test('of the target while its workload starts: it is not said that the files are there', async () => {
    const patch = kube.patch.bind(kube);
    kube.patch = async (resource, ref, change, options) => {
      if (ref.name === 'next') {
        await deleteWhileMounted('new');
        throw new X8sError('the pods do not come');
      }
      return patch(resource, ref, change, options);
    };
    await expect(run()).rejects.toThrow('the pods do not come');
    const [told, ...others] = reporter.warnings.filter((text) => text.includes('stands still'));
    expect(told).toMatch(/target is lost .*being deleted.* by hand: .*scale deployment\/web --replicas=3/);
    expect(others).toEqual([]);
  });

  test.each([
    ['old', 'deleted'],
    ['new', 'deleted'],
    ['old', 'made anew'],
    ['new', 'made anew'],
  ])(
    '%s was %s after a run that was cut off: no other cutover is begun, and what it stopped is named',
    async (name, what) => {
      await expect(run(cutOff)).rejects.toThrow();
      reconnect();
      const claim = await kube.get(persistentVolumeClaims, { namespace, name });
      await kube.delete(persistentVolumeClaims, { namespace, name });
      const { uid: _, resourceVersion: __, ...metadata } = claim.metadata;
      if (what === 'made anew') await kube.create(persistentVolumeClaims, { ...claim, metadata });
      events = [];
      const refused = {
        exitCode: 3,
        message: expect.stringMatching(
          /cutover-\w+ .* is in its middle: Deployment web \(3\) .*stands still/,
        ),
        details: [`kubectl --context fake -n shop scale deployment/web --replicas=${replicas}`],
        hint: expect.stringMatching(/cleanup cutover-\w+ -n shop --context fake/),
      };
      await expect(run()).rejects.toMatchObject(refused);
      expect(events).toEqual([]);
      // Once it runs again, nothing is left to be put right.
      if (what === 'deleted') return;
      await scaleWeb(replicas);
      expect(await run()).toMatchObject({ resumed: false, stopped: [`Deployment web (${replicas})`] });
    },
  );
});

test('a cutover in its middle is not begun beside by another name', async () => {
  await expect(run(cutOff)).rejects.toThrow();
  reconnect();
  await expect(run(undefined, 'target', 'other')).rejects.toMatchObject({
    exitCode: 3,
    hint: expect.stringMatching(/--name cutover-\w+/),
  });
});

/** Pods that mount it keep it for a while. */
async function deleteWhileMounted(name: string): Promise<void> {
  const claim = await kube.get(persistentVolumeClaims, { namespace, name });
  const metadata = { ...claim.metadata, finalizers: ['kubernetes.io/pvc-protection'] };
  await kube.replace(persistentVolumeClaims, { ...claim, metadata });
  await kube.delete(persistentVolumeClaims, { namespace, name });
}

const scaleWeb = (count: number) =>
  kube.patch(deployments, { namespace, name: 'web' }, { spec: { replicas: count } }, { type: 'merge' });

/** The target's workload can't be scaled: all is copied, and nothing started. */
function cutOffBeforeStart(): void {
  kube.before = ({ verb, name }) => {
    if (verb === 'patch' && name === 'next') throw new X8sError('no answer');
  };
}

/** From the last copy on, no workload can be scaled any more: what is stopped stays so. */
function cutOff({ verify }: CopyRequest): void {
  if (!verify) return;
  kube.before = ({ verb }) => {
    if (verb === 'patch') throw new X8sError('no answer');
  };
  throw new X8sError('no answer');
}

function reconnect(): void {
  kube.before = () => undefined;
}
