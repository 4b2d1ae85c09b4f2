/** What is done in containers once files have arrived there: how that stands, and workloads that are rolled out by it. */
import { apply } from './clients.ts';
import { contextA } from './contexts.ts';
import { images, type Seen, type Workplace } from './devsync.ts';

/** Waits for a rule to be in a phase. */
export const reloadIs = (rule: string, phase: string) => (seen: Seen) =>
  seen.state?.reloads.some((one) => one.rule.startsWith(rule) && one.phase === phase) === true;

/** A Deployment whose containers have an empty REMOTE of their own. */
export async function deploy(it: Workplace, name: string): Promise<void> {
  const program = 'mkdir /work; trap "exit 0" TERM; while :; do sleep 0.05; done';
  const container = { name: 'app', image: images.plain, command: ['sh', '-c', program] };
  await apply(contextA, it.namespace, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { terminationGracePeriodSeconds: 0, containers: [container] },
      },
    },
  });
  await it.kubectl('rollout', 'status', `deployment/${name}`, '--timeout=180s');
}

/** How often it was rolled out, and once more. */
export const generation = (it: Workplace, name: string) =>
  it.kubectl('get', `deployment/${name}`, '-o', 'jsonpath={.metadata.generation}');
