/** Which resources a cluster serves, and what a person means by `deploy`, `Deployment.v1.apps` or `ksvc`. */

import { nearest } from '../../closest.ts';
import { UsageError } from '../../errors.ts';
import type { CallOptions, KubeClient } from '../api/client.ts';
import { type DiscoveredResource, nameOf, type Resource } from '../api/resources.ts';
import { fetchResources } from './discovery-request.ts';

export interface Discovery {
  /** Everything served, the core group first, each group's preferred version first. */
  readonly resources: readonly DiscoveredResource[];
  /** `group/version`s that could not be asked just now: an aggregated API server that is down. */
  readonly unavailable: readonly string[];
}

const known = new WeakMap<KubeClient, Promise<Discovery>>();

/**
 * What the cluster serves. Asked once a client; `refresh` asks again, where a CRD may have come or gone.
 * @throws {ApiError | UnreachableError} discovery itself failed
 */
export function discover(
  kube: KubeClient,
  { refresh = false, ...options }: CallOptions & { refresh?: boolean } = {},
): Promise<Discovery> {
  const cached = refresh ? undefined : known.get(kube);
  // It may have failed for its own caller only, whose signal was aborted.
  if (cached !== undefined) return cached.catch(() => discover(kube, options));
  const asked = fetchResources(kube, options).then(withPreference);
  known.set(kube, asked);
  asked.catch(() => {
    if (known.get(kube) === asked) known.delete(kube);
  });
  return asked;
}

function withPreference({ resources, unavailable }: Awaited<ReturnType<typeof fetchResources>>): Discovery {
  const seen = new Set<string>();
  const isFirst = (resource: Resource) => {
    const key = nameOf(resource);
    return !seen.has(key) && Boolean(seen.add(key));
  };
  return {
    resources: resources.map((resource) => ({ ...resource, preferred: isFirst(resource) })),
    unavailable,
  };
}

/**
 * The resource that `text` names as kubectl would take it: plural, singular, kind or short name, then
 * optionally `.version` and `.group`. Asks the server again before it gives up: a CRD may be new.
 * @throws {UsageError} there is none; names what comes closest
 */
export async function resolveResource(
  kube: KubeClient,
  text: string,
  options: CallOptions = {},
): Promise<DiscoveredResource> {
  const found = findResource(await discover(kube, options), text);
  if (found) return found;
  const discovery = await discover(kube, { ...options, refresh: true });
  const now = findResource(discovery, text);
  if (now) return now;
  const meant = nearest(text, [...new Set(discovery.resources.map(nameOf))]);
  const { unavailable } = discovery;
  throw new UsageError(`${kube.cluster.context}: no resource ${JSON.stringify(text)}`, {
    hint: `${meant === undefined ? '' : `did you mean ${meant}? `}is its CRD installed in that cluster?`,
    details: unavailable.length === 0 ? [] : [`not answering just now: ${unavailable.join(', ')}`],
  });
}

/** As {@link resolveResource}, in what is known already; undefined where there is none. */
export function findResource({ resources }: Discovery, text: string): DiscoveredResource | undefined {
  return readings(text)
    .map(({ name, version, group }) =>
      resources.find(
        (resource) =>
          namesOf(resource).includes(name.toLowerCase()) &&
          (version === undefined || resource.version === version) &&
          (group === undefined || resource.group === group) &&
          (version !== undefined || resource.preferred),
      ),
    )
    .find((resource) => resource !== undefined);
}

/** `Deployment.v1.apps` can be version and group, or a group named `v1.apps`: kubectl's order. */
function readings(text: string): { name: string; version?: string; group?: string }[] {
  const [name = '', ...rest] = text.split('.');
  const [version = '', ...group] = rest;
  if (rest.length === 0) return [{ name }];
  const asGroup = { name, group: rest.join('.') };
  if (!/^v\d+((alpha|beta)\d+)?$/.test(version)) return [asGroup];
  return [{ name, version, group: group.join('.') }, asGroup];
}

function namesOf({ plural, singular, kind, shortNames }: DiscoveredResource): string[] {
  return [plural, singular, kind.toLowerCase(), ...shortNames];
}
