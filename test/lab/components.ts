/** The servers of a control plane and of a node, with the arguments that this kind of machine needs. */
import { join } from 'node:path';
import { binary } from './binaries.ts';
import { type ClusterSpec, containerdSocket, etcdDir, type NodeSpec, nodeDir, pkiDir } from './config.ts';
import type { Daemon } from './daemons.ts';

/** Turns `{ 'secure-port': 6443 }` into `['--secure-port=6443']`. */
const flags = (values: Readonly<Record<string, string | number | boolean>>): string[] =>
  Object.entries(values).map(([name, value]) => `--${name}=${value}`);

/** The names of a control plane's parts, in the order in which they start. */
export const controlPlaneParts = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
] as const;
export const nodeParts = ['containerd', 'kubelet', 'kube-proxy'] as const;

function etcd(cluster: ClusterSpec): string[] {
  return flags({
    name: cluster.name,
    'data-dir': etcdDir(cluster.name),
    // Plain text is for this namespace's loopback only; pods have namespaces of their own.
    'listen-client-urls': 'http://127.0.0.1:2379',
    'advertise-client-urls': 'http://127.0.0.1:2379',
    'listen-peer-urls': 'http://127.0.0.1:2380',
    'initial-advertise-peer-urls': 'http://127.0.0.1:2380',
    'initial-cluster': `${cluster.name}=http://127.0.0.1:2380`,
    'unsafe-no-fsync': true,
    'quota-backend-bytes': 2 * 1024 ** 3,
    'log-level': 'warn',
  });
}

function apiserver(cluster: ClusterSpec): string[] {
  const pki = (file: string): string => join(pkiDir(cluster.name), file);
  return flags({
    'etcd-servers': 'http://127.0.0.1:2379',
    'advertise-address': cluster.address,
    'secure-port': 6443,
    'service-cluster-ip-range': cluster.serviceCidr,
    'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
    'service-account-key-file': pki('sa.pub'),
    'service-account-signing-key-file': pki('sa.key'),
    'client-ca-file': pki('ca.crt'),
    'tls-cert-file': pki('apiserver.crt'),
    'tls-private-key-file': pki('apiserver.key'),
    'kubelet-certificate-authority': pki('ca.crt'),
    'kubelet-client-certificate': pki('kubelet-client.crt'),
    'kubelet-client-key': pki('kubelet-client.key'),
    'kubelet-preferred-address-types': 'InternalIP', // Node names don't resolve here.
    'authorization-mode': 'Node,RBAC',
    'enable-admission-plugins': 'NodeRestriction',
    'allow-privileged': true,
    profiling: false,
  });
}

function controllerManager(cluster: ClusterSpec): string[] {
  const pki = (file: string): string => join(pkiDir(cluster.name), file);
  return flags({
    kubeconfig: pki('controller-manager.kubeconfig'),
    'authentication-kubeconfig': pki('controller-manager.kubeconfig'),
    'authorization-kubeconfig': pki('controller-manager.kubeconfig'),
    'root-ca-file': pki('ca.crt'),
    'service-account-private-key-file': pki('sa.key'),
    'cluster-signing-cert-file': pki('ca.crt'),
    'cluster-signing-key-file': pki('ca.key'),
    'use-service-account-credentials': true,
    controllers: '*,-nodeipam,-cloud-node-lifecycle-controller',
    'leader-elect': false,
    'kube-api-qps': 300,
    'kube-api-burst': 400,
    profiling: false,
  });
}

function scheduler(cluster: ClusterSpec): string[] {
  const config = join(pkiDir(cluster.name), 'scheduler.kubeconfig');
  return flags({
    kubeconfig: config,
    'authentication-kubeconfig': config,
    'authorization-kubeconfig': config,
    'leader-elect': false,
    'kube-api-qps': 300,
    'kube-api-burst': 400,
    profiling: false,
  });
}

/** One part of a cluster's control plane. */
export function controlPlaneDaemon(cluster: ClusterSpec, part: (typeof controlPlaneParts)[number]): Daemon {
  const builders = {
    etcd,
    'kube-apiserver': apiserver,
    'kube-controller-manager': controllerManager,
    'kube-scheduler': scheduler,
  };
  const command = [binary(part), ...builders[part](cluster)];
  return { name: `${cluster.name}/${part}`, netns: cluster.netns, command };
}

function kubelet(node: NodeSpec): string[] {
  return flags({
    config: join(nodeDir(node.name), 'kubelet.json'),
    kubeconfig: join(pkiDir(node.cluster), `${node.name}.kubeconfig`),
    'root-dir': join(nodeDir(node.name), 'kubelet'),
    'cert-dir': join(nodeDir(node.name), 'kubelet-pki'),
    'hostname-override': node.name,
    'node-ip': node.address,
  });
}

function kubeProxy(node: NodeSpec, cluster: ClusterSpec): string[] {
  return flags({
    kubeconfig: join(pkiDir(node.cluster), 'proxy.kubeconfig'),
    'hostname-override': node.name,
    'cluster-cidr': cluster.podCidr,
    'proxy-mode': 'iptables',
    // A NodePort is then open within a tenth of a second; the default gathers changes for a second.
    'iptables-min-sync-period': '100ms',
    // Where CAP_SYS_RESOURCE is missing, none of these may be touched.
    'oom-score-adj': 0,
    'conntrack-max-per-core': 0,
    'conntrack-tcp-timeout-established': 0,
    'conntrack-tcp-timeout-close-wait': 0,
  });
}

/** One part of a node. */
export function nodeDaemon(node: NodeSpec, cluster: ClusterSpec, part: (typeof nodeParts)[number]): Daemon {
  const commands = {
    containerd: () => ['containerd', '--config', join(nodeDir(node.name), 'containerd.toml')],
    kubelet: () => [binary('kubelet'), ...kubelet(node)],
    'kube-proxy': () => [binary('kube-proxy'), ...kubeProxy(node, cluster)],
  };
  return { name: `${node.name}/${part}`, netns: node.netns, command: commands[part]() };
}

/** The lab's own controllers, on the workstation's side of the network. */
export const agentDaemon = (): Daemon => ({
  name: 'agent',
  command: [process.execPath, join(import.meta.dirname, 'agent', 'main.ts')],
});

/** The socket by which a node's containerd is asked. */
export const socketOf = (node: NodeSpec): string => containerdSocket(node.name);
