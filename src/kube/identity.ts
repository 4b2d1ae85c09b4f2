import type { CallOptions, KubeClient } from './client.ts';
import { namespaces } from './resources.ts';
export async function clusterId(kube: KubeClient, options: CallOptions = {}): Promise<string | undefined> {
  return (await kube.find(namespaces, { name: 'kube-system' }, options))?.metadata.uid;
}
