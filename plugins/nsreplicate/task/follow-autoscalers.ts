/** Follows the primary's autoscalers, so that it is known which workloads they scale. */
import { type Autoscaled, autoscalersOf } from '../cache/autoscaled.ts';
import type { Informers } from '../cache/informers.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { scopesOf } from '../clusters/scopes.ts';
import type { TaskSpec } from '../decide/spec.ts';
import type { ObjectKey } from '../objects/keys.ts';
import { literalNamespaces } from '../rules/scope.ts';

export interface FollowAutoscalersOptions {
  readonly primary: Cluster;
  readonly spec: TaskSpec;
  readonly informers: Informers;
  /** False: one list, and an end. */
  readonly watch: boolean;
  readonly signal: AbortSignal;
}

/**
 * Resolves when all are listed.
 * @param changed hears of workloads that became or ceased to be a target after that
 * @throws {X8sError} they can't be read
 */
export async function followAutoscalers(
  { primary, spec, informers, watch, signal }: FollowAutoscalersOptions,
  autoscaled: Autoscaled,
  changed: (target: ObjectKey) => void = () => undefined,
): Promise<void> {
  const { kube } = primary;
  const resource = await autoscalersOf(primary, { signal });
  if (!resource) return;
  const scopes = await scopesOf(primary, resource, literalNamespaces(spec.namespaces), { signal });
  const follow = (namespace: string | undefined) =>
    informers.follow(
      { kube, resource, namespace, metadataOnly: false, watch },
      autoscaled.handler(namespace, changed),
      signal,
    );
  await Promise.all(scopes.map(follow));
}
