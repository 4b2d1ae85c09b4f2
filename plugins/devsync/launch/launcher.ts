/** What all launchers share: the container that is meant, and starting an agent in some container of its pod. */
import type { Clock } from '../../../src/clock.ts';
import { messageOf, UnreachableError } from '../../../src/errors.ts';
import { ApiError } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Pod } from '../../../src/kube/api/objects.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { describePermission, type Permission } from '../../../src/kube/cluster/access.ts';
import { refusalIn, unlessRefused } from '../../../src/kube/cluster/refusal.ts';
import { type ExecSession, exec } from '../../../src/kube/streams/exec.ts';
import { type AgentLaunch, agentLaunch } from '../agent/loader.ts';
import { AgentConnection, AgentLate } from './agent-connection.ts';
import type { NodeLines } from './node-lines.ts';
import type { User } from './security.ts';

/** One container of one pod, as it is now. */
export interface Target {
  readonly namespace: string;
  readonly pod: Pod;
  readonly container: string;
  /** Of the running container: `containerd://…`. */
  readonly containerId: string;
  readonly imageId: string;
}

export interface LaunchContext {
  readonly kube: KubeClient;
  readonly target: Target;
  /** The agent, as one text. */
  readonly bundle: string;
  /** Who the agent is to run as; the container's own user where absent. */
  readonly runAs?: User | undefined;
  /** Image of an agent beside the container. */
  readonly image: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds for an agent to say hello, where not as usual. */
  readonly helloLimit?: number;
  /** Lines to agents of nodes that other sessions use as well. */
  readonly lines?: NodeLines | undefined;
  /** Told what is being waited for. */
  readonly onDetail: (text: string) => void;
}

/** A live agent, and where it finds the container's files. */
export interface Launched {
  readonly launcher: 'exec' | 'ephemeral' | 'node-agent';
  readonly connection: AgentConnection;
  /** Empty for an agent that is in the container; the path of its root from beside it. */
  readonly base: string;
}

/** This launcher does not work for this container; another one may. */
export class Declined extends Error {
  override readonly name: string = 'Declined';
}

/** The API server lets nobody, or not this user, run a command in a container of the pod. */
export class ExecDeclined extends Declined {
  override readonly name = 'ExecDeclined';
}

/**
 * Awaits a request of this launcher.
 *
 * @param need the right that it takes
 * @throws {Declined} the user lacks that right, which is the cause then, or admission is against it
 */
export async function unlessDeclined<T>(
  { kube, signal }: Pick<LaunchContext, 'kube' | 'signal'>,
  need: Permission,
  attempt: Promise<T>,
): Promise<T> {
  try {
    return await unlessRefused(kube, need, attempt, { signal });
  } catch (error) {
    if (refusalIn(error) === undefined) throw error;
    const right = describePermission(need);
    if (error instanceof ApiError) throw new Declined(`you may not ${right}`, { cause: error });
    throw new Declined(`the cluster refuses to ${right}: ${messageOf(error)}`);
  }
}

/**
 * Starts an agent where there is a `node` in some container of the pod.
 *
 * @throws {StartError} its process ended, or could not be started
 * @throws {ExecDeclined} the user may not, or admission is against it
 * @throws {Declined} nothing was heard of it in time
 */
export async function startAgent(
  context: LaunchContext,
  container: string,
  node: string,
): Promise<AgentConnection> {
  const launch: AgentLaunch = agentLaunch(context.bundle, node);
  const session = await execIn(context, container, launch.command);
  const { stdin, stdout, stderr } = session;
  const close = () => session.close();
  let words = '';
  stderr.on('data', (data: Buffer) => {
    words = (words + data.toString()).slice(-2000);
  });
  try {
    return await AgentConnection.start({ stdin, stdout, stderr, close }, launch, context.helloLimit);
  } catch (error) {
    close();
    if (error instanceof AgentLate)
      throw new Declined(`${error.message}: the cluster, its nodes or container ${container} may be slow`);
    const { code, reason, error: lost } = await session.exit;
    // What broke on the way is no verdict on the container.
    if (lost instanceof UnreachableError) throw lost;
    throw new StartError(words.trim() || reason || (error as Error).message, code);
  }
}

async function execIn(
  context: LaunchContext,
  container: string,
  command: readonly string[],
): Promise<ExecSession> {
  const { kube, target, signal } = context;
  const [namespace, pod] = [target.namespace, target.pod.metadata.name];
  const need = { verb: 'create', resource: pods, subresource: 'exec', namespace, name: pod };
  try {
    return await unlessDeclined(context, need, exec(kube, { namespace, pod, container, command, signal }));
  } catch (error) {
    if (!(error instanceof Declined)) throw error;
    throw new ExecDeclined(error.message, { cause: error.cause });
  }
}

/**
 * Of an agent that runs as the container's own user, whoever is wanted.
 *
 * @param where that is so, such as `in the container`.
 * @throws {Declined} another one is wanted; the agent is let go
 */
export async function requireUser(
  connection: AgentConnection,
  wanted: User | undefined,
  where: string,
): Promise<void> {
  if (wanted === undefined) return;
  const { uid, gid } = (await connection.hello).about;
  if (uid === wanted.uid && (wanted.gid ?? gid) === gid) return;
  connection.close();
  throw new Declined(`${where} it runs as ${uid}:${gid}, and as nobody else`);
}

/** The agent's process did not come to life. */
export class StartError extends Error {
  override readonly name = 'StartError';
  /** Its exit code; undefined where it could not even be started. */
  readonly code: number | undefined;

  constructor(message: string, code: number | undefined) {
    super(message);
    this.code = code;
  }
}
