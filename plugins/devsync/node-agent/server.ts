/**
 * The agent of a node: opens sessions in the containers of its node for those who may have them, each in a process of its
 * own. It listens on the loopback of its pod, where only a port-forward leads.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { ProtocolError } from '../wire/check.ts';
import type { LineSession } from '../wire/line-session.ts';
import { agentPort, answerLine, longestLine, parseRequest, type SessionRequest } from '../wire/node-agent.ts';
import { plainWords } from '../wire/plain-words.ts';
import { readLine } from '../wire/read-line.ts';
import { SharedLine } from '../wire/shared-line.ts';
import { authorize, SessionRefused } from './authorize.ts';
import type { ContainerIdentity } from './cgroups.ts';
import { openGate } from './gate.ts';
import { GatePlaces } from './gate-places.ts';
import type { OpenedLine } from './opened-line.ts';
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
  /** Sessions on lines that have others already. */
  #further = 0;
  readonly #gates: GatePlaces;

  constructor(options: AgentServerOptions) {
    this.#options = options;
    this.#gates = new GatePlaces(options.node);
  }

  async serve(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    try {
      await this.#serveLine(socket);
    } catch (error) {
      socket.end(this.#refusal(error));
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #serveLine(socket: Socket): Promise<void> {
    const limit = AbortSignal.timeout(requestLimit);
    this.#requireRoom();
    const request = parseRequest(await readLine(socket, limit));
    const session = await this.#open(request, limit);
    const { shared = false } = request;
    socket.write(answerLine({ opened: true, shared, ...gateOf(request) }));
    if (!shared) return await session.join(socket);
    const line = new SharedLine(socket, { onOpen: (one, words) => void this.#serveFurther(one, words) });
    await session.join(line.first());
  }

  /** One more session of a line: whoever asks for it is looked at as for the first one. */
  async #serveFurther(stream: LineSession, words: string): Promise<void> {
    this.#further++;
    try {
      this.#requireRoom();
      if (words.length > longestLine) throw new ProtocolError('the request is too long');
      const request = parseRequest(words);
      const session = await this.#open(request, AbortSignal.timeout(requestLimit));
      stream.sendAnswer(answerLine({ opened: true, ...gateOf(request) }));
      await session.join(stream);
    } catch (error) {
      stream.sendAnswer(this.#refusal(error));
      stream.end();
    } finally {
      this.#further--;
    }
  }

  #requireRoom(): void {
    if (this.#sockets.size + this.#further > mostSessions)
      throw new SessionRefused(
        'Busy',
        `the agent of node ${this.#options.node} has ${mostSessions} sessions already`,
      );
  }

  async #open(request: SessionRequest, limit: AbortSignal): Promise<OpenedLine> {
    const { kube, node, bundle, onLog } = this.#options;
    const { user, container } = await authorize(kube, node, request, { signal: limit });
    if (request.gate !== undefined) {
      const gate = await this.#openGate(user, container, request.gate, limit);
      onLog(describe(user, 'holds back the next start of', request, `for ${request.gate} s at most`));
      return gate;
    }
    const session = await openSession(container, bundle, limit);
    onLog(describe(user, 'has a session in', request, `as ${session.who}`));
    return session;
  }

  async #openGate(
    user: string,
    container: ContainerIdentity,
    seconds: number,
    limit: AbortSignal,
  ): Promise<OpenedLine> {
    const giveBack = this.#gates.take(user, container.uid);
    try {
      const gate = await openGate(container, seconds, limit);
      return { join: (line) => gate.join(line).finally(giveBack) };
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  /** What a caller is told. */
  #refusal(error: unknown): string {
    const { reason, message } = refusalFor(error);
    if (!(error instanceof SessionRefused)) this.#options.onLog(`failed: ${plainWords(message)}`);
    return answerLine({ opened: false, reason, message });
  }
}

const describe = (
  user: string,
  what: string,
  { namespace, pod, container }: SessionRequest,
  how: string,
): string => plainWords(`${user} ${what} container ${container} of pod ${namespace}/${pod}, ${how}`);

const gateOf = ({ gate }: SessionRequest) => gate !== undefined && { gate: true };

function refusalFor(error: unknown): Pick<SessionRefused, 'reason' | 'message'> {
  if (error instanceof SessionRefused) return error;
  const reason = error instanceof ProtocolError ? 'BadRequest' : 'Failed';
  return { reason, message: messageOf(error) };
}
