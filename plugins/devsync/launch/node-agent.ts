/**
 * The agent of the container's node: nothing is added to the pod. It is reached by a port-forward, and shown a token for
 * it alone, of a ServiceAccount in the pod's namespace; whether that may have a session is the agent's to find out.
 */
import type { Duplex } from 'node:stream';
import { messageOf, UnreachableError, X8sError } from '../../../src/errors.ts';
import { isNotFound } from '../../../src/kube/api/api-error.ts';
import { isMet } from '../../../src/kube/api/conditions.ts';
import type { Pod } from '../../../src/kube/api/objects.ts';
import { pods, serviceAccounts } from '../../../src/kube/api/resources.ts';
import { portForward } from '../../../src/kube/streams/portforward.ts';
import { selectorOf } from '../../../src/tasks/names.ts';
import { asObject, asText } from '../wire/check.ts';
import {
  agentNamespace,
  agentPort,
  agentSelector,
  audienceOf,
  clientAccount,
  parseAnswer,
  requestLine,
  type SessionAnswer,
  type SessionRequest,
} from '../wire/node-agent.ts';
import { readLine } from '../wire/read-line.ts';
import type { SharedLine } from '../wire/shared-line.ts';
import { AgentConnection } from './agent-connection.ts';
import { Declined, type LaunchContext, type Launched, requireUser, unlessDeclined } from './launcher.ts';

/** Milliseconds for the agent to open a session. */
const answerLimit = 20_000;
/** Seconds that a token is good for: the least that the API server grants. It is shown once, at the beginning. */
const tokenLifetime = 600;

/** @throws {Declined} no agent is there, it may not be used, or it refuses */
export async function launchFromNode(context: LaunchContext): Promise<Launched> {
  const { target, signal, helloLimit, lines, onDetail } = context;
  const node = target.pod.spec.nodeName ?? '';
  const agent = await findAgent(context, node);
  onDetail(`asking ${agent} for a session on node ${node}`);
  const request = await requestFor(context, node);
  const line = lines
    ? await lines.session(
        agent,
        async () => {
          const first = await openLine(context, agent, { ...request, shared: true }, lines.signal);
          return { line: first.line, isShared: first.answer.shared === true };
        },
        (shared) => openFurther(shared, agent, request, signal),
      )
    : (await openLine(context, agent, request, signal)).line;
  const connection = await begin(line, agent, helloLimit);
  await requireUser(connection, context.runAs, 'by its node');
  return { launcher: 'node-agent', connection, base: '' };
}

/** What the agent of a container's node is asked by. */
export type NodeContext = Pick<LaunchContext, 'kube' | 'target' | 'signal'>;

/**
 * A line on which the program of the container's next start is held back.
 *
 * @param life ends the line.
 * @throws {Declined} no agent is there, it may not be used, it refuses, or knows nothing of this
 */
export async function openGateLine(context: NodeContext, gate: number, life: AbortSignal): Promise<Duplex> {
  const node = context.target.pod.spec.nodeName ?? '';
  const agent = await findAgent(context, node);
  const request = await requestFor(context, node);
  const { line, answer } = await openLine(context, agent, { ...request, gate }, life);
  if (answer.gate === true) return line;
  line.destroy();
  throw new Declined(
    `the agent of node ${node} is of a version that holds nothing back; \`upgrade\` brings it`,
  );
}

async function requestFor(context: NodeContext, node: string): Promise<SessionRequest> {
  const { namespace, pod, container, containerId } = context.target;
  const token = await requestToken(context, node);
  return { token, namespace, pod: pod.metadata.name, container, containerId };
}

/** What runs in the container by now says hello. */
async function begin(line: Duplex, agent: string, limit: number | undefined): Promise<AgentConnection> {
  const streams = { stdin: line, stdout: line, close: () => void line.destroy() };
  try {
    const starting = AgentConnection.start(streams, undefined, limit);
    // It was stopped behind the answer, so that nothing of what follows was lost.
    line.resume();
    return await starting;
  } catch (error) {
    streams.close();
    // What broke on the way is no verdict on the agent.
    if (line.errored instanceof UnreachableError) throw line.errored;
    throw new Declined(`the session that ${agent} opened did not begin: ${messageOf(error)}`);
  }
}

/** The name of the pod with the agent of a node. */
async function findAgent(context: NodeContext, node: string): Promise<string> {
  const { kube, signal } = context;
  const where = { labelSelector: selectorOf(agentSelector), fieldSelector: `spec.nodeName=${node}` };
  const need = { verb: 'list', resource: pods, namespace: agentNamespace };
  const listed = kube.list(pods, { namespace: agentNamespace, ...where, signal });
  const { items } = await unlessDeclined(context, need, listed);
  const running = items.find(isReady);
  if (running !== undefined) return running.metadata.name;
  if (items.length > 0) throw new Declined(`the agent of node ${node} is not ready`);
  throw new Declined(`node ${node} has no agent: an administrator makes them by \`init --node-agent\``);
}

const isReady = (pod: Pod): boolean => pod.metadata.deletionTimestamp === undefined && isMet(pod, 'Ready');

/** A token that only the agent of this node takes. */
async function requestToken(context: NodeContext, node: string): Promise<string> {
  const { kube, target, signal } = context;
  const of = { namespace: target.namespace, name: clientAccount };
  const subresource = 'token';
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: of,
    spec: { audiences: [audienceOf(node)], expirationSeconds: tokenLifetime },
  };
  const need = { verb: 'create', resource: serviceAccounts, subresource, ...of };
  try {
    const asked = kube.create(serviceAccounts, body, { subresource, signal });
    const { status } = await unlessDeclined(context, need, asked);
    return asText(asObject(status, 'a status').token, 'a token');
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const { namespace } = of;
    throw new Declined(
      `agents are not for namespace ${namespace} yet: an administrator lets them by \`init --node-agent -n ${namespace}\``,
    );
  }
}

type Opened = SessionAnswer & { readonly opened: true };

interface OpenedLine {
  /** It was stopped behind the answer. */
  readonly line: Duplex;
  readonly answer: Opened;
}

/** A line to the agent, with a session. @param life ends the line. */
async function openLine(
  context: NodeContext,
  agent: string,
  request: SessionRequest,
  life: AbortSignal,
): Promise<OpenedLine> {
  const place = { namespace: agentNamespace };
  const need = { verb: 'create', resource: pods, subresource: 'portforward', ...place };
  const opened = portForward(context.kube, { ...place, pod: agent, port: agentPort, signal: life });
  const line = await unlessDeclined(context, need, opened);
  line.write(requestLine(request));
  return await answered(agent, line, context.signal, async (limit) => {
    const answer = requireOpened(agent, await readLine(line, limit));
    return { line, answer };
  });
}

/** One more session on a line. */
async function openFurther(
  shared: SharedLine,
  agent: string,
  request: SessionRequest,
  signal: AbortSignal,
): Promise<Duplex> {
  const session = shared.open(requestLine(request));
  return await answered(agent, session, signal, async (limit) => {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const giveUp = () => reject(limit.reason);
    limit.addEventListener('abort', giveUp, { once: true });
    try {
      requireOpened(agent, await Promise.race([session.answer, late]));
      return session;
    } finally {
      limit.removeEventListener('abort', giveUp);
    }
  });
}

/** @throws {Declined} the agent refuses */
function requireOpened(agent: string, words: string): Opened {
  const answer = parseAnswer(words);
  if (answer.opened) return answer;
  throw new Declined(`${agent} refuses (${answer.reason}): ${answer.message}`);
}

/** Waits for an agent's answer on a stream; what is not answered, or refused, ends it. */
async function answered<T>(
  agent: string,
  stream: Duplex,
  signal: AbortSignal,
  read: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await read(AbortSignal.any([signal, AbortSignal.timeout(answerLimit)]));
  } catch (error) {
    stream.destroy();
    signal.throwIfAborted();
    if (error instanceof Declined) throw error;
    if (stream.errored instanceof UnreachableError) throw stream.errored;
    const why = stream.errored instanceof X8sError ? stream.errored : error;
    throw new Declined(`${agent} does not answer: ${messageOf(why)}`);
  }
}
