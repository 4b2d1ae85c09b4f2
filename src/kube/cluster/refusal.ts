/**
 * Writes that a server understood and declined, and what declined them. A 403 of a quota, of a limit range, of Pod
 * Security and of a missing right have one code and one reason and differ in their sentences only, so what it was is
 * asked of the server instead of read from its words.
 */
import { RefusedError, X8sError } from '../../errors.ts';
import { ApiError } from '../api/api-error.ts';
import type { CallOptions, KubeClient } from '../api/client.ts';
import { limitRanges, type Resource, resourceQuotas } from '../api/resources.ts';
import { missingPermissions, type Permission } from './access.ts';

/**
 * Codes by which admission says no: 403 (quota, limit range, Pod Security, most webhooks), 422 (the default of a
 * ValidatingAdmissionPolicy; also a field that is not valid), 400 (webhooks that name no code), 413 (policies may).
 */
const codes = [400, 403, 413, 422];

/** The server's answer where it declined a write: the error itself, or the cause of a {@link RefusedError}. */
export function refusalIn(error: unknown): ApiError | undefined {
  const answer = error instanceof RefusedError ? error.cause : error;
  return answer instanceof ApiError && codes.includes(answer.code) ? answer : undefined;
}

/** Awaits a write; where it is declined, rejects with what {@link explainRefusal} makes of that. */
export async function unlessRefused<T>(
  kube: KubeClient,
  need: Permission,
  attempt: Promise<T>,
  options: CallOptions = {},
): Promise<T> {
  try {
    return await attempt;
  } catch (error) {
    const answer = refusalIn(error);
    throw answer ? await explainRefusal(kube, need, answer, options) : error;
  }
}

/**
 * The error to show for a declined write: the answer itself where its user lacks the right (exit 4), else a
 * RefusedError with the server's own words (exit 3) and with where to look for what stands against it.
 *
 * @param need the right that the write takes; it is asked for.
 */
export async function explainRefusal(
  kube: KubeClient,
  need: Permission,
  answer: ApiError,
  options: CallOptions = {},
): Promise<ApiError | RefusedError> {
  if (answer.code === 403 && (await lacks(kube, need, options))) return answer;
  const { namespace = '' } = need;
  const hint = await limitsHint(kube, namespace, options);
  return new RefusedError(answer.message, { details: answer.details, hint, cause: answer });
}

async function lacks(kube: KubeClient, need: Permission, options: CallOptions): Promise<boolean> {
  try {
    return (await missingPermissions(kube, [need], options)).length > 0;
  } catch {
    options.signal?.throwIfAborted();
    return true;
  }
}

/** Where a person finds what stands against a write: the limits of the namespace, where it has some. */
export async function limitsHint(
  kube: KubeClient,
  namespace: string,
  options: CallOptions = {},
): Promise<string> {
  const { context } = kube.cluster;
  const [quotas, ranges] = await Promise.all([
    has(kube, resourceQuotas, namespace, options),
    has(kube, limitRanges, namespace, options),
  ]);
  const kinds = [...(quotas ? ['resourcequota'] : []), ...(ranges ? ['limitrange'] : [])];
  if (kinds.length > 0)
    return `limits are set in that namespace: kubectl --context ${context} -n ${namespace} describe ${kinds.join(',')}`;
  const set =
    quotas === undefined || ranges === undefined ? '' : 'no quota and no limit range is set there: ';
  return `${set}an admission policy or webhook of ${context} may be against it; its administrators know them`;
}

/** Undefined where it may not be asked. */
async function has(
  kube: KubeClient,
  resource: Resource,
  namespace: string,
  options: CallOptions,
): Promise<boolean | undefined> {
  try {
    const { items } = await kube.list(resource, { ...options, namespace, metadataOnly: true });
    return items.length > 0;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof X8sError) return undefined;
    throw error;
  }
}
