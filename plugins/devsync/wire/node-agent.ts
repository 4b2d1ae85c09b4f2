/**
 * What a workstation and the agent of a node say to each other before a session: one line of JSON each way. After the
 * answer the stream belongs to the session, as one to any agent does.
 */
import { asObject, asText, asWords, ProtocolError } from './check.ts';

/** Where the agents are: a namespace of their own, in every cluster the same. */
export const agentNamespace = 'x8s-devsync';
/** The DaemonSet, its ServiceAccount, and what that may do. */
export const agentName = 'devsync-node-agent';
/** The ServiceAccount, in a namespace with pods to sync, whose tokens are shown to agents. */
export const clientAccount = 'devsync-node-agent-client';
/** On the loopback of the agent's pod: nothing leads there but a port-forward. */
export const agentPort = 8470;
/** Selects the agents' pods. */
export const agentSelector = { 'app.kubernetes.io/name': agentName } as const;

/** Who a token is for: the agent of one node, so that it cannot be shown to another one. */
export const audienceOf = (node: string): string => `devsync-node-agent.x8s.dev/${node}`;

/** Raised when an older end would misunderstand a newer one. */
const version = 1;
/** Bytes that a line may have. */
export const longestLine = 16_384;

/** Which container is meant, and who asks. */
export interface SessionRequest {
  /** Of `clientAccount`, for this agent. Secret. */
  readonly token: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** As the workstation knows it: `containerd://…`. One that has been started again has another one. */
  readonly containerId: string;
}

/** Why an agent opens no session. The last one is the agent's own fault, or its cluster's. */
export const refusalReasons = [
  'BadRequest',
  'Unauthenticated',
  'Forbidden',
  'NotFound',
  'Busy',
  'Failed',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** An agent's answer. */
export type SessionAnswer =
  | { readonly opened: true }
  | { readonly opened: false; readonly reason: RefusalReason; readonly message: string };

/** As one line. */
export const requestLine = (request: SessionRequest): string =>
  `${JSON.stringify({ version, ...request })}\n`;
/** As one line. */
export const answerLine = (answer: SessionAnswer): string => `${JSON.stringify({ version, ...answer })}\n`;

/** @throws {ProtocolError} it is no request, or one of another version */
export function parseRequest(line: string): SessionRequest {
  const given = parse(line);
  return {
    token: asText(given.token, 'a token'),
    namespace: asText(given.namespace, 'a namespace'),
    pod: asText(given.pod, 'a pod'),
    container: asText(given.container, 'a container'),
    containerId: asText(given.containerId, 'an id'),
  };
}

/** @throws {ProtocolError} it is no answer, or one of another version */
export function parseAnswer(line: string): SessionAnswer {
  const { opened, reason, message } = parse(line);
  if (opened === true) return { opened };
  const known = refusalReasons.find((one) => one === reason) ?? 'Failed';
  return { opened: false, reason: known, message: asWords(message, 'a message') };
}

function parse(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // What stands there may hold a token.
    throw new ProtocolError('the other end sent a line that is no JSON');
  }
  const given = asObject(value, 'a line');
  if (given.version !== version)
    throw new ProtocolError(
      `the other end asks for sessions in version ${JSON.stringify(given.version)?.slice(0, 20)}, this one in version ${version}`,
    );
  return given;
}
