/** What a rejected write means: for the work at hand, and in a few words for whoever reads of it. */
import { messageOf, UnreachableError, X8sError } from '../../../src/errors.ts';
import { ApiError, isNotFound } from '../../../src/kube/api/api-error.ts';
import { missingRole } from '../../../src/kube/cluster/role-binding.ts';
import type { NotTaken } from '../decide/field-drift.ts';
import type { Failure, FailureClass } from '../jobs/retry.ts';

/** A failure that the engine itself found. */
export class WorkFailure extends X8sError {
  override readonly name = 'WorkFailure';
  readonly class: FailureClass;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;

  constructor({ class: kind, reason, message, retryAfterMs }: Failure) {
    super(message);
    this.class = kind;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Sorts whatever a piece of work was rejected with. */
export function failureOf(error: unknown): Failure {
  const message = [messageOf(error), ...(error instanceof X8sError ? error.details : [])].join('; ');
  if (error instanceof WorkFailure)
    return { ...error, class: error.class, reason: error.reason, message, retryAfterMs: error.retryAfterMs };
  if (error instanceof UnreachableError) return { class: 'later', reason: 'unreachable', message };
  if (error instanceof ApiError) return { ...ofStatus(error), message, retryAfterMs: askedToWait(error) };
  return { class: 'object', reason: 'error', message };
}

/** What to say of a failure: API servers quote the value that they refuse, and a Secret's is nobody's business. */
export const messageAbout = (kind: string, { message }: Pick<Failure, 'message'>): string =>
  kind === 'Secret' ? message.replaceAll(/(value: )"(?:\\.|[^"\\])*"/gi, '$1"…"') : message;

/** A read from the primary: that it does not answer says nothing about the replica. */
export async function fromPrimary<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!isAway(error)) throw error;
    throw new WorkFailure({ class: 'later', reason: 'primary-unreachable', message: messageOf(error) });
  }
}

/** Whether the cluster did not answer at all: then nothing else needs to be tried there for a moment. */
export const isAway = (error: unknown): boolean => error instanceof UnreachableError;

/**
 * By code, reason and causes alone. A quota, a webhook, a policy and a missing right all answer 403 and differ in their
 * sentences only: they have one reason here, and the message is the server's own.
 */
function ofStatus(error: ApiError): Omit<Failure, 'message'> {
  const { code } = error;
  if (isNamespaceMissing(error)) return { class: 'later', reason: 'namespace-missing' };
  if (isTerminating(error)) return { class: 'later', reason: 'namespace-terminating' };
  if (missingRole(error) !== undefined) return { class: 'later', reason: 'role-missing' };
  if (code === 404) return { class: 'later', reason: 'kind-missing' };
  if (isUnreasoned(error)) return { class: 'object', reason: 'webhook' };
  if (code === 401 || code === 403) return { class: 'later', reason: 'forbidden' };
  if (code === 409) return { class: isOwnershipConflict(error) ? 'decision' : 'later', reason: 'conflict' };
  if (code === 413) return { class: 'object', reason: 'too-large' };
  if (code === 422 || code === 400) return { class: 'object', reason: 'invalid' };
  return { class: 'later', reason: code === 429 ? 'busy' : `http-${code}` };
}

/** API servers give a reason with each refusal of their own; webhooks need not, and mostly don't. */
const isUnreasoned = ({ code, reason, status }: ApiError): boolean =>
  status !== undefined && reason === '' && code >= 400 && code < 500;

function askedToWait({ status }: ApiError): number | undefined {
  const seconds = status?.details?.retryAfterSeconds;
  return seconds === undefined ? undefined : seconds * 1000;
}

/** An apply answers 404 both for a missing namespace and for a missing kind. */
export const isNamespaceMissing = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 404 && error.status?.details?.kind === 'namespaces';

/** A terminating namespace answers 403 too, though no right is missing. */
const isTerminating = ({ code, status }: ApiError): boolean =>
  code === 403 && !!status?.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating');

/** What a cluster has of a kind that it does not serve: nothing. To be used as a handler of rejections. */
export function undefinedIfNotServed(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}

/** Causes of a server-side apply's conflict: the fields, and who owns them. */
export function conflictCauses(error: unknown): { field: string; manager: string; byApply: boolean }[] {
  if (!(error instanceof ApiError) || error.code !== 409) return [];
  return (error.status?.details?.causes ?? [])
    .filter(({ reason }) => reason === 'FieldManagerConflict')
    .map(({ field = '', message = '' }) => ({
      field,
      manager: /conflict with "([^"]*)"/.exec(message)?.[1] ?? '',
      // The server names the version ("using v1") of managers that wrote, and of none that applied.
      byApply: !/ using /.test(message),
    }));
}

const isOwnershipConflict = (error: ApiError): boolean => conflictCauses(error).length > 0;

/**
 * Whether an object is not the one any more whose uid a write named: another one took its place, or none. A write that
 * names a uid and no version conflicts for that reason only.
 */
export function isReplaced(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  if (error.code === 409) return error.reason === 'Conflict' && !isOwnershipConflict(error);
  return error.code === 422 && !!error.status?.details?.causes?.some(({ field }) => field === 'metadata.uid');
}

/** Whether the API server refuses an object as it is: as a change, or altogether. */
export const isRefused = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.code === 422 && !isReplaced(error);

/** The fields that a server refuses, as it names them. */
export const refusedFields = (error: ApiError): string[] => [
  ...new Set((error.status?.details?.causes ?? []).flatMap(({ field }) => (field ? [field] : []))),
];

/** A change is refused that would be taken in a new object. */
export function immutable(about: string, error: ApiError): WorkFailure {
  const fields = refusedFields(error);
  const what = fields.length === 0 ? 'it' : fields.join(', ');
  return new WorkFailure({
    class: 'decision',
    reason: 'immutable',
    message: `${about}: ${what} can't be changed on the replica, only made anew (--on-immutable): ${messageOf(error)}`,
  });
}

/** What it means that a server did not take all of a write; undefined where it did. */
export function notAllTaken(about: string, { lost, kept }: NotTaken): WorkFailure | undefined {
  if (lost.length > 0) return notTaken(about, lost);
  return kept.length > 0 ? keptAsItWas(about, kept) : undefined;
}

/** The server took a change, and kept something as it was. */
const keptAsItWas = (about: string, fields: readonly string[]): WorkFailure =>
  new WorkFailure({
    class: 'decision',
    reason: 'immutable',
    message: `${about}: the replica did not take ${fields.join(', ')}, as it would in a new object (--on-immutable)`,
  });

/** The server drops fields, from a new object too: deleting the copy is no help. */
export const notTaken = (about: string, fields: readonly string[]): WorkFailure =>
  new WorkFailure({
    class: 'lasting',
    reason: 'not-taken',
    message: `${about}: the replica does not take ${fields.join(', ')}: its definition of the kind has no such field, or something there removes it`,
  });
