/** The image of an agent beside a container: Node.js and nothing else. */

/** Its name without a tag; this is the one place that names it. */
export const agentRepository = 'x8s.dev/agent';

/** The image of this version of the plugin. */
export function agentImage(version: string): string {
  return `${agentRepository}:${version}`;
}
