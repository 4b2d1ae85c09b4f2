/**
 * What a workstation and the agent of a node say to each other before a session: one line of JSON each way. After the
 * answer the stream belongs to the session, as one to any agent does.
 */
import { asCount, asObject, asText, asWords, ProtocolError } from './check.ts';

/** The namespace of the agents, which is the same in every cluster. */
export const agentNamespace = 'x8s-devsync';
/** The name of the DaemonSet, of its ServiceAccount, and of the roles of that. */
export const agentName = 'devsync-node-agent';
/** The ServiceAccount in a namespace with pods to sync. A workstation shows one of its tokens to an agent. */
export const clientAccount = 'devsync-node-agent-client';
/** The port on the loopback of the agent's pod, which only a port-forward reaches. */
export const agentPort = 8470;
/** Selects the agents' pods. */
export const agentSelector = { 'app.kubernetes.io/name': agentName } as const;

/** The audience of a token: the agent of one node, so that this agent cannot use it at another one. */
export const audienceOf = (node: string): string => `devsync-node-agent.x8s.dev/${node}`;

/** It is raised when an older end would misunderstand a newer one. */
const version = 1;
/** Bytes of the longest line. */
export const longestLine = 16_384;

/** Which container a session is for, and who asks for it. */
export interface SessionRequest {
  /** A token of `clientAccount` for this agent. It is secret. */
  readonly token: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The id as the workstation knows it, such as `containerd://…`. A container that was started again has a new one. */
  readonly containerId: string;
  /** The line is to carry several sessions, of which this is the first (shared-line.ts). */
  readonly shared?: boolean;
  /**
   * Instead of a session: the program of the container's next start is held back for so many seconds (startup-gate.ts).
   * An older agent opens a session.
   */
  readonly gate?: number | undefined;
}

/** Seconds for which a program may be held back. */
export const longestGate = 60;

/** Why an agent opens no session. `Failed` is a failure of the agent or of its cluster. */
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
  | {
      readonly opened: true;
      /** The line is one that carries several sessions from now on: it was asked for, and the agent knows how. */
      readonly shared?: boolean;
      /** It is a gate: that was asked for, and the agent knows how. */
      readonly gate?: boolean;
    }
  | { readonly opened: false; readonly reason: RefusalReason; readonly message: string };

/** A request as one line. */
export const requestLine = (request: SessionRequest): string =>
  `${JSON.stringify({ version, ...request })}\n`;
/** An answer as one line. */
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
    shared: given.shared === true,
    gate: asGate(given.gate),
  };
}

function asGate(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const seconds = asCount(value, 'seconds');
  if (seconds >= 1 && seconds <= longestGate) return seconds;
  throw new ProtocolError(`a program is held back for 1 to ${longestGate} seconds`);
}

/** @throws {ProtocolError} it is no answer, or one of another version */
export function parseAnswer(line: string): SessionAnswer {
  const { opened, shared, gate, reason, message } = parse(line);
  if (opened === true) return { opened, shared: shared === true, gate: gate === true };
  const known = refusalReasons.find((one) => one === reason) ?? 'Failed';
  return { opened: false, reason: known, message: asWords(message, 'a message') };
}

function parse(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // The line is not quoted, because it may hold a token.
    throw new ProtocolError('the other end sent a line that is no JSON');
  }
  const given = asObject(value, 'a line');
  if (given.version !== version)
    throw new ProtocolError(
      `the other end asks for sessions in version ${JSON.stringify(given.version)?.slice(0, 20)}, this one in version ${version}`,
    );
  return given;
}
