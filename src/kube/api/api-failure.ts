/** From a failed answer of the API server to an ApiError that a person understands. */
import { ApiError } from './api-error.ts';
import type { ClusterInfo } from './client.ts';
import type { Status } from './objects.ts';

/** What a request was about, for messages. */
export interface Subject {
  /** As RBAC names it: `get`, `list`, `create`, `apply`, …; or the HTTP method. */
  readonly verb: string;
  /** `configmaps "x" in namespace "y"`, or the path. */
  readonly what: string;
}

/** The body of a failed answer as a Status, or undefined where it is something else (a proxy's page, plain text). */
export function statusOf(text: string): Status | undefined {
  try {
    const body = JSON.parse(text);
    return body?.kind === 'Status' ? (body as Status) : undefined;
  } catch {
    return undefined;
  }
}

/** The error that a failed answer stands for. */
export function apiFailure(cluster: ClusterInfo, subject: Subject, code: number, body: string): ApiError {
  const status = statusOf(body);
  const say = (text: string, hint?: string, details: readonly string[] = []) =>
    new ApiError(code, status, `${cluster.context}: ${text}`, { hint, details });
  if (code === 401) return say(...unauthorized(cluster));
  const denied = code === 403 ? rbacDenial(status?.message) : undefined;
  if (denied) return say(...forbidden(cluster, subject, denied, status?.message ?? ''));
  if (code >= 300 && code < 400)
    return say(
      `${subject.what}: HTTP ${code}, a redirect`,
      `does ${cluster.server} point to an API server? A login page answers so`,
    );
  return say(`${subject.what}: ${reasonText(subject, code, status, body)}`, undefined, causes(status));
}

function unauthorized({ context, user }: ClusterInfo): [string, string] {
  return [
    `not logged in: the API server rejects the credentials of ${user}`,
    `log in again, then try: kubectl --context ${context} auth whoami`,
  ];
}

/**
 * The user and the right in `User "x" cannot create resource "y" in API group "z" in the namespace "n"`, for the message
 * alone: a 403 of RBAC and one of admission have one code and one reason (refusal.ts asks which it was), and nothing but
 * this sentence names the user who is impersonated.
 */
function rbacDenial(message = ''): { user: string; may: string } | undefined {
  const found = /User "([^"]*)" cannot (\S+) (?:resource|path) (.*)$/s.exec(message);
  if (!found) return undefined;
  const [, user = '', verb = '', rest = ''] = found;
  const [, plural, subresource = '', group] = /^"([^"/]*)(\/[^"]*)?" in API group "([^"]*)"/.exec(rest) ?? [];
  const name = plural ? [plural, group].filter(Boolean).join('.') + subresource : rest.split(' ')[0];
  return { user, may: `${verb} ${name}` };
}

function forbidden(
  { context }: ClusterInfo,
  { what }: Subject,
  { user, may }: { user: string; may: string },
  message: string,
): [string, string, string[]] {
  const namespace = /in the namespace "([^"]*)"/.exec(message)?.[1];
  const scope = namespace === undefined ? '' : ` -n ${namespace}`;
  return [
    `${what}: not allowed: user ${JSON.stringify(user)} may not ${may}${namespace === undefined ? '' : ` in namespace ${JSON.stringify(namespace)}`}`,
    `ask for this right; to check: kubectl --context ${context}${scope} auth can-i ${may.replace(/\//, ' --subresource=')}`,
    [message],
  ];
}

function reasonText({ verb, what }: Subject, code: number, status: Status | undefined, body: string): string {
  if (!status) {
    if (code === 404) return 'the server does not know this resource';
    return `HTTP ${code}${body.trim() === '' ? '' : `: ${firstLine(body)}`}`;
  }
  const message = status.message ?? status.reason ?? `HTTP ${code}`;
  if (isOutdatedWrite(verb, what, status)) return 'it was changed by someone else meanwhile';
  const rest = /^(\S+ ("[^"]*"))(?::| is)? (.*)$/s.exec(message);
  if (rest && isAbout(what, code, rest[1] ?? '', rest[2] ?? '')) return rest[3] ?? message;
  return code === 404 ? `cannot ${verb} it: ${message}` : message;
}

/**
 * Whether a write was made from an older version of its object. Conflicts of field managers name their causes, a quota
 * names itself, and a delete conflicts with its preconditions, or with a namespace that is on its way out.
 */
function isOutdatedWrite(verb: string, what: string, { reason, details = {} }: Status): boolean {
  const { causes = [], kind = '' } = details;
  return reason === 'Conflict' && verb !== 'delete' && causes.length === 0 && what.startsWith(kind);
}

/** Whether a message that begins so is about the request's own object, and not about its namespace or owner. */
function isAbout(what: string, code: number, subject: string, quotedName: string): boolean {
  // Other failures name the kind where this names the resource: `ConfigMap "x"` for `configmaps "x"`.
  return code === 404 ? what.startsWith(subject) : /^\S+ ("[^"]*")/.exec(what)?.[1] === quotedName;
}

/** What the message does not say already. */
function causes(status: Status | undefined): string[] {
  const { message: said = '', details } = status ?? {};
  return (details?.causes ?? [])
    .filter(({ message = '' }) => !said.includes(message))
    .map(({ field, message }) => [field, message].filter(Boolean).join(': '));
}

function firstLine(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? '';
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
