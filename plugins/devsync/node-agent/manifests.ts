/** The objects of the agents on every node. Pure. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { Label, managerOf } from '../../../src/tasks/names.ts';
import { tool } from '../spec/spec.ts';
import { agentName, agentNamespace, agentSelector, clientAccount } from '../wire/node-agent.ts';

export interface AgentInstallation {
  readonly image: string;
  /** Of the plugin that installs it, without a `v`. */
  readonly version: string;
}

/** What all objects of the agents bear. */
export const agentLabels = {
  [Label.managedBy]: managerOf(tool),
  ...agentSelector,
  'app.kubernetes.io/component': 'node-agent',
} as const;
export const versionLabel = 'app.kubernetes.io/version';
/** What lets a user reach the agents; an administrator binds it. */
export const userRole = 'devsync-node-agent-user';

/**
 * What an agent may do on its node, and why:
 * - SYS_ADMIN and SYS_CHROOT: join a container's namespaces, and move a session's root into the container;
 * - SYS_PTRACE: open the root and the namespaces of processes of other users and with other capabilities; trace the one
 *   that is about to execute a container's program;
 * - SETUID, SETGID, SETPCAP: become the container's user, with no more capabilities than the container has;
 * - CHOWN, DAC_OVERRIDE, FOWNER, FSETID: what a session in a container of root is given of that container's own.
 */
export const agentCapabilities = [
  'SYS_ADMIN',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SETUID',
  'SETGID',
  'SETPCAP',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
] as const;

/** Where the image has the plugin. */
const program = '/usr/local/bin/kubectl-devsync';
/** Where a kubelet asks an agent whether it is ready. */
export const healthPort = 8471;
const rbac = 'rbac.authorization.k8s.io/v1';

/** Objects of the cluster and of the agents' namespace, in the order in which they are made. */
export function agentObjects(installation: AgentInstallation): KubeObject[] {
  return [namespaceObject(), account(), ...clusterRights(), ...userRights(), daemonSet(installation)];
}

/**
 * What lets agents and their users work with the pods of a namespace: an account whose tokens are shown to agents, which
 * may do what a session is worth; and the agents' look at who a pod's containers are.
 */
export function namespaceObjects(namespace: string): KubeObject[] {
  const client = { name: clientAccount, namespace, labels: { ...agentLabels } };
  const agent = { name: agentName, namespace, labels: { ...agentLabels } };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: client, automountServiceAccountToken: false },
    { apiVersion: rbac, kind: 'Role', metadata: client, rules: [rule('', ['pods/exec'], ['create'])] },
    binding(client, { kind: 'Role', name: clientAccount }, { name: clientAccount, namespace }),
    { apiVersion: rbac, kind: 'Role', metadata: agent, rules: [rule('', ['pods'], ['get'])] },
    binding(agent, { kind: 'Role', name: agentName }, agentAccount),
  ];
}

const agentAccount = { name: agentName, namespace: agentNamespace };
const inAgentNamespace = { ...agentAccount, labels: { ...agentLabels } };

const rule = (group: string, resources: string[], verbs: string[]) => ({
  apiGroups: [group],
  resources,
  verbs,
});

function binding(
  metadata: KubeObject['metadata'],
  role: { readonly kind: 'Role' | 'ClusterRole'; readonly name: string },
  account: { readonly name: string; readonly namespace: string },
): KubeObject {
  return {
    apiVersion: rbac,
    kind: metadata.namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', ...role },
    subjects: [{ kind: 'ServiceAccount', name: account.name, namespace: account.namespace }],
  };
}

/** The agents' rights on their nodes are beyond all levels but the one without limits. */
function namespaceObject(): KubeObject {
  const labels = { ...agentLabels, 'pod-security.kubernetes.io/enforce': 'privileged' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: agentNamespace, labels } };
}

function account(): KubeObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: inAgentNamespace };
}

/** To ask who shows a token, and what they may do. */
function clusterRights(): KubeObject[] {
  const metadata = { name: agentName, labels: { ...agentLabels } };
  const rules = [
    rule('authentication.k8s.io', ['tokenreviews'], ['create']),
    rule('authorization.k8s.io', ['subjectaccessreviews'], ['create']),
  ];
  return [
    { apiVersion: rbac, kind: 'ClusterRole', metadata, rules },
    binding(metadata, { kind: 'ClusterRole', name: agentName }, agentAccount),
  ];
}

/** To find the agent of a node and to reach its port. Nobody is given this: whom to, is the administrator's decision. */
function userRights(): KubeObject[] {
  const metadata = { name: userRole, namespace: agentNamespace, labels: { ...agentLabels } };
  // A port-forward by a WebSocket is a GET; newer servers want both.
  const rules = [rule('', ['pods'], ['list']), rule('', ['pods/portforward'], ['get', 'create'])];
  return [{ apiVersion: rbac, kind: 'Role', metadata, rules }];
}

function daemonSet({ image, version }: AgentInstallation): KubeObject {
  const labels = { ...agentLabels, [versionLabel]: version };
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { ...inAgentNamespace, labels },
    spec: {
      selector: { matchLabels: { ...agentSelector } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%' } },
      template: { metadata: { labels }, spec: podSpec(image) },
    },
  };
}

function podSpec(image: string): object {
  return {
    serviceAccountName: agentName,
    hostPID: true,
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    // Developers' pods may be on any node.
    tolerations: [{ operator: 'Exists' }],
    terminationGracePeriodSeconds: 15,
    containers: [
      {
        name: 'agent',
        image,
        imagePullPolicy: 'IfNotPresent',
        command: [program],
        args: ['node-agent', `--health-port=${healthPort}`],
        env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
        ports: [{ name: 'health', containerPort: healthPort }],
        readinessProbe: { httpGet: { path: '/readyz', port: 'health' }, periodSeconds: 2, timeoutSeconds: 5 },
        resources: { requests: { cpu: '20m', memory: '96Mi' }, limits: { memory: '4Gi' } },
        securityContext: {
          runAsUser: 0,
          runAsGroup: 0,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'], add: [...agentCapabilities] },
          seccompProfile: { type: 'RuntimeDefault' },
        },
      },
    ],
  };
}
