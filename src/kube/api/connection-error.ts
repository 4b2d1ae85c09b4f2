/** No answer: what the network says, in words. */
import { type ErrorDetails, messageOf, UnreachableError } from '../../errors.ts';
import type { ClusterInfo } from './client.ts';

/** The cluster did not answer. Says whether the same request may be sent again. */
export class ConnectionError extends UnreachableError {
  /** The request may have reached the server: only an idempotent one may be sent again. */
  readonly maybeSent: boolean;
  /** May pass by itself: a restart, a lost connection. A refused certificate does not. */
  readonly transient: boolean;

  constructor(message: string, kind: { maybeSent: boolean; transient: boolean }, details: ErrorDetails) {
    super(message, details);
    this.maybeSent = kind.maybeSent;
    this.transient = kind.transient;
  }
}

interface Explanation {
  readonly why: string;
  readonly hint: (cluster: ClusterInfo) => string;
  readonly maybeSent?: boolean;
  readonly permanent?: boolean;
}

const isItUp = ({ context }: ClusterInfo) => `is the cluster up? try: kubectl --context ${context} version`;
const isNameRight = () => 'is the name right, and is the VPN or network that knows it up?';
const isRouteUp = () => 'is the network, VPN or proxy on the way up?';
const checkCa = ({ context }: ClusterInfo) =>
  `check certificate-authority(-data) of the cluster behind context ${context} in the kubeconfig`;
const isClockRight = () =>
  "is the clock of this machine right? `date` shows it; if it is, the cluster's API server needs another certificate";
const checkServerName = () =>
  'the server URL in the kubeconfig and the certificate differ; tls-server-name can name the right one';
const logInAgain = () => 'the client certificate may have expired: get a new kubeconfig, or log in again';
const checkUrl = () => 'does the server URL in the kubeconfig begin with the right http:// or https://?';

const refused: Explanation = { why: 'connection refused', hint: isItUp };
const unknownHost: Explanation = { why: 'its host name is unknown', hint: isNameRight };
const noRoute: Explanation = { why: 'no route to it', hint: isRouteUp };
const noConnection: Explanation = { why: 'no connection in time', hint: isRouteUp };
const lost: Explanation = { why: 'the connection was lost', hint: isItUp, maybeSent: true };
const closed: Explanation = { why: 'this client was closed', hint: isItUp, maybeSent: true, permanent: true };
const untrusted: Explanation = { why: 'its certificate is not trusted', hint: checkCa, permanent: true };
const expired: Explanation = { why: 'its certificate has expired', hint: isClockRight, permanent: true };
const notYetValid: Explanation = {
  why: 'its certificate is not valid yet',
  hint: isClockRight,
  permanent: true,
};
const otherName: Explanation = {
  why: 'its certificate is for another name',
  hint: checkServerName,
  permanent: true,
};
const clientRejected: Explanation = {
  why: 'it rejected the client certificate',
  hint: logInAgain,
  permanent: true,
};
const notTls: Explanation = { why: 'it does not speak TLS', hint: checkUrl, permanent: true };

const explanations: Readonly<Record<string, Explanation>> = {
  ECONNREFUSED: refused,
  ENOTFOUND: unknownHost,
  EAI_AGAIN: unknownHost,
  EHOSTUNREACH: noRoute,
  ENETUNREACH: noRoute,
  ENETDOWN: noRoute,
  ETIMEDOUT: noConnection,
  UND_ERR_CONNECT_TIMEOUT: noConnection,
  // Of a proxy: requests themselves have deadlines of ours.
  UND_ERR_HEADERS_TIMEOUT: { why: 'the proxy did not answer in time', hint: isRouteUp },
  UND_ERR_PRX_CONN: { why: 'the proxy refused the connection', hint: isRouteUp },
  UND_ERR_PRX_TLS: { why: 'no TLS with the proxy', hint: isRouteUp, permanent: true },
  ECONNRESET: lost,
  EPIPE: lost,
  UND_ERR_SOCKET: lost,
  UND_ERR_BODY_TIMEOUT: { why: 'it stopped in the middle of its answer', hint: isRouteUp, maybeSent: true },
  UND_ERR_DESTROYED: closed,
  UND_ERR_CLOSED: closed,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_SIGNATURE_FAILURE: untrusted,
  CERT_HAS_EXPIRED: expired,
  CERT_NOT_YET_VALID: notYetValid,
  ERR_TLS_CERT_ALTNAME_INVALID: otherName,
  ERR_SSL_WRONG_VERSION_NUMBER: notTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: notTls,
};

/** The first known code in an error, its causes and its aggregated errors. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  const inner = [...(Array.isArray(errors) ? errors : []), cause].map(codeOf).find((found) => found);
  return inner ?? (typeof code === 'string' ? code : undefined);
}

function explain(error: unknown): Explanation {
  const code = codeOf(error) ?? '';
  if (/^ERR_SSL_.*(CERTIFICATE|UNKNOWN_CA)/.test(code)) return clientRejected;
  // A lookup of our own said why, and will say so again.
  if (code === 'ERR_ADDRESS_REFUSED') return { why: messageOf(error), hint: checkUrl, permanent: true };
  return explanations[code] ?? { why: messageOf(error), hint: isItUp, maybeSent: true };
}

/** Why a server other than an API server gave no answer, in a few words. */
export function whyNoAnswer(error: unknown): string {
  return explain(error).why;
}

/** What a failed connection or a broken answer means; `error` as node, undici or ws threw it. */
export function connectionError(cluster: ClusterInfo, error: unknown): ConnectionError {
  const { why, hint, maybeSent = false, permanent = false } = explain(error);
  return new ConnectionError(
    `${cluster.context}: no answer from ${cluster.server}: ${why}`,
    { maybeSent, transient: !permanent },
    { hint: hint(cluster), cause: error },
  );
}

/** The time limit of a request passed without an answer: the one that a person chose, or one that the request has itself. */
export function noAnswer(cluster: ClusterInfo, limitMs: number, isChosen: boolean): ConnectionError {
  return new ConnectionError(
    `${cluster.context}: no answer from ${cluster.server} within ${limitMs / 1000} s`,
    { maybeSent: true, transient: true },
    { hint: isChosen ? `${isRouteUp()} --request-timeout gives it longer` : isRouteUp() },
  );
}
