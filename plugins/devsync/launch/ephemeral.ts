/**
 * The agent beside the container: an ephemeral container in its process namespace that only waits, and in
 * which an agent is started for every connection. Such containers never restart and stay until the pod goes,
 * so one that runs is used again.
 */
import { randomBytes } from 'node:crypto';
import { isNotFound } from '../../../src/kube/api/api-error.ts';
import type { ContainerStatus, Pod } from '../../../src/kube/api/objects.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { waitFor } from '../../../src/kube/watch/wait.ts';
import { asCount, asList, asObject, asText } from '../wire/check.ts';
import type { AgentConnection } from './agent-connection.ts';
import {
  Declined,
  type LaunchContext,
  type Launched,
  StartError,
  startAgent,
  unlessDeclined,
} from './launcher.ts';
import { besideContext, isSameUser, likelyUser, type User, writtenUser } from './security.ts';

/** Ephemeral containers of ours begin with this. */
export const ephemeralPrefix = 'devsync-agent-';
/** Milliseconds: an image may have to be pulled. */
const startLimit = 120_000;

/** Waits, and is the first to go when memory runs out. */
const waiter = [
  'node',
  '--max-old-space-size=16',
  '-e',
  'try{require("fs").writeFileSync("/proc/self/oom_score_adj","1000")}catch{};setInterval(()=>{},2147483647)',
];

interface Beside {
  readonly name: string;
  readonly targetContainerName?: string;
  readonly image?: string;
  readonly securityContext?: { readonly runAsUser?: number; readonly runAsGroup?: number };
}

/** What an agent sees of the process whose root it is to work in. */
export interface RootAccess {
  /** `/proc/N/root`, where it may be entered. */
  readonly base: string | undefined;
  readonly user: User;
  readonly why: string;
}

/** @throws {Declined} the cluster or the container does not allow it */
export async function launchBeside(context: LaunchContext): Promise<Launched> {
  const { pod, container } = context.target;
  const written = context.runAs ?? writtenUser(pod, container);
  // Most images run as root where nothing is written. The agent's own does not.
  const first = await tryAs(context, written ?? likelyUser(pod, container));
  if (first.launched) return first.launched;
  const { user, why } = first.access;
  if (written !== undefined) throw new Declined(why);
  // Only process 1 knows who it is; a second entry, made for that user, is the price.
  context.onDetail(`the image's user is ${user.uid}; one more container for that`);
  const second = await tryAs(context, user);
  if (second.launched) return second.launched;
  throw new Declined(second.access.why);
}

async function tryAs(
  context: LaunchContext,
  user: User | undefined,
): Promise<{ launched?: Launched; access: RootAccess }> {
  const name = runningAs(context, user) ?? (await add(context, user));
  const connection = await startIn(context, name);
  const access = await askRootAccess(connection, context.target.containerId);
  if (access.base === undefined) {
    connection.close();
    return { access };
  }
  return { launched: { launcher: 'ephemeral', connection, base: access.base }, access };
}

async function startIn(context: LaunchContext, name: string): Promise<AgentConnection> {
  try {
    return await startAgent(context, name, 'node');
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    throw new Declined(`the agent did not start in ephemeral container ${name}: ${error.message}`);
  }
}

/** What an agent sees. One that cannot tell is of no use, and is ended. */
export async function askRootAccess(connection: AgentConnection, containerId: string): Promise<RootAccess> {
  try {
    return asRootAccess(await connection.call(0, 'root-access', { containerId }));
  } catch (error) {
    connection.close();
    throw error;
  }
}

type BesideWhat = Pick<LaunchContext, 'target' | 'image'>;

/** Those of ours that run for this container. */
function runningBeside({ target, image }: BesideWhat): Beside[] {
  const entries = (target.pod.spec.ephemeralContainers ?? []) as Beside[];
  return entries.filter(
    (entry) =>
      entry.name.startsWith(ephemeralPrefix) &&
      entry.targetContainerName === target.container &&
      entry.image === image &&
      statusOf(target.pod, entry.name)?.state?.running !== undefined,
  );
}

/** Whether an earlier run has left a container of ours there that can be used again. */
export const isBeside = (context: LaunchContext): boolean => runningBeside(context).length > 0;

/**
 * The name of one of ours that runs for this container and as this user; undefined where another one is to be made. Who
 * an agent is it has from its container: one of another group sees nothing of the container's files.
 */
export function runningAs(context: BesideWhat, user: User | undefined): string | undefined {
  const { pod, container } = context.target;
  const wanted = besideContext(pod, container, user);
  return runningBeside(context).find(({ securityContext = {} }) => isSameUser(securityContext, wanted))?.name;
}

const statusOf = (pod: Pod | undefined, name: string): ContainerStatus | undefined =>
  pod?.status?.ephemeralContainerStatuses?.find((status) => status.name === name);

/** Adds one and waits until it runs. */
async function add(context: LaunchContext, user: User | undefined): Promise<string> {
  const { kube, target, image, onDetail, signal } = context;
  const { namespace, pod, container } = target;
  const name = `${ephemeralPrefix}${randomBytes(3).toString('hex')}`;
  onDetail(`adding ephemeral container ${name}`);
  const entry = {
    name,
    image,
    imagePullPolicy: 'IfNotPresent',
    command: waiter,
    // The agents in it take hundreds of megabytes through: what is large goes back to the system right away.
    env: [
      { name: 'MALLOC_ARENA_MAX', value: '1' },
      { name: 'MALLOC_MMAP_THRESHOLD_', value: '65536' },
    ],
    targetContainerName: container,
    securityContext: besideContext(pod, container, user),
    terminationMessagePolicy: 'File',
  };
  const ref = { namespace, name: pod.metadata.name };
  await addEntry(context, entry);
  await waitFor(kube, pods, ref, (now) => isUp(now, name), {
    timeoutMs: startLimit,
    signal,
    what: `ephemeral container ${name} of pod ${pod.metadata.name} to run`,
    describe: (now) => describeState(statusOf(now, name)),
  });
  return name;
}

/** @throws {Declined} the cluster has no ephemeral containers, this user may not add one, or admission is against it */
async function addEntry(context: LaunchContext, entry: object): Promise<void> {
  const { kube, target, signal } = context;
  const ref = { namespace: target.namespace, name: target.pod.metadata.name };
  const subresource = 'ephemeralcontainers';
  const patch = { spec: { ephemeralContainers: [entry] } };
  const added = kube.patch(pods, ref, patch, { type: 'strategic', subresource, signal });
  try {
    await unlessDeclined(context, { verb: 'patch', resource: pods, subresource, ...ref }, added);
  } catch (error) {
    if (!isNotFound(error) && !(error instanceof Declined)) throw error;
    const { message, cause } = error as Error;
    throw new Declined(`ephemeral containers are refused: ${message}`, { cause });
  }
}

function isUp(pod: Pod | undefined, name: string): true | undefined {
  if (pod === undefined) throw new Declined('the pod has gone');
  const { running: runs, waiting, terminated } = statusOf(pod, name)?.state ?? {};
  if (runs) return true;
  const reason = waiting?.reason ?? '';
  if (/ErrImageNeverPull|ImagePullBackOff|InvalidImageName|CreateContainer(Config)?Error/.test(reason))
    throw new Declined(`ephemeral container ${name}: ${reason}: ${waiting?.message ?? ''}`);
  if (terminated)
    throw new Declined(`ephemeral container ${name} ended: ${terminated.message ?? terminated.reason}`);
  return undefined;
}

function describeState(status: ContainerStatus | undefined): string {
  const { waiting, terminated } = status?.state ?? {};
  return waiting?.message ?? waiting?.reason ?? terminated?.reason ?? 'it was not started yet';
}

function asRootAccess(value: unknown): RootAccess {
  const { base, uid, gid, why } = asObject(value, 'an answer');
  const root = base === undefined ? undefined : asText(base, 'a path');
  if (root !== undefined && !/^\/proc\/\d+\/root$/.test(root))
    throw new Declined(`the agent works in ${root}`);
  return {
    base: root,
    user: { uid: asCount(uid, 'a user'), gid: asCount(gid, 'a group') },
    why: asText(why, 'words'),
  };
}

/** Names of the containers that we added to a pod and that stay until it goes. */
export function leftBehind(pod: Pod): string[] {
  return asList(pod.spec.ephemeralContainers ?? [], 'containers')
    .map((entry) => asText(asObject(entry, 'a container').name, 'a name'))
    .filter((name) => name.startsWith(ephemeralPrefix));
}
