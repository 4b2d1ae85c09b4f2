/** The objects of an installed controller. Pure. */
import type { KubeObject } from '../../../../src/kube/api/objects.ts';
import { Label, managerOf } from '../../../../src/tasks/names.ts';
import { stateNamespace } from '../../decide/spec.ts';
import { tool } from '../../state/task-objects.ts';
import { leaderLabel } from '../leading/leader-label.ts';
import { group, krmSyncers } from '../resource/resource.ts';
import { syncerDefinition } from './crd.ts';
import { controllerProgram } from './image.ts';

/** What can be chosen of an installation; kept with it, so that an upgrade keeps it. */
export interface Installation {
  readonly image: string;
  /** Namespaces whose KRMSyncers are carried out: each gets a Role. */
  readonly namespaces: readonly string[];
  /** As the controller's flag of that name. */
  readonly trusted: readonly string[];
  /** As the controller's flag of that name. */
  readonly innerCidrs: readonly string[];
  /** As the controller's flag of that name; its default where absent. */
  readonly mostObjects?: number | undefined;
  /** It serves the page, the API and the metrics. */
  readonly page?: boolean;
}

/** The name of the controller's Deployment, ServiceAccount, Roles and all else. */
export const controllerName = 'nsreplicate-controller';
/** What all of its objects bear. */
export const installLabels = {
  [Label.managedBy]: managerOf(tool),
  'app.kubernetes.io/name': controllerName,
  'app.kubernetes.io/component': 'controller',
} as const;
const selector = { 'app.kubernetes.io/name': controllerName };
/** Whose fields are those of what `install` applies, and of the definition, whoever of us made it. */
export const installManager = 'kubectl-nsreplicate-install';
/** The chosen installation, as JSON, on the Deployment. */
export const installationAnnotation = 'x8s.dev/installation';
const HEALTH_PORT = 8081;
/** Where the page is, of each pod and of the Service. */
export const PAGE_PORT = 8080;

/** All objects, in the order in which they are made. */
export function installationObjects(installation: Installation): KubeObject[] {
  return [
    stateNamespaceObject(),
    definition(),
    object('v1', 'ServiceAccount', {}),
    ...clusterRights(installation.namespaces),
    ...stateRights(),
    ...installation.namespaces.flatMap(namespaceRights),
    networkPolicy(installation),
    disruptionBudget(),
    service(installation),
    deployment(installation),
  ];
}

const metadata = { name: controllerName, namespace: stateNamespace, labels: { ...installLabels } };
const rbac = 'rbac.authorization.k8s.io/v1';

function object(apiVersion: string, kind: string, rest: object, place: object = {}): KubeObject {
  return { apiVersion, kind, metadata: { ...metadata, ...place }, ...rest };
}

/** Of the cluster: without a namespace. */
function clusterObject(apiVersion: string, kind: string, rest: object): KubeObject {
  const { namespace: _, ...own } = metadata;
  return { apiVersion, kind, metadata: own, ...rest };
}

function stateNamespaceObject(): KubeObject {
  const labels = {
    [Label.managedBy]: managerOf(tool),
    'pod-security.kubernetes.io/enforce': 'restricted',
    'pod-security.kubernetes.io/warn': 'restricted',
  };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: stateNamespace, labels } };
}

function definition(): KubeObject {
  const ours = syncerDefinition();
  return { ...ours, metadata: { ...ours.metadata, labels: { ...installLabels } } };
}

const reading = ['get', 'list', 'watch'];
const rule = (apiGroup: string, resources: string[], verbs: string[], resourceNames?: string[]) => ({
  apiGroups: [apiGroup],
  resources,
  verbs,
  ...(resourceNames && { resourceNames }),
});
const subjects = [{ kind: 'ServiceAccount', name: controllerName, namespace: stateNamespace }];
const roleRef = (kind: 'Role' | 'ClusterRole', name: string = controllerName) => ({
  apiGroup: 'rbac.authorization.k8s.io',
  kind,
  name,
});

/** KRMSyncers everywhere, and what tells who this cluster is and which addresses are inside of it: no objects of anybody. */
function clusterRights(namespaces: readonly string[]): KubeObject[] {
  const rules = [
    // To patch: the finalizer of those that want their copies to go along.
    rule(group, [krmSyncers.plural], [...reading, 'patch']),
    rule(group, [`${krmSyncers.plural}/status`], ['get', 'patch', 'update']),
    rule('', ['events'], ['create']),
    rule('', ['nodes'], ['list']),
    rule('networking.k8s.io', ['servicecidrs'], ['list']),
    rule('', ['services'], ['get'], ['kubernetes']),
    rule('', ['namespaces'], ['get'], ['kube-system', stateNamespace]),
    ...(namespaces.length > 0 ? [rule('', ['namespaces'], reading, [...namespaces])] : []),
  ];
  return [
    clusterObject(rbac, 'ClusterRole', { rules }),
    clusterObject(rbac, 'ClusterRoleBinding', { roleRef: roleRef('ClusterRole'), subjects }),
  ];
}

/** The tasks' state, the lease, and the label of the pod that leads. */
function stateRights(): KubeObject[] {
  const all = [...reading, 'create', 'update', 'patch', 'delete'];
  const rules = [
    rule('', ['configmaps', 'secrets'], all),
    rule('coordination.k8s.io', ['leases'], all),
    rule('', ['pods'], ['list', 'patch']),
  ];
  return [
    object(rbac, 'Role', { rules }),
    object(rbac, 'RoleBinding', { roleRef: roleRef('Role'), subjects }),
  ];
}

/** Kubeconfigs, tokens of ServiceAccounts, and what everyone may see there: no Secret of it is ever copied by these. */
function namespaceRights(namespace: string): KubeObject[] {
  const rules = [rule('', ['secrets'], reading), rule('', ['serviceaccounts/token'], ['create'])];
  const view = { namespace, name: `${controllerName}-view` };
  return [
    object(rbac, 'Role', { rules }, { namespace }),
    object(rbac, 'RoleBinding', { roleRef: roleRef('Role'), subjects }, { namespace }),
    object(rbac, 'RoleBinding', { roleRef: roleRef('ClusterRole', 'view'), subjects }, view),
  ];
}

/**
 * In: the kubelet's probes, and who asks for the page. Out: API servers, which may be anywhere, this cluster's own among
 * them. No ranges are named: to some networks (Cilium's, as it comes) not even `0.0.0.0/0` means nodes and the API server
 * on them. Where tenants' kubeconfigs may not lead, the controller itself refuses: see addresses.ts.
 */
function networkPolicy(installation: Installation): KubeObject {
  const ports = portsOf(installation).map(({ port }) => ({ protocol: 'TCP', port }));
  return object('networking.k8s.io/v1', 'NetworkPolicy', {
    spec: {
      podSelector: { matchLabels: selector },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ ports }],
      egress: [{}],
    },
  });
}

function disruptionBudget(): KubeObject {
  return object('policy/v1', 'PodDisruptionBudget', {
    spec: { minAvailable: 1, selector: { matchLabels: selector } },
  });
}

function portsOf({ page = false }: Installation) {
  return [{ name: 'health', port: HEALTH_PORT }, ...(page ? [{ name: 'page', port: PAGE_PORT }] : [])];
}

/** Leads to the pod that leads: one that stands by could not tell all that is asked. */
function service(installation: Installation): KubeObject {
  const ports = portsOf(installation).map(({ name, port }) => ({ name, port, targetPort: name }));
  return object('v1', 'Service', { spec: { selector: { ...selector, ...leaderLabel }, ports } });
}

function deployment(installation: Installation): KubeObject {
  const annotations = { [installationAnnotation]: JSON.stringify(installation) };
  return object(
    'apps/v1',
    'Deployment',
    {
      spec: {
        replicas: 2,
        selector: { matchLabels: selector },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: { metadata: { labels: { ...installLabels } }, spec: podSpec(installation) },
      },
    },
    { annotations },
  );
}

function podSpec(installation: Installation): object {
  const probe = (path: string) => ({ httpGet: { path, port: 'health' }, timeoutSeconds: 5 });
  return {
    serviceAccountName: controllerName,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: selector },
      },
    ],
    containers: [
      {
        name: 'controller',
        image: installation.image,
        command: [controllerProgram],
        args: controllerArguments(installation),
        env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        ports: portsOf(installation).map(({ name, port }) => ({ name, containerPort: port })),
        livenessProbe: { ...probe('/healthz'), periodSeconds: 10, failureThreshold: 6 },
        readinessProbe: { ...probe('/readyz'), periodSeconds: 2 },
        resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '1Gi' } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
      },
    ],
  };
}

function controllerArguments(installation: Installation): string[] {
  const { namespaces, trusted, innerCidrs, mostObjects, page = false } = installation;
  const lists = {
    '--token-namespaces': namespaces,
    '--trusted-namespaces': trusted,
    '--inner-cidrs': innerCidrs,
    '--most-objects': mostObjects === undefined ? [] : [mostObjects],
  };
  const flags = Object.entries(lists).flatMap(([flag, values]) =>
    values.length === 0 ? [] : [`${flag}=${values.join(',')}`],
  );
  const serving = page ? [`--listen=:${PAGE_PORT}`, '--own-certificate'] : [];
  // The kubelet puts the name in.
  return ['controller', `--health=:${HEALTH_PORT}`, '--pod=$(POD_NAME)', ...serving, ...flags];
}
