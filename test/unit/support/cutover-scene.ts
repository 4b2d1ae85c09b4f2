/** A shop whose workload is cut over, on a fake cluster: what happens in it, and how it is cut off at each point. */
import { isDeepStrictEqual } from 'node:util';
import { cutover } from '../../../plugins/x8sync/cutover/cutover.ts';
import type { CutoverRequest } from '../../../plugins/x8sync/cutover/result.ts';
import { cutoverStateOf, type Then } from '../../../plugins/x8sync/records/cutover-state.ts';
import { markOf } from '../../../plugins/x8sync/records/stop-mark.ts';
import type { CopyContext, CopyRequest, CopyResult } from '../../../plugins/x8sync/run/request/request.ts';
import { storeOf } from '../../../plugins/x8sync/run/request/task-store.ts';
import { nextTurn } from '../../../src/async/next-turn.ts';
import { systemClock } from '../../../src/clock.ts';
import { InterruptedError, X8sError } from '../../../src/errors.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import {
  configMaps,
  deployments,
  namespaces,
  persistentVolumeClaims,
  pods,
  replicaSets,
} from '../../../src/kube/api/resources.ts';
import { stopMarkKey } from '../../../src/tasks/names.ts';
import { createSilentReporter } from '../../../src/ui/silent-reporter.ts';
import { type FakeKube, fakeKube } from './fake-kube.ts';

export const namespace = 'shop';
export const replicas = 3;
export let kube: FakeKube;
/** What happened, in order: `copy`, `web 0`, … */
export let events: string[];

export const object = (name: string, fields: object = {}, metadata: object = {}) =>
  ({ metadata: { name, namespace, ...metadata }, ...fields }) as KubeObject;
export const volumes = (claim: string) => ({
  containers: [],
  volumes: [{ name: 'v', persistentVolumeClaim: { claimName: claim } }],
});
export const owner = (kind: string, { metadata: { name, uid = '' } }: KubeObject) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid, controller: true }],
});

/** Deployments follow their replica counts at once: a fake of the controllers, in whose place nothing runs here. */
function fakeController(): void {
  const patch = kube.patch.bind(kube);
  kube.patch = async (resource, ref, change, options) => {
    const before = await kube.find(resource, ref);
    const patched = await patch(resource, ref, change, options);
    if (options.dryRun) return patched;
    const isSame = isDeepStrictEqual(before?.spec, patched.spec);
    if (isSame && (change as { spec?: object }).spec === undefined)
      return annotated(before, patched) as never;
    const changed = await settle(ref.name);
    return changed as never;
  };
}

/** Of a Deployment a server counts a change of the annotations as one of the generation, and no other one of the metadata. */
async function annotated(before: KubeObject | undefined, { metadata }: KubeObject): Promise<KubeObject> {
  const now = await kube.get(deployments, { namespace, name: metadata.name });
  if (isDeepStrictEqual(before?.metadata.annotations ?? {}, metadata.annotations ?? {})) return now;
  const generation = (metadata.generation ?? 0) + 1;
  const status = { ...(now.status as object | undefined), observedGeneration: generation };
  return kube.replace(deployments, { ...now, metadata: { ...now.metadata, generation }, status });
}

/** The claim of the pods of `web`: that of its template, unless it is paused. */
let rolledOut: string;

export const claimIn = ({ spec }: KubeObject): string =>
  (spec as { template: { spec: ReturnType<typeof volumes> } }).template.spec.volumes[0]?.persistentVolumeClaim
    .claimName ?? '';

async function settle(name: string): Promise<KubeObject> {
  const now = await kube.get(deployments, { namespace, name });
  const { replicas: wanted, paused } = now.spec as { replicas: number; paused?: boolean };
  if (name === 'web' && !paused) rolledOut = claimIn(now);
  const updatedReplicas = name === 'web' && rolledOut !== claimIn(now) ? 0 : wanted;
  events.push(`${name} ${wanted}`);
  const generation = (now.metadata.generation ?? 0) + 1;
  const counts = { replicas: wanted, updatedReplicas, readyReplicas: wanted };
  const status = { observedGeneration: generation, ...counts };
  const next = await kube.replace(deployments, { ...now, metadata: { ...now.metadata, generation }, status });
  if (name !== 'web') return next;
  if (wanted === 0) await kube.delete(pods, { namespace, name: 'web-pod' }).catch(() => {});
  else if (!(await kube.find(pods, { namespace, name: 'web-pod' }))) await makePod();
  return next;
}

async function makePod(): Promise<void> {
  const set = await kube.get(replicaSets, { namespace, name: 'web-set' });
  const fields = { spec: volumes(rolledOut), status: { phase: 'Running' } };
  await kube.create(pods, object('web-pod', fields, owner('ReplicaSet', set)));
}

/** As a server gives it to what it makes. */
const firstGeneration = { generation: 1 };

/** Before each test the shop is as it was, and nothing has happened. */
export async function openShop(): Promise<void> {
  kube = fakeKube();
  reporter = createSilentReporter();
  events = [];
  sleptMs = 0;
  clock.sleep = systemClock.sleep;
  interruption = new AbortController();
  rolledOut = 'old';
  for (const name of ['kube-system', namespace]) await kube.create(namespaces, { metadata: { name } });
  kube.answers.set('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', () => ({
    status: { resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] },
  }));
  await makeClaims('old', 'new');
  const workload = (claimName: string, count: number) => ({
    spec: { replicas: count, template: { spec: volumes(claimName) } },
  });
  const web = await kube.create(
    deployments,
    object('web', workload('old', replicas), firstGeneration) as never,
  );
  await kube.create(replicaSets, object('web-set', {}, owner('Deployment', web)));
  await makePod();
  await kube.create(deployments, object('next', workload('new', 0), firstGeneration) as never);
  fakeController();
}

export function forgetEvents(): void {
  events = [];
}

/** What is asked of a copy: the last one is made while nothing of `web` runs. */
export interface Asked extends CopyRequest {
  readonly isLast: boolean;
  /** To be called where it fails once files are copied; one that comes to its end has begun. */
  readonly begins: () => void;
}

/** Resolves with what a copy comes to where it is not what it should be. */
type Copied = (request: Asked, pass: number) => unknown;

/** Runs it; each copy is a moment, and what is asked of it is `during`. */
export async function run(
  during: Copied = () => {},
  afterwards: Then = 'target',
  name?: string,
  again = false,
  more: Partial<CopyRequest> = {},
) {
  let pass = 0;
  const copyOnce = async (request: CopyRequest, { onGivenUp = () => {} }: CopyContext) => {
    pass += 1;
    const web = kube.objects.find('apps/deployments', namespace, 'web');
    const isLast = (web?.spec as { replicas?: number } | undefined)?.replicas === 0;
    events.push(isLast ? 'last copy' : 'copy');
    let copied = false;
    const begins = () => {
      copied = true;
    };
    const came = await (async () => during({ ...request, isLast, begins }, pass))().catch((error) => {
      onGivenUp(copied);
      throw error;
    });
    const stats = { transferredFiles: 1, transferredBytes: 1, extraneous: 0, undeleted: 0 };
    return {
      outcome: 'ok',
      seconds: 1,
      stats,
      failures: [],
      lost: [],
      verification: { different: 0 },
      ...(came as object | undefined),
    } as unknown as CopyResult;
  };
  const ref = (claim: string) => ({ kube, namespace, claim });
  const how = { mode: 'merge', verify: false, timeoutMs: 2000, again, ...more };
  const copy = { name, source: ref('old'), target: ref('new'), ...how };
  const request = {
    copy: copy as unknown as CopyRequest,
    afterwards,
    goalMs: 10_000,
  } satisfies CutoverRequest;
  return cutover(request, context(), copyOnce);
}

export let reporter = createSilentReporter();
/** What follows is another process: it has told nothing yet. */
export function beginProcess(): void {
  reporter = createSilentReporter();
}

/** What would be left if the process ended at this moment. */
export let left: () => readonly string[] = () => [];
/** For so long the machine has slept. */
let sleptMs = 0;
export const clock = { ...systemClock, now: () => new Date(Date.now() + sleptMs) };
/** Pauses before another attempt are none. */
export function hurry(): void {
  clock.sleep = (_, signal) => systemClock.sleep(0, signal);
}

let interruption = new AbortController();
/** Somebody presses Ctrl-C. */
export const interrupt = () => interruption.abort(new InterruptedError('SIGINT'));

const context = (): CopyContext => ({
  reporter,
  clock,
  signal: interruption.signal,
  onAbandoned: (list) => {
    left = list;
  },
});

export async function recordNow() {
  const [record] = await storeOf(kube, { clock }).list({ namespace, role: 'cutover' });
  if (!record) throw new Error('there is no record');
  return record;
}

export async function lockNow() {
  const { items } = await kube.list(configMaps, { namespace });
  const lock = items.find(
    ({ metadata }) =>
      metadata.name.startsWith('x8sync-cutover-') && metadata.labels?.['x8s.dev/role'] === 'lock',
  );
  if (!lock) throw new Error('there is no lock');
  return lock;
}

/** So much time passes. */
export function pass(ms: number): void {
  sleptMs += ms;
}

/** From now on whatever is to take no longer than this has taken that long. */
export function endLimitsOf(limitMs: number): void {
  clock.sleep = (ms, signal) => systemClock.sleep(ms === limitMs ? 0 : ms, signal);
}

/** This machine has slept, and its lock is gone. */
export async function loseLock(): Promise<void> {
  pass(100_000);
  const { name } = (await lockNow()).metadata;
  await kube.delete(configMaps, { namespace, name });
}

export async function stateNow() {
  const [record] = await storeOf(kube, { clock: systemClock }).list({ namespace, role: 'cutover' });
  return record && cutoverStateOf(record);
}

export const counts = async () => {
  const of = async (name: string) =>
    ((await kube.get(deployments, { namespace, name })).spec as { replicas: number }).replicas;
  return { web: await of('web'), next: await of('next') };
};

/** Pods that mount it keep it for a while. */
export async function deleteWhileMounted(name: string): Promise<void> {
  const claim = await kube.get(persistentVolumeClaims, { namespace, name });
  const metadata = { ...claim.metadata, finalizers: ['kubernetes.io/pvc-protection'] };
  await kube.replace(persistentVolumeClaims, { ...claim, metadata });
  await kube.delete(persistentVolumeClaims, { namespace, name });
}

export const scale = (name: string, count: number) =>
  kube.patch(deployments, { namespace, name }, { spec: { replicas: count } }, { type: 'merge' });

export const scaleWeb = (count: number) => scale('web', count);

/** The mark of a cutover on what stands still. */
export const markNow = async () => markOf(await kube.get(deployments, { namespace, name: 'web' }));

/** Another cutover stops it, to another claim. */
export async function markForAnother(more: object = {}): Promise<void> {
  const mark = { task: 'other', target: 'shop/elsewhere', targetUid: '99', replicas, ...more };
  const metadata = { annotations: { [stopMarkKey]: JSON.stringify(mark) } };
  const ref = { namespace, name: 'web' };
  await kube.patch(deployments, ref, { metadata, spec: { replicas: 0 } }, { type: 'merge' });
}

/** Somebody else does something right before the workload is stopped for good. */
export function beforeStop(meanwhile: () => Promise<unknown>): void {
  let isDone = false;
  const patch = kube.patch.bind(kube);
  kube.patch = async (resource, ref, change, options) => {
    if (!isDone && !options.dryRun && ref.name === 'web') {
      isDone = true;
      await meanwhile();
    }
    return patch(resource, ref, change, options);
  };
}

/** The target's namespace is deleted, and what knew of the cutover goes with it. */
export async function loseTarget(): Promise<void> {
  await kube.delete(namespaces, { name: namespace });
  for (const { metadata } of (await kube.list(configMaps, { namespace })).items)
    await kube.delete(configMaps, { namespace, name: metadata.name });
}

/** Somebody lets the target's workload run for a while. */
export async function runNext(): Promise<void> {
  for (const count of [1, 0]) await scale('next', count);
}

export function failLast({ isLast }: Asked): void {
  if (isLast) throw new X8sError('the disk is gone');
}

/** The target's workload can't be scaled: all is copied, and nothing started. */
export function cutOffBeforeStart(): void {
  kube.before = ({ verb, name }) => {
    if (verb === 'patch' && name === 'next') throw new X8sError('no answer');
  };
}

/** The target's workload is told to start, and the run is killed: nobody knows whether it came up. */
export async function killedOnceStarted(): Promise<void> {
  onceWritten('next', () => {
    throw new X8sError('killed');
  });
  await run().catch((error: unknown) => {
    if (!(error instanceof X8sError) || error.message !== 'killed') throw error;
  });
}

/** Does something right after the next change of a workload. */
export function onceWritten(workload: string, work: () => unknown): void {
  const patch = kube.patch;
  kube.patch = async (resource, ref, change, options) => {
    const changed = await patch.call(kube, resource, ref, change, options);
    if (ref.name === workload && !options.dryRun) {
      kube.patch = patch;
      await work();
    }
    return changed as never;
  };
}

/** Somebody deletes the target's workload, and makes one of its name. */
export async function makeNextAnew(count: number): Promise<void> {
  await kube.delete(deployments, { namespace, name: 'next' });
  const spec = { replicas: count, template: { spec: volumes('new') } };
  await kube.create(deployments, object('next', { spec }, firstGeneration) as never);
}

/** A pod that no workload of the shop has. */
export const makeStranger = (name: string, claim: string) =>
  kube.create(pods, object(name, { spec: volumes(claim), status: { phase: 'Running' } }));

/** As long as a slow answer takes: many turns of all that goes on meanwhile. */
export async function whileLong(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await nextTurn();
}

/** From the last copy on, no workload can be scaled any more: what is stopped stays so. */
export function cutOff({ isLast }: Asked): void {
  if (!isLast) return;
  kube.before = ({ verb }) => {
    if (verb === 'patch') throw new X8sError('no answer');
  };
  throw new X8sError('no answer');
}

export function reconnect(): void {
  kube.before = () => undefined;
}

/** The template of a workload names these claims as well. */
export async function addVolumes(name: string, claims: readonly string[]): Promise<void> {
  const now = await kube.get(deployments, { namespace, name });
  const { template, ...spec } = now.spec as { template: { spec: { volumes: object[] } } };
  const more = claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } }));
  const volumes = [...template.spec.volumes, ...more];
  const changed = { ...spec, template: { spec: { ...template.spec, volumes } } };
  await kube.replace(deployments, { ...now, spec: changed } as never);
}

/** Claims of these names, bound. */
export async function makeClaims(...names: readonly string[]): Promise<void> {
  const claim = { spec: { accessModes: ['ReadWriteOnce'] }, status: { phase: 'Bound' } };
  for (const name of names) await kube.create(persistentVolumeClaims, object(name, claim) as never);
}
