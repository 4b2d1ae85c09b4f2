/** Follows the primary's autoscalers, so that it is known which workloads they scale. */
import { messageOf, type X8sError } from '../../../src/errors.ts';
import { type Autoscaled, autoscalersOf } from '../cache/autoscaled.ts';
import type { InformerHandler, Informers } from '../cache/informers.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { isAway } from '../clusters/failure.ts';
import { scopesOf } from '../clusters/scopes.ts';
import type { TaskSpec } from '../decide/spec.ts';
import type { ObjectKey } from '../objects/keys.ts';
import { literalNamespaces } from '../rules/scope.ts';
import type { TaskOptions } from './task-options.ts';

export interface FollowAutoscalersOptions {
  readonly primary: Cluster;
  readonly spec: TaskSpec;
  readonly informers: Informers;
  /** False: one list, and an end. */
  readonly watch: boolean;
  readonly signal: AbortSignal;
  readonly told?: Told;
  readonly broken: (error: unknown) => void;
}

/** Hears that those of a namespace, or of the cluster, can't be read, or can again. */
type Told = (namespace: string | undefined, error: X8sError | undefined) => void;

/**
 * Resolves when all are listed; with `watch`, also where that is refused: then it is tried again by itself.
 * @param changed hears of workloads that became or ceased to be a target after that
 * @throws {X8sError} without `watch`: they can't be read
 */
export async function followAutoscalers(
  { primary, spec, informers, watch, signal, broken, told = () => undefined }: FollowAutoscalersOptions,
  autoscaled: Autoscaled,
  changed: (target: ObjectKey) => void = () => undefined,
): Promise<void> {
  const { kube } = primary;
  const resource = await autoscalersOf(primary, { signal });
  if (!resource) return;
  const scopes = await scopesOf(primary, resource, literalNamespaces(spec.namespaces), { signal });
  const follow = async (namespace: string | undefined): Promise<void> => {
    const refused = Promise.withResolvers<void>();
    let waits = true;
    const handler: InformerHandler = {
      ...autoscaled.handler(namespace, changed),
      connected: () => told(namespace, undefined),
      disconnected: (error) => {
        if (!watch || isAway(error)) return;
        told(namespace, error);
        refused.resolve();
      },
    };
    const followed = informers
      .follow({ kube, resource, namespace, metadataOnly: false, watch }, handler, signal)
      .catch((error: unknown) => {
        if (waits) throw error;
        if (!signal.aborted) broken(error);
      });
    // What may not be read holds up nothing else; it is taken up when that comes to be allowed.
    await Promise.race([followed, refused.promise]);
    waits = false;
  };
  await Promise.all(scopes.map(follow));
}

export const unreadAutoscalers = (error: unknown): string =>
  `autoscalers can't be read, so replicas are copied as they are: ${messageOf(error)}`;

/** Keeps a note for as long as some can't be read, and says it once. */
export function noteUnread(notes: string[], { warn, changed }: Pick<TaskOptions, 'warn' | 'changed'>): Told {
  const unread = new Map<string, X8sError>();
  let note: string | undefined;
  return (namespace = '', error) => {
    if (error) unread.set(namespace, error);
    else if (!unread.delete(namespace)) return;
    const [first] = unread.values();
    const isNew = note === undefined && first !== undefined;
    if (note !== undefined) notes.splice(notes.indexOf(note), 1);
    note = first && unreadAutoscalers(first);
    if (note !== undefined) notes.push(note);
    if (note !== undefined && isNew) warn(`${note}; tried again by itself`);
    changed();
  };
}
