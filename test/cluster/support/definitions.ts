/** Kinds of one's own, taken away again. */
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { resolveResource } from '../../../src/kube/cluster/discovery.ts';
import { waitGone } from '../../../src/kube/watch/wait.ts';
import { patienceMs } from './clients.ts';

/** Takes a definition away, with all that there is of its kind; resolves once it is gone. */
export async function removeDefinition(kube: KubeClient, name: string): Promise<void> {
  const resource = await resolveResource(kube, 'customresourcedefinitions.apiextensions.k8s.io');
  await kube.delete(resource, { name });
  await waitGone(kube, resource, { name }, { timeoutMs: patienceMs, what: 'the definition' });
}
