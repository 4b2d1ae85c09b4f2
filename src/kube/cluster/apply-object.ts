/** Objects that an installation is made of, applied one by one, with a word on what became of each. */
import type { ApplyOptions, CallOptions, KubeClient } from '../api/client.ts';
import type { KubeObject } from '../api/objects.ts';
import type { DiscoveredResource } from '../api/resources.ts';
import { resolveResource } from './discovery.ts';
import { bindRole } from './role-binding.ts';

/** `Role shop/reader`; `Namespace shop` for what is in no namespace. */
export const describeObject = ({ kind, metadata: { namespace, name } }: KubeObject): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

/** What serves objects of this one's kind. @throws {UsageError} nothing does */
export function resourceOf(
  kube: KubeClient,
  { apiVersion, kind }: KubeObject,
  options: CallOptions = {},
): Promise<DiscoveredResource> {
  const [version = '', group = ''] = String(apiVersion).split('/').reverse();
  return resolveResource(kube, group === '' ? String(kind) : `${kind}.${version}.${group}`, options);
}

/**
 * Applies an object of whatever kind; resolves with its name and `created`, `configured` or `unchanged`.
 *
 * @throws {ApiError} a conflict where others set fields of it otherwise, and whatever else the server says
 */
export async function applyObject(
  kube: KubeClient,
  object: KubeObject,
  options: ApplyOptions,
): Promise<string> {
  const { signal } = options;
  const resource = await resourceOf(kube, object, { signal });
  const { name, namespace } = object.metadata;
  const before = await kube.find(resource, { name, namespace }, { signal });
  const apply = () => kube.apply(resource, object, options);
  const after = await (object.kind?.endsWith('RoleBinding') ? bindRole(apply, { signal }) : apply());
  const isSame = before?.metadata.resourceVersion === after.metadata.resourceVersion;
  return `${describeObject(object)} ${before ? (isSame ? 'unchanged' : 'configured') : 'created'}`;
}
