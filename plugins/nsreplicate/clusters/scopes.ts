/** Where a kind is listed and watched: the whole cluster, or namespace by namespace where that is less or all one may. */
import { ForbiddenError } from '../../../src/errors.ts';
import type { CallOptions } from '../../../src/kube/api/client.ts';
import { nameOf, type Resource } from '../../../src/kube/api/resources.ts';
import { missingPermissions } from '../../../src/kube/cluster/access.ts';
import type { Cluster } from './cluster.ts';

/** Up to so many namespaces are followed one by one: more would be many connections for nothing. */
export const FEW = 8;

/** Namespaces of one cluster, by their names there; `[undefined]` is the whole cluster. */
export type Scopes = readonly (string | undefined)[];

/**
 * The scopes of a kind on a cluster.
 * @param literal the namespaces, where the task names them without globs
 * @throws {ForbiddenError} the whole cluster would have to be read, and may not
 */
export async function scopesOf(
  cluster: Cluster,
  resource: Resource,
  literal: readonly string[] | undefined,
  options: CallOptions = {},
): Promise<Scopes> {
  if (resource.namespaced && literal && literal.length <= FEW) return literal;
  const needs = ['list', 'watch'].map((verb) => ({ verb, resource }));
  const missing = await missingPermissions(cluster.kube, needs, options);
  if (missing.length === 0) return [undefined];
  if (resource.namespaced && literal) return literal;
  if (nameOf(resource) === 'namespaces' && literal) return [];
  throw new ForbiddenError(
    `${cluster.name}: you may not ${missing.map(({ verb }) => verb).join(' and ')} ${nameOf(resource)} in all namespaces.`,
    {
      hint: 'Name the namespaces that you may read, without "*": --sync-namespaces a,b',
    },
  );
}
