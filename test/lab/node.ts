/** The files that a node needs before its kubelet starts. */
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { binary } from './binaries.ts';
import {
  agentSocket,
  type ClusterSpec,
  containerdSocket,
  fastDir,
  type NodeSpec,
  nodeDir,
  pkiDir,
  volumeDir,
} from './config.ts';
import { makePodGroup } from './groups.ts';
import { run } from './shell.ts';

const cniPlugins = '/usr/lib/cni';
export const pauseImage = 'x8s.dev/lab/pause:1';

/** Text of a containerd configuration; with `cri` it serves a kubelet, without it only loads images. */
export function containerdConfig(root: string, run: string, cri?: { cni: string; plugins: string }): string {
  const unused = ['aufs', 'btrfs', 'devmapper', 'zfs'].map((name) => `io.containerd.snapshotter.v1.${name}`);
  const disabled = [...unused, ...(cri ? [] : ['io.containerd.grpc.v1.cri'])];
  const head = `version = 2
root = "${root}"
state = "${run}/state"
oom_score = 0
disabled_plugins = ${JSON.stringify(disabled)}
[grpc]
  address = "${run}/containerd.sock"
`;
  if (!cri) return head;
  return `${head}[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = true # Lowering a score needs CAP_SYS_RESOURCE.
  disable_apparmor = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${cri.plugins}"
    conf_dir = "${cri.cni}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "${run}/runc"
`;
}

/**
 * The databases of containerd are synced at each change, several times a container: they go to the tmpfs.
 * The layers are hard links to the template's files, which no one changes: an overlay copies before it writes.
 */
async function fillContainerdRoot(node: NodeSpec, template: string): Promise<string> {
  const root = join(nodeDir(node.name), 'containerd');
  const databases = join(fastDir, 'run', node.name, 'databases');
  mkdirSync(databases, { recursive: true });
  mkdirSync(dirname(root), { recursive: true });
  await run('cp', ['-al', template, root]).catch(() => run('cp', ['-a', template, root]));
  for (const database of [
    'io.containerd.metadata.v1.bolt/meta.db',
    'io.containerd.snapshotter.v1.overlayfs/metadata.db',
  ]) {
    const fast = join(databases, database.replace('/', '-'));
    cpSync(join(template, database), fast);
    await run('ln', ['-sfn', fast, join(root, database)]);
  }
  return root;
}

function cniConfig(node: NodeSpec): object {
  return {
    cniVersion: '0.4.0',
    name: node.netns,
    plugins: [
      {
        // A pair per pod and routing between them, so that the policies' rules see all traffic, also on one node.
        type: 'ptp',
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: join(fastDir, 'run', node.name, 'ipam'),
          ranges: [[{ subnet: node.podCidr }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
      { type: 'x8s-policy', socket: agentSocket, node: node.name },
    ],
  };
}

function kubeletConfig(node: NodeSpec, cluster: ClusterSpec, cgroupRoot: string): object {
  const pki = (file: string): string => join(pkiDir(cluster.name), file);
  const folder = nodeDir(node.name);
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: node.address,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pki('ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: pki(`${node.name}.crt`),
    tlsPrivateKeyFile: pki(`${node.name}.key`),
    cgroupDriver: 'cgroupfs',
    cgroupRoot,
    failCgroupV1: false,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    oomScoreAdj: 0,
    clusterDNS: [cluster.dnsAddress],
    clusterDomain: 'cluster.local',
    resolvConf: '',
    containerRuntimeEndpoint: `unix://${containerdSocket(node.name)}`,
    podLogsDir: join(folder, 'pod-logs'),
    volumePluginDir: join(folder, 'volume-plugins'),
    serializeImagePulls: false,
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    registryPullQPS: 0,
    eventRecordQPS: 0,
    kubeAPIQPS: 200,
    kubeAPIBurst: 300,
  };
}

/** One folder with Debian's CNI plugins and the lab's own, since containerd looks in one folder only. */
function linkPlugins(folder: string): string {
  const plugins = join(folder, 'cni-plugins');
  mkdirSync(plugins, { recursive: true });
  for (const name of ['host-local', 'loopback', 'portmap', 'ptp'])
    symlinkSync(join(cniPlugins, name), join(plugins, name));
  symlinkSync(binary('cni'), join(plugins, 'x8s-policy'));
  return plugins;
}

/** Makes a node's folders and configuration files; `template` is a containerd root that holds the images. */
export async function prepareNode(node: NodeSpec, cluster: ClusterSpec, template: string): Promise<void> {
  const folder = nodeDir(node.name);
  const cni = join(folder, 'cni');
  for (const path of [
    cni,
    volumeDir(node.name),
    join(folder, 'kubelet'),
    dirname(containerdSocket(node.name)),
  ])
    mkdirSync(path, { recursive: true });
  const root = await fillContainerdRoot(node, template);
  const plugins = linkPlugins(folder);
  const config = containerdConfig(root, dirname(containerdSocket(node.name)), { cni, plugins });
  writeFileSync(join(folder, 'containerd.toml'), config);
  writeFileSync(join(cni, '10-lab.conflist'), JSON.stringify(cniConfig(node), undefined, 2));
  const kubelet = kubeletConfig(node, cluster, makePodGroup(node.name));
  writeFileSync(join(folder, 'kubelet.json'), JSON.stringify(kubelet, undefined, 2));
}
