/**
 * The machines' network: a namespace per node on one bridge, a router between the clusters.
 *
 * Nodes have no default route: what is outside the lab is answered with "unreachable" at once, so that an image
 * that can't be pulled fails in milliseconds and not after a minute of unanswered name look-ups.
 */
import { existsSync, readdirSync } from 'node:fs';
import { allClusters, allNodes, bridge, type ClusterSpec, loadBalancerPool, wan } from './config.ts';
import { attempt, inNetns, run } from './shell.ts';

interface Port {
  readonly netns: string;
  readonly device: string;
  /** The bridge's end of the pair. */
  readonly peer: string;
  readonly address: string;
}

const nodePort = (netns: string, address: string): Port => ({
  netns,
  device: 'eth0',
  peer: netns.replace('x8s-', 'x8s0-'),
  address,
});
const wanPorts: readonly Port[] = [
  { netns: wan.netns, device: 'toward-a', peer: 'x8s0-wa', address: `${wan.towardA}/24` },
  // Without a prefix of its own: this device carries only what a route sends to it.
  { netns: wan.netns, device: 'toward-b', peer: 'x8s0-wb', address: `${wan.towardB}/32` },
];

/** The network namespaces of the main clusters' nodes. */
const clusterPorts = (cluster: ClusterSpec): Port[] =>
  cluster.nodes.length === 0
    ? [nodePort(cluster.netns, `${cluster.address}/24`)]
    : cluster.nodes.map((node) => nodePort(node.netns, `${node.address}/24`));

function plug({ netns, device, peer, address }: Port): string[] {
  return [
    `link add ${peer} type veth peer name ${device} netns ${netns}`,
    `link set ${peer} master ${bridge.name} up`,
    `-n ${netns} addr add ${address} dev ${device}`,
    `-n ${netns} link set ${device} up`,
  ];
}

/** `ip -batch` can't change namespaces between lines, so lines are grouped by theirs. */
async function batch(lines: readonly string[]): Promise<void> {
  const groups = new Map<string, string[]>();
  for (const line of lines) {
    const [, netns = '', rest = line] = /^-n (\S+) (.*)$/.exec(line) ?? [];
    groups.set(netns, [...(groups.get(netns) ?? []), rest]);
  }
  for (const [netns, group] of groups)
    await run('ip', [...(netns ? ['-n', netns] : []), '-batch', '-'], { input: `${group.join('\n')}\n` });
}

async function makeNamespaces(names: readonly string[]): Promise<void> {
  for (const name of names) if (!existsSync(`/run/netns/${name}`)) await run('ip', ['netns', 'add', name]);
}

/** Routes of one cluster's nodes: to each other's pods directly, to the other cluster by the router. */
function routes(cluster: ClusterSpec): string[] {
  const via = cluster.name === 'lab-a' ? wan.towardB : wan.towardA;
  const others = allClusters.filter((c) => c.name !== cluster.name && c.nodes.length > 0);
  const far = others.flatMap((c) => [
    ...c.nodes.map((node) => `${node.address}/32`),
    `${loadBalancerPool[c.name]}.0/24`,
  ]);
  return cluster.nodes.flatMap((node) => [
    ...cluster.nodes
      .filter((other) => other !== node)
      .map((other) => `-n ${node.netns} route add ${other.podCidr} via ${other.address}`),
    ...far.map((target) => `-n ${node.netns} route add ${target} via ${via} dev eth0 onlink`),
  ]);
}

function wanRoutes(): string[] {
  const toward = (name: string): string => (name === 'lab-a' ? 'toward-a' : 'toward-b');
  return allClusters
    .filter((c) => c.nodes.length > 0)
    .flatMap((c) => [
      ...c.nodes.map((node) => `-n ${wan.netns} route replace ${node.address}/32 dev ${toward(c.name)}`),
      `-n ${wan.netns} route replace ${loadBalancerPool[c.name]}.0/24 via ${c.address} dev ${toward(c.name)} onlink`,
    ]);
}

/** The workstation reaches load balancers as it would a cloud's: by routes to them. */
const hostRoutes = (): string[] =>
  allClusters
    .filter((c) => c.nodes.length > 0)
    .map((c) => `route replace ${loadBalancerPool[c.name]}.0/24 via ${c.address}`);

async function setSysctls(netns: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const script = Object.entries(settings).map(([name, value]) => `echo ${value} > /proc/sys/net/${name}`);
  await run(...inNetns(netns, 'sh', '-c', script.join(' && ')));
}

async function masquerade(cluster: ClusterSpec, netns: string): Promise<void> {
  const rule = `-s ${cluster.podCidr} ! -d ${cluster.podCidr} -j MASQUERADE`;
  await run(...inNetns(netns, 'iptables', '-w', '-t', 'nat', '-A', 'POSTROUTING', ...rule.split(' ')));
}

/** Makes the bridge, the namespaces and the routes of the main clusters. */
export async function makeNetwork(clusters: readonly ClusterSpec[]): Promise<void> {
  const ports = [...wanPorts, ...clusters.flatMap(clusterPorts)];
  const spaces = [...new Set(ports.map((port) => port.netns))];
  await makeNamespaces(spaces);
  await batch([
    `link add ${bridge.name} type bridge`,
    `addr add ${bridge.address}/24 dev ${bridge.name}`,
    `link set ${bridge.name} up`,
    ...ports.flatMap(plug),
    ...spaces.map((netns) => `-n ${netns} link set lo up`),
  ]);
  await setSysctls(wan.netns, {
    'ipv4/ip_forward': '1',
    'ipv4/conf/all/send_redirects': '0',
    'ipv4/conf/toward-a/send_redirects': '0',
    'ipv4/conf/toward-b/send_redirects': '0',
    // Both devices are on one bridge: each answers for its own address only.
    'ipv4/conf/all/arp_ignore': '1',
    'ipv4/conf/all/arp_announce': '2',
  });
  await batch([...clusters.flatMap(routes), ...wanRoutes(), ...hostRoutes()]);
  await Promise.all(
    clusters.flatMap((cluster) =>
      cluster.nodes.map(async ({ netns }) => {
        await setSysctls(netns, { 'ipv4/ip_forward': '1', 'ipv4/conf/all/accept_redirects': '0' });
        await masquerade(cluster, netns);
      }),
    ),
  );
}

/** Adds the namespace of a cluster without nodes to a network that is there. */
export async function plugThird(cluster: ClusterSpec): Promise<void> {
  if (existsSync(`/run/netns/${cluster.netns}`)) return;
  await makeNamespaces([cluster.netns]);
  await batch([...clusterPorts(cluster).flatMap(plug), `-n ${cluster.netns} link set lo up`]);
}

/** Removes the namespace of a cluster without nodes. */
export async function unplugThird(cluster: ClusterSpec): Promise<void> {
  await attempt('ip', ['netns', 'delete', cluster.netns]);
}

/** Whether the network of the main clusters is there. */
export function hasNetwork(): boolean {
  const spaces = [wan.netns, ...allNodes.map((node) => node.netns)];
  return (
    existsSync(`/sys/class/net/${bridge.name}`) && spaces.every((name) => existsSync(`/run/netns/${name}`))
  );
}

/** Removes the bridge and the namespaces; their devices and rules go with them. */
export async function removeNetwork(): Promise<void> {
  const spaces = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  for (const name of spaces.filter((space) => space.startsWith('x8s-'))) {
    const { code, stderr } = await attempt('ip', ['netns', 'delete', name]);
    if (code !== 0) throw new Error(`network namespace ${name} can't be removed: ${stderr.trim()}`);
  }
  // The kernel removes a namespace after its last process has ended; its end of a veth pair may stay for a moment.
  for (const device of readdirSync('/sys/class/net'))
    if (device === bridge.name || device.startsWith(`${bridge.name}-`))
      await attempt('ip', ['link', 'delete', device]);
}
