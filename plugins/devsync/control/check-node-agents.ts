/** Checks the agents of all nodes, where there are any. */
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { describeAgents, listAgents } from '../node-agent/health.ts';
import type { Finding } from './doctor.ts';

/**
 * Nothing is found where there are no agents, or the user may not see them.
 *
 * @param ours version of this plugin, without a `v`
 */
export async function checkNodeAgents(
  kube: KubeClient,
  ours: string,
  signal: AbortSignal,
): Promise<Finding[]> {
  const check = 'node agents';
  try {
    const agents = await listAgents(kube, { signal });
    if (agents.length === 0) return [];
    const { words, advice } = describeAgents(agents, ours);
    if (advice === undefined) return [{ check, verdict: 'ok', message: words }];
    return [{ check, verdict: 'note', message: `${words}; ${advice}` }];
  } catch (error) {
    if (isForbidden(error)) return [];
    throw error;
  }
}
