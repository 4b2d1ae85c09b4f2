/**
 * The agent of a node: opens sessions in the containers of its node for those who may have them, each in a process of its
 * own. It listens on the loopback of its pod, where only a port-forward leads.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { ProtocolError, plainWords } from '../wire/check.ts';
import { agentPort, answerLine, parseRequest, type SessionRequest } from '../wire/node-agent.ts';
import { readLine } from '../wire/read-line.ts';
import { authorize, SessionRefused } from './authorize.ts';
import { openSession } from './session.ts';

export interface AgentServerOptions {
  readonly kube: KubeClient;
  /** Name of the node that it is on. */
  readonly node: string;
  /** The code of sessions: the agent's own, whoever asks. */
  readonly bundle: string;
  readonly signal: AbortSignal;
  /** It listens. */
  readonly onReady: () => Promise<void>;
  readonly onLog: (line: string) => void;
}

/** Sessions at a time; what is beyond is told so. */
const mostSessions = 200;
/** Milliseconds for a caller to say what it wants, and for it to be decided. */
const requestLimit = 15_000;

/** Serves until the signal says stop. Rejects where it cannot listen. */
export async function serveNode(options: AgentServerOptions): Promise<void> {
  const { signal, node, onLog } = options;
  const agent = new NodeAgent(options);
  const server = createServer((socket) => void agent.serve(socket));
  await listening(server);
  await options.onReady();
  onLog(`the agent of node ${node} listens on port ${agentPort}`);
  await new Promise<void>((resolve) => {
    const stop = () => {
      agent.close();
      server.close(() => resolve());
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: agentPort }, resolve);
  });
}

class NodeAgent {
  readonly #options: AgentServerOptions;
  readonly #sockets = new Set<Socket>();

  constructor(options: AgentServerOptions) {
    this.#options = options;
  }

  async serve(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    try {
      await this.#open(socket);
    } catch (error) {
      const { reason, message } = refusalFor(error);
      if (!(error instanceof SessionRefused)) this.#options.onLog(`failed: ${plainWords(message)}`);
      socket.end(answerLine({ opened: false, reason, message }));
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #open(socket: Socket): Promise<void> {
    const { kube, node, bundle, onLog } = this.#options;
    const limit = AbortSignal.timeout(requestLimit);
    if (this.#sockets.size > mostSessions)
      throw new SessionRefused('Busy', `the agent of node ${node} has ${mostSessions} sessions already`);
    const request = parseRequest(await readLine(socket, limit));
    const { user, container } = await authorize(kube, node, request, { signal: limit });
    const session = await openSession(container, bundle, limit);
    onLog(describe(user, request, session.who));
    socket.write(answerLine({ opened: true }));
    await session.join(socket);
  }
}

const describe = (user: string, { namespace, pod, container }: SessionRequest, who: string): string =>
  plainWords(`${user} has a session in container ${container} of pod ${namespace}/${pod}, as ${who}`);

function refusalFor(error: unknown): Pick<SessionRefused, 'reason' | 'message'> {
  if (error instanceof SessionRefused) return error;
  const reason = error instanceof ProtocolError ? 'BadRequest' : 'Failed';
  return { reason, message: messageOf(error) };
}
