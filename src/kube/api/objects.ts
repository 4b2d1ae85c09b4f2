/**
 * Kubernetes objects as the raw JSON that the API server sends: no class, no dropped field, timestamps as
 * strings, integers beyond 2^53 as BigInts (json.ts). Each interface names only the fields that this project reads or
 * writes; every other field is carried through untouched by the index signature of {@link KubeObject}.
 */

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  generateName?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** RFC 3339, of the API server's clock. */
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: unknown[];
}

export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

/** One page of a list, or the whole of it. */
export interface KubeList<T extends KubeObject> {
  /** Resource version of the list as a whole: where a watch may start. */
  resourceVersion: string;
  items: T[];
}

/** `meta/v1.Condition` and its older relatives. */
export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

/** `meta/v1.Status`, as failed requests answer. */
export interface Status {
  kind: 'Status';
  status: 'Success' | 'Failure';
  code: number;
  reason?: string;
  message?: string;
  details?: {
    name?: string;
    kind?: string;
    group?: string;
    uid?: string;
    retryAfterSeconds?: number;
    causes?: { reason?: string; message?: string; field?: string }[];
  };
}

export interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
  immutable?: boolean;
}

export interface Secret extends KubeObject {
  type?: string;
  /** Values in base64. */
  data?: Record<string, string>;
  stringData?: Record<string, string>;
  immutable?: boolean;
}

export interface Namespace extends KubeObject {
  status?: { phase?: 'Active' | 'Terminating' };
}

export interface PersistentVolumeClaim extends KubeObject {
  spec: {
    accessModes?: string[];
    volumeName?: string;
    volumeMode?: 'Filesystem' | 'Block';
    storageClassName?: string;
    resources?: { requests?: Record<string, string> };
    [field: string]: unknown;
  };
  status?: {
    phase?: 'Pending' | 'Bound' | 'Lost';
    capacity?: Record<string, string>;
    conditions?: Condition[];
  };
}

export interface PersistentVolume extends KubeObject {
  spec: {
    /** The claim that it is bound to, or meant for. */
    claimRef?: { namespace?: string; name?: string; uid?: string };
    [field: string]: unknown;
  };
}

/** github.com/kubernetes-csi/external-snapshotter, client/apis/volumesnapshot/v1 */
export interface VolumeSnapshot extends KubeObject {
  spec: {
    volumeSnapshotClassName?: string;
    source: { persistentVolumeClaimName?: string; volumeSnapshotContentName?: string };
  };
  status?: {
    readyToUse?: boolean;
    /** Absent until the snapshot controller has taken it up. */
    boundVolumeSnapshotContentName?: string;
    /** The moment that it shows. */
    creationTime?: string;
    /** The least that a claim made of it has to ask for. */
    restoreSize?: string;
    error?: { message?: string; time?: string };
  };
}

export interface VolumeSnapshotClass extends KubeObject {
  driver: string;
  deletionPolicy: 'Delete' | 'Retain';
}

export interface StorageClass extends KubeObject {
  provisioner: string;
  volumeBindingMode?: 'Immediate' | 'WaitForFirstConsumer';
  reclaimPolicy?: 'Delete' | 'Retain';
  allowVolumeExpansion?: boolean;
}

export interface ContainerState {
  waiting?: { reason?: string; message?: string };
  running?: { startedAt?: string };
  terminated?: {
    exitCode: number;
    reason?: string;
    message?: string;
    signal?: number;
    startedAt?: string;
    finishedAt?: string;
  };
}

export interface ContainerStatus {
  name: string;
  image?: string;
  imageID?: string;
  containerID?: string;
  ready?: boolean;
  restartCount?: number;
  state?: ContainerState;
  lastState?: ContainerState;
}

export interface PodSpec {
  nodeName?: string;
  terminationGracePeriodSeconds?: number;
  containers: Record<string, unknown>[];
  volumes?: { name: string; persistentVolumeClaim?: { claimName: string }; [source: string]: unknown }[];
  [field: string]: unknown;
}

export interface Pod extends KubeObject {
  spec: PodSpec;
  status?: {
    phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
    reason?: string;
    message?: string;
    podIP?: string;
    hostIP?: string;
    conditions?: Condition[];
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
    ephemeralContainerStatuses?: ContainerStatus[];
  };
}

export interface Service extends KubeObject {
  spec: {
    type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
    clusterIP?: string;
    selector?: Record<string, string>;
    ports?: {
      name?: string;
      port: number;
      targetPort?: number | string;
      nodePort?: number;
      protocol?: string;
    }[];
    [field: string]: unknown;
  };
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
}

export interface Node extends KubeObject {
  spec?: { unschedulable?: boolean; [field: string]: unknown };
  status?: { addresses?: { type: string; address: string }[]; conditions?: Condition[] };
}

export interface StatefulSet extends KubeObject {
  spec: Record<string, unknown>;
  status?: { replicas?: number; readyReplicas?: number };
}

export interface Deployment extends KubeObject {
  spec: Record<string, unknown>;
}

export interface Job extends KubeObject {
  spec: Record<string, unknown>;
  status?: {
    active?: number;
    /** Pods that run. */
    ready?: number;
    startTime?: string;
    succeeded?: number;
    failed?: number;
    /** Only where it succeeded. */
    completionTime?: string;
    conditions?: Condition[];
  };
}

export interface CronJob extends KubeObject {
  spec: {
    schedule: string;
    timeZone?: string | undefined;
    suspend?: boolean | undefined;
    jobTemplate: { spec: Record<string, unknown> & { template: unknown }; [field: string]: unknown };
    [field: string]: unknown;
  };
  status?: {
    /** Jobs that run. */
    active?: { name?: string; uid?: string }[];
    lastScheduleTime?: string;
    /** When a Job of it last came to a good end. */
    lastSuccessfulTime?: string;
  };
}

export interface Role extends KubeObject {
  rules: { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] }[];
}

export interface RoleBinding extends KubeObject {
  roleRef: { apiGroup: string; kind: string; name: string };
  subjects: { kind: string; name: string; namespace?: string }[];
}

export interface NetworkPolicy extends KubeObject {
  spec: Record<string, unknown>;
}

export interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

export interface Event extends KubeObject {
  involvedObject?: { kind?: string; namespace?: string; name?: string; uid?: string };
  type?: 'Normal' | 'Warning';
  reason?: string;
  message?: string;
  count?: number;
  firstTimestamp?: string | null;
  lastTimestamp?: string | null;
  eventTime?: string | null;
}
