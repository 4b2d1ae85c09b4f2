/** Whether a namespace exists: lists of what is in one that does not are as empty as those of an empty one. */
import { unlessForbidden } from '../api/api-error.ts';
import type { KubeClient } from '../api/client.ts';
import { namespaces } from '../api/resources.ts';

/** True where the cluster says that it has none of this name; false where this user may not ask. */
export async function isMissingNamespace(
  kube: KubeClient,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const asked = kube.find(namespaces, { name }, { signal });
  const exists = await unlessForbidden(asked.then((found) => found !== undefined));
  return exists === false;
}
