/** Which cluster this is, whatever it is called on this workstation. */
import { isForbidden, isNotFound } from '../api/api-error.ts';
import type { CallOptions, KubeClient } from '../api/client.ts';
import { namespaces } from '../api/resources.ts';

/**
 * The cluster's identity: the UID of its `kube-system` namespace, as everyone takes it to be. Undefined where
 * it may not be read.
 */
export async function clusterId(kube: KubeClient, options: CallOptions = {}): Promise<string | undefined> {
  try {
    const { metadata } = await kube.get(namespaces, { name: 'kube-system' }, options);
    return metadata.uid;
  } catch (error) {
    if (isForbidden(error) || isNotFound(error)) return undefined;
    throw error;
  }
}
