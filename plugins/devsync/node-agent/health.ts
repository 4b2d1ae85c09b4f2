/** What a kubelet asks the agent of a node, and what people are told of all agents. */
import { createServer } from 'node:http';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import { isMet } from '../../../src/kube/api/conditions.ts';
import type { Pod } from '../../../src/kube/api/objects.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { selectorOf } from '../../../src/tasks/names.ts';
import { agentNamespace, agentSelector } from '../wire/node-agent.ts';
import { versionLabel } from './manifests.ts';
import { isNewer } from './versions.ts';

/** Answers `/readyz` with 200, and everything else with 404, until the signal says stop. Rejects where it cannot listen. */
export async function serveReadiness(port: number, signal: AbortSignal): Promise<void> {
  const limits = { requestTimeout: 5000, headersTimeout: 5000, maxHeaderSize: 4096 };
  const server = createServer(limits, (request, response) => {
    const isKnown = request.url === '/readyz';
    response.writeHead(isKnown ? 200 : 404, { connection: 'close' }).end(isKnown ? 'ok\n' : 'no\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, signal }, resolve);
  });
  server.unref();
}

/** An agent, as far as its pod says. */
export interface AgentHealth {
  readonly node: string;
  readonly pod: string;
  readonly isReady: boolean;
  /** Of the plugin that installed it, without a `v`. */
  readonly version: string;
}

/** The agents of all nodes; none where they are not installed. Rejects where pods may not be listed there. */
export async function listAgents(kube: KubeClient, call: CallOptions): Promise<AgentHealth[]> {
  const labelSelector = selectorOf(agentSelector);
  const { items } = await kube.list(pods, { namespace: agentNamespace, labelSelector, ...call });
  return items.map(healthOf).sort((a, b) => a.node.localeCompare(b.node));
}

const healthOf = (pod: Pod): AgentHealth => ({
  node: pod.spec.nodeName ?? '',
  pod: pod.metadata.name,
  isReady: isMet(pod, 'Ready'),
  version: pod.metadata.labels?.[versionLabel] ?? '',
});

/** All of them in a few words, and what is to be done about it; no advice where all is well. */
export function describeAgents(
  agents: readonly AgentHealth[],
  ours: string,
): { words: string; advice?: string } {
  const ready = agents.filter(({ isReady }) => isReady);
  const versions = [...new Set(agents.map(({ version }) => version))].sort();
  const words = `the agents of ${ready.length} of ${agents.length} nodes are ready, version ${versions.join(', ')}`;
  const silent = agents.filter(({ isReady }) => !isReady).map(({ pod, node }) => `${pod} on ${node}`);
  if (silent.length > 0) return { words, advice: `not ready: ${silent.join(', ')}` };
  if (versions.some((version) => isNewer(ours, version)))
    return { words, advice: `this plugin has version ${ours}; \`upgrade\` brings the agents to it` };
  return { words };
}
