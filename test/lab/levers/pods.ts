/** The network within one cluster: what passes between its pods. */
import { clusterNamed } from '../config.ts';
import { inNetns, run } from '../shell.ts';

const table = 'x8s_pods';

/** What passes between pods by this TCP port of theirs is answered with a reset, on every node; all else passes. */
export async function cutPods(cluster: string, port: number): Promise<void> {
  const rules = ['dport', 'sport'].map((end) => `tcp ${end} ${port} reject with tcp reset;`).join(' ');
  const input = `table inet ${table} { chain forward { type filter hook forward priority -10; ${rules} }; }\n`;
  await onNodes(cluster, ['-f', '-'], input);
}

/** Lets it pass again. */
export async function joinPods(cluster: string): Promise<void> {
  await onNodes(cluster, ['-f', '-'], `table inet ${table} {}\ndelete table inet ${table}\n`);
}

async function onNodes(cluster: string, args: readonly string[], input: string): Promise<void> {
  const nodes = clusterNamed(cluster).nodes.map(({ netns }) =>
    run(...inNetns(netns, 'nft', ...args), { input }),
  );
  await Promise.all(nodes);
}
