/** Kubeconfigs of other workstations: the same clusters under other names, or none at all. */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { kubeconfig } from './contexts.ts';

interface Entry {
  name: string;
}
interface Kubeconfig {
  clusters: (Entry & { cluster: { server: string } })[];
  contexts: (Entry & { context: object })[];
  'current-context'?: string;
}

/**
 * Writes a kubeconfig whose contexts are these new names for those of the tests'; one cluster of
 * these can be made unreachable, by the name of its entry: what is asked of it goes to a proxy, by default to
 * one that is not there.
 */
export async function otherKubeconfig(
  names: Readonly<Record<string, string>>,
  unreachable?: string,
  proxy = 'http://127.0.0.1:9',
): Promise<{ path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'x8s-test-'));
  const path = join(folder, 'config');
  const config = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  config.contexts = Object.entries(names).flatMap(([name, of]) =>
    config.contexts.filter((context) => context.name === of).map(({ context }) => ({ name, context })),
  );
  for (const { name, cluster } of config.clusters) {
    if (name !== unreachable) continue;
    // The same address, since the tasks know their other side by it.
    Object.assign(cluster, { 'proxy-url': proxy });
  }
  delete config['current-context'];
  writeFileSync(path, stringify(config), { mode: 0o600 });
  return { path, remove: () => rm(folder, { recursive: true }) };
}

/** Name of the cluster's entry behind a context of the tests' kubeconfig. */
export function clusterOf(context: string): string {
  const config = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const [found] = config.contexts.filter(({ name }) => name === context);
  return (found?.context as { cluster?: string } | undefined)?.cluster ?? '';
}
