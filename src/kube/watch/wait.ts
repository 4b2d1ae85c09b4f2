/** Waiting for what an object becomes, by watching it: never by asking again and again. */
import { limited } from '../../async/until.ts';
import { type Clock, systemClock } from '../../clock.ts';
import { TimeoutError } from '../../errors.ts';
import type { KubeClient, ObjectRef } from '../api/client.ts';
import type { Condition, KubeObject } from '../api/objects.ts';
import { objectName, type Resource } from '../api/resources.ts';
import { listWatch } from './watch.ts';

export interface WaitOptions<T extends KubeObject = KubeObject> {
  /** Milliseconds; 0 means as long as it takes. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
  /** What is awaited, with the object and the cluster, as in `timed out after 30 s waiting for …`. */
  readonly what?: string | undefined;
  /** The object's state in one line, for the error after the limit; phase and conditions where absent. */
  readonly describe?: ((object: T | undefined) => string) | undefined;
}

/**
 * The first value other than undefined that `check` returns for the object as it is now or becomes. `check` is
 * given undefined while there is no such object, and may throw to end the wait.
 * @throws {TimeoutError} says what was awaited, for how long, and the last state
 * @throws {ApiError} the object may not be listed or watched
 */
export async function waitFor<T extends KubeObject, R>(
  kube: KubeClient,
  resource: Resource<T>,
  ref: ObjectRef,
  check: (object: T | undefined) => R | undefined,
  options: WaitOptions<T>,
): Promise<R> {
  const { timeoutMs, signal, clock = systemClock } = options;
  signal?.throwIfAborted();
  const over = new AbortController();
  const seen: Seen<T> = { object: undefined, trouble: 'it was not read yet' };
  const look = (object: T | undefined) => {
    Object.assign(seen, { object, trouble: undefined });
    const found = check(object);
    if (found !== undefined) throw new Found(found);
  };
  const handler = {
    replaced: ([object]: T[]) => look(object),
    event: (type: string, object: T) => look(type === 'DELETED' ? undefined : object),
    disconnected: (error: Error) => {
      seen.trouble = error.message;
    },
  };
  const scope = { namespace: ref.namespace, fieldSelector: `metadata.name=${ref.name}`, clock };
  const watching = listWatch(kube, resource, scope, handler, over.signal);
  const late = () => timedOut(kube, resource, ref, options, seen);
  try {
    return await limited(watching, timeoutMs, late, clock, signal);
  } catch (error) {
    if (error instanceof Found) return error.value as R;
    throw error;
  } finally {
    over.abort();
  }
}

/**
 * Resolves when the object is gone: absent, or replaced by another of its name where `uid` is given.
 * @throws {TimeoutError} says which finalizers still hold it
 */
export async function waitGone<T extends KubeObject>(
  kube: KubeClient,
  resource: Resource<T>,
  ref: ObjectRef,
  options: WaitOptions<T> & { readonly uid?: string | undefined },
): Promise<void> {
  const { uid, what = `${nameIn(kube, resource, ref)} to go`, describe = describeLeaving } = options;
  const isGone = (object: T | undefined) => !object || (uid !== undefined && object.metadata.uid !== uid);
  await waitFor(kube, resource, ref, (object) => isGone(object) || undefined, { ...options, what, describe });
}

/** How a check ends its watch: thrown through it. */
class Found<R> {
  readonly value: R;
  constructor(value: R) {
    this.value = value;
  }
}

interface Seen<T> {
  object: T | undefined;
  /** Why the object's state is not known; undefined while it is. */
  trouble: string | undefined;
}

function timedOut<T extends KubeObject>(
  kube: KubeClient,
  resource: Resource<T>,
  ref: ObjectRef,
  { timeoutMs, what = nameIn(kube, resource, ref), describe = describeState }: WaitOptions<T>,
  { object, trouble }: Seen<T>,
): TimeoutError {
  const details = [...(trouble === undefined ? [] : [trouble]), `last seen: ${describe(object)}`];
  return new TimeoutError(`timed out after ${timeoutMs / 1000} s waiting for ${what}`, { details });
}

function nameIn({ cluster }: KubeClient, resource: Resource, ref: ObjectRef): string {
  return `${objectName(resource, ref)} of ${cluster.context}`;
}

const absent = 'it does not exist';

/** Phase, and the conditions that are not met. */
function describeState(object: KubeObject | undefined): string {
  if (!object) return absent;
  const { phase, conditions = [] } = (object.status ?? {}) as { phase?: string; conditions?: Condition[] };
  const unmet = conditions.filter(({ status }) => status !== 'True');
  const parts = [
    ...(object.metadata.deletionTimestamp ? ['being deleted'] : []),
    ...(phase ? [`phase ${phase}`] : []),
    ...unmet.map(({ type, status, reason, message }) => {
      const why = [reason, message].filter(Boolean).join(', ');
      return `${type}=${status}${why ? ` (${why})` : ''}`;
    }),
  ];
  return parts.join('; ') || 'it exists';
}

function describeLeaving(object: KubeObject | undefined): string {
  if (!object) return absent;
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  if (!deletionTimestamp) return 'it exists, and no one has deleted it';
  const holders = finalizers.length === 0 ? 'its pods or its node' : `finalizers ${finalizers.join(', ')}`;
  return `being deleted since ${deletionTimestamp}, held by ${holders}`;
}
