/** What a cluster needs in its API before it can be used: roles, storage classes, DNS. */
import type { ClusterSpec } from './config.ts';
import { imageNames } from './images/definitions.ts';

/** An object and the path that it is applied at. */
export interface Manifest {
  readonly path: string;
  readonly object: object;
}

export const provisioner = 'x8s.dev/lab';
const rbac = '/apis/rbac.authorization.k8s.io/v1';

function binding(name: string, role: string, subject: object): Manifest {
  const object = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [subject],
  };
  return { path: `${rbac}/clusterrolebindings/${name}`, object };
}

interface ClassOptions {
  readonly medium: 'disk' | 'tmpfs' | 'ext4' | 'block';
  readonly type?: 'local' | 'hostPath';
  readonly scope?: 'node' | 'cluster';
  readonly reclaim?: 'Delete' | 'Retain';
  readonly binding?: 'WaitForFirstConsumer' | 'Immediate';
  readonly isDefault?: boolean;
  readonly grows?: boolean;
}

function storageClass(name: string, options: ClassOptions): Manifest {
  const { medium, type = 'local', scope = 'node', reclaim = 'Delete' } = options;
  const { binding: mode = 'WaitForFirstConsumer', isDefault = false, grows = false } = options;
  const object = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name, annotations: { 'storageclass.kubernetes.io/is-default-class': `${isDefault}` } },
    provisioner,
    parameters: { medium, type, scope },
    reclaimPolicy: reclaim,
    volumeBindingMode: mode,
    allowVolumeExpansion: grows,
  };
  return { path: `/apis/storage.k8s.io/v1/storageclasses/${name}`, object };
}

const storageClasses: readonly Manifest[] = [
  storageClass('standard', { medium: 'disk', isDefault: true }),
  // The volume is a file system of its own, as large as the claim asks for, so a test can fill it.
  storageClass('tmpfs', { medium: 'tmpfs', grows: true }),
  // The volume is as CSI drivers make it: a fresh ext4 whose root folder only root may write to.
  storageClass('ext4', { medium: 'ext4' }),
  // For claims of volumeMode Block.
  storageClass('block', { medium: 'block', grows: true }),
  storageClass('hostpath', { medium: 'disk', type: 'hostPath' }),
  storageClass('immediate', { medium: 'disk', binding: 'Immediate' }),
  storageClass('retain', { medium: 'disk', reclaim: 'Retain' }),
  // Seen from all nodes of its cluster, as NFS would be.
  storageClass('shared', { medium: 'disk', type: 'hostPath', scope: 'cluster', binding: 'Immediate' }),
];

const corefile = `.:53 {
  errors
  ready :8181
  kubernetes cluster.local in-addr.arpa {
    pods insecure
    ttl 5
  }
  cache 5
}
`;

function dnsDeployment(): object {
  const metadata = { name: 'coredns', namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      replicas: 1,
      selector: { matchLabels: { 'k8s-app': 'kube-dns' } },
      template: {
        metadata: { labels: { 'k8s-app': 'kube-dns' } },
        spec: {
          serviceAccountName: 'coredns',
          dnsPolicy: 'Default',
          priorityClassName: 'system-cluster-critical',
          containers: [
            {
              name: 'coredns',
              image: imageNames.coredns,
              args: ['-conf', '/etc/coredns/Corefile'],
              resources: { requests: { cpu: '10m', memory: '32Mi' } },
              readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 1 },
              volumeMounts: [{ name: 'config', mountPath: '/etc/coredns' }],
            },
          ],
          volumes: [{ name: 'config', configMap: { name: 'coredns' } }],
        },
      },
    },
  };
}

function dns(cluster: ClusterSpec): Manifest[] {
  const namespace = '/api/v1/namespaces/kube-system';
  const meta = (name: string): object => ({ name, namespace: 'kube-system' });
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'coredns' },
    rules: [
      {
        apiGroups: [''],
        resources: ['endpoints', 'services', 'pods', 'namespaces'],
        verbs: ['list', 'watch'],
      },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ],
  };
  const ports = ['UDP', 'TCP'].map((protocol) => ({
    name: `dns-${protocol.toLowerCase()}`,
    port: 53,
    protocol,
  }));
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...meta('kube-dns'), labels: { 'k8s-app': 'kube-dns' } },
    spec: { clusterIP: cluster.dnsAddress, selector: { 'k8s-app': 'kube-dns' }, ports },
  };
  return [
    {
      path: `${namespace}/serviceaccounts/coredns`,
      object: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta('coredns') },
    },
    { path: `${rbac}/clusterroles/coredns`, object: role },
    binding('coredns', 'coredns', { kind: 'ServiceAccount', name: 'coredns', namespace: 'kube-system' }),
    {
      path: `${namespace}/configmaps/coredns`,
      object: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: meta('coredns'),
        data: { Corefile: corefile },
      },
    },
    { path: `${namespace}/services/kube-dns`, object: service },
    { path: '/apis/apps/v1/namespaces/kube-system/deployments/coredns', object: dnsDeployment() },
  ];
}

/** The objects that a fresh cluster gets; a cluster without nodes gets no DNS. */
export function manifests(cluster: ClusterSpec): Manifest[] {
  const user = { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'system:kube-proxy' };
  const proxy = binding('x8s-kube-proxy', 'system:node-proxier', user);
  // The Node authorizer learns a moment late that a pod is a node's: a kubelet that is quicker than that is refused its
  // pod's claims and secrets, and waits a quarter of a minute before it asks again.
  const group = { kind: 'Group', name: 'system:nodes', apiGroup: 'rbac.authorization.k8s.io' };
  const nodes = binding('x8s-nodes', 'system:node', group);
  return cluster.nodes.length === 0 ? [] : [proxy, nodes, ...storageClasses, ...dns(cluster)];
}
