/** What all launchers share: the container that is meant, and starting an agent in some container of its pod. */
import type { Clock } from '../../../src/clock.ts';
import { UnreachableError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Pod } from '../../../src/kube/api/objects.ts';
import { exec } from '../../../src/kube/streams/exec.ts';
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
  override readonly name = 'Declined';
}

/**
 * Starts an agent where there is a `node` in some container of the pod.
 *
 * @throws {StartError} its process ended, or could not be started
 * @throws {Declined} nothing was heard of it in time
 */
export async function startAgent(
  { kube, target, bundle, helloLimit, signal }: LaunchContext,
  container: string,
  node: string,
): Promise<AgentConnection> {
  const launch: AgentLaunch = agentLaunch(bundle, node);
  const { namespace, pod } = target;
  const session = await exec(kube, {
    namespace,
    pod: pod.metadata.name,
    container,
    command: launch.command,
    signal,
  });
  const { stdin, stdout, stderr } = session;
  const close = () => session.close();
  let words = '';
  stderr.on('data', (data: Buffer) => {
    words = (words + data.toString()).slice(-2000);
  });
  try {
    return await AgentConnection.start({ stdin, stdout, stderr, close }, launch, helloLimit);
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
