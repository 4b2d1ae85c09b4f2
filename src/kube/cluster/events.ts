/** What the cluster itself says of an object: its events, in one line each. */
import type { CallOptions, KubeClient } from '../api/client.ts';
import type { Event } from '../api/objects.ts';
import { events } from '../api/resources.ts';

/** Whose events: at least its uid or its name. */
export interface EventSubject {
  /** The object's namespace; events of cluster-scoped objects are in `default`. */
  readonly namespace: string;
  readonly uid?: string | undefined;
  readonly name?: string | undefined;
  readonly kind?: string | undefined;
}

/**
 * The last `limit` events of an object, the newest last: `Warning FailedScheduling: 0/2 nodes are …`.
 * @throws {ApiError} events may not be read
 */
export async function eventsOf(
  kube: KubeClient,
  subject: EventSubject,
  limit: number,
  options: CallOptions = {},
): Promise<string[]> {
  return (await lastEventsOf(kube, subject, limit, options)).map(describeEvent);
}

/** As {@link eventsOf}, with all that there is in them. */
export async function lastEventsOf(
  kube: KubeClient,
  { namespace, uid, name, kind }: EventSubject,
  limit: number,
  options: CallOptions = {},
): Promise<Event[]> {
  const fields = { 'involvedObject.uid': uid, 'involvedObject.name': name, 'involvedObject.kind': kind };
  const fieldSelector = Object.entries(fields)
    .filter(([, value]) => value)
    .map(([field, value]) => `${field}=${value}`)
    .join(',');
  const { items } = await kube.list(events, { ...options, namespace, fieldSelector });
  return items.sort((a, b) => timeOf(a) - timeOf(b)).slice(-limit);
}

/**
 * The last `limit` warnings about any of these objects, the newest last. One text counts once, whichever of them it is
 * about.
 *
 * @param uids of objects in this namespace; they may be gone by now.
 * @throws {ApiError} events may not be read
 */
export async function warningsAbout(
  kube: KubeClient,
  { namespace, uids }: { readonly namespace: string; readonly uids: ReadonlySet<string> },
  limit: number,
  options: CallOptions = {},
): Promise<Event[]> {
  const { items } = await kube.list(events, { ...options, namespace, fieldSelector: 'type=Warning' });
  const own = items
    .filter(({ involvedObject }) => uids.has(involvedObject?.uid ?? ''))
    .sort((a, b) => timeOf(a) - timeOf(b));
  return [...new Map(own.map((event) => [`${event.reason} ${event.message}`, event])).values()].slice(-limit);
}

/** An event in one line. */
export function describeEvent({ type = 'Normal', reason = '', message = '', count = 1 }: Event): string {
  const text = message.trim().replaceAll(/\s+/g, ' ');
  return `${type} ${reason}: ${text}${count > 1 ? ` (${count} times)` : ''}`;
}

/** Old and new event APIs fill different fields. */
function timeOf({ lastTimestamp, eventTime, firstTimestamp, metadata, series }: Event): number {
  const observed = (series as { lastObservedTime?: string } | undefined)?.lastObservedTime;
  const time = observed ?? lastTimestamp ?? eventTime ?? firstTimestamp ?? metadata.creationTimestamp;
  return Date.parse(time ?? '') || 0;
}
