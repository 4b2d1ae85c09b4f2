/** Dynamic provisioning: a PersistentVolume for each claim of the lab's classes, and its removal after release. */
import { basename, dirname } from 'node:path';
import { ApiError, type KubeObject } from '../kube.ts';
import { provisioner } from '../manifests.ts';
import { Collection, type Context, keyOf, OncePerKey } from './collection.ts';
import { bytesOf, growVolume, makeVolume, media, removeVolume } from './volumes.ts';

interface Claim extends KubeObject {
  readonly spec: {
    readonly storageClassName?: string;
    readonly accessModes: readonly string[];
    readonly volumeMode?: string;
    readonly volumeName?: string;
    readonly resources: { readonly requests: { readonly storage: string } };
  };
  readonly status?: { readonly capacity?: { readonly storage: string } };
}

interface Volume extends KubeObject {
  readonly spec: {
    readonly persistentVolumeReclaimPolicy: string;
    readonly local?: { readonly path: string };
    readonly hostPath?: { readonly path: string };
  };
  readonly status?: { readonly phase?: string };
}

interface StorageClass extends KubeObject {
  readonly provisioner: string;
  readonly reclaimPolicy: string;
  readonly volumeBindingMode: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** On a claim: how many files its tmpfs takes. */
export const inodesAnnotation = 'lab.x8s.dev/inodes';
const provisionerAnnotation = 'volume.kubernetes.io/storage-provisioner';
const nodeAnnotation = 'volume.kubernetes.io/selected-node';

/** Serves the claims of one cluster for as long as the agent runs. */
export function serveVolumes(context: Context): void {
  const once = new OncePerKey(context);
  new Collection<Claim>(context, '/api/v1/persistentvolumeclaims', (claim, gone) => {
    if (!gone && isOurs(claim)) once.run(`claim ${claim.metadata.uid}`, () => provision(context, claim));
    if (!gone && isToGrow(claim)) once.run(`growth ${claim.metadata.uid}`, () => grow(context, claim));
  });
  new Collection<Volume>(context, '/api/v1/persistentvolumes', (volume, gone) => {
    if (!gone && isReleased(volume))
      once.run(`volume ${volume.metadata.name}`, () => reclaim(context, volume));
  });
}

const isOurs = ({ metadata, spec }: Claim): boolean =>
  metadata.annotations?.[provisionerAnnotation] === provisioner &&
  !spec.volumeName &&
  !metadata.deletionTimestamp;

const isToGrow = ({ metadata, spec, status }: Claim): boolean =>
  metadata.annotations?.[provisionerAnnotation] === provisioner &&
  status?.capacity !== undefined &&
  bytesOf(spec.resources.requests.storage) > bytesOf(status.capacity.storage);

const isReleased = ({ metadata, spec, status }: Volume): boolean =>
  metadata.annotations?.['pv.kubernetes.io/provisioned-by'] === provisioner &&
  status?.phase === 'Released' &&
  spec.persistentVolumeReclaimPolicy === 'Delete' &&
  !metadata.deletionTimestamp;

async function provision(context: Context, claim: Claim): Promise<void> {
  const { api, cluster } = context;
  const path = `/apis/storage.k8s.io/v1/storageclasses/${claim.spec.storageClassName}`;
  const storageClass = await api.get<StorageClass>(path);
  const waits = storageClass.volumeBindingMode === 'WaitForFirstConsumer';
  const node = claim.metadata.annotations?.[nodeAnnotation] ?? (waits ? undefined : cluster.nodes[0]?.name);
  const { medium = 'disk', scope = 'node', inodes } = storageClass.parameters ?? {};
  if (!node || (claim.spec.volumeMode === 'Block') !== (medium === 'block')) return;
  const limit = claim.metadata.annotations?.[inodesAnnotation] ?? inodes;
  const name = `pvc-${claim.metadata.uid}`;
  const folder = await makeVolume({
    name,
    place: scope === 'cluster' ? cluster.name : node,
    medium: media.find((known) => known === medium) ?? 'disk',
    bytes: bytesOf(claim.spec.resources.requests.storage),
    inodes: limit ? Number(limit) : undefined,
  });
  const volume = volumeObject(name, claim, storageClass, folder, scope === 'cluster' ? undefined : node);
  await api.post('/api/v1/persistentvolumes', volume).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
  });
  context.log(`made ${name} for ${keyOf(claim)} on ${node}`);
}

function volumeObject(
  name: string,
  claim: Claim,
  storageClass: StorageClass,
  path: string,
  node?: string,
): object {
  const { metadata, spec } = claim;
  const hostPath = storageClass.parameters?.type === 'hostPath';
  const hostnames = [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }];
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': provisioner } },
    spec: {
      capacity: { storage: spec.resources.requests.storage },
      accessModes: spec.accessModes,
      volumeMode: spec.volumeMode ?? 'Filesystem',
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy,
      storageClassName: storageClass.metadata.name,
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
      },
      ...(hostPath ? { hostPath: { path } } : { local: { path } }),
      ...(node
        ? { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: hostnames }] } } }
        : {}),
    },
  };
}

/** Grows a volume as external-resizer and a CSI driver's node do. */
async function grow({ api, log }: Context, claim: Claim): Promise<void> {
  const { metadata, spec } = claim;
  const capacity = spec.resources.requests;
  const path = `/api/v1/persistentvolumes/${spec.volumeName}`;
  const volume = await api.get<Volume>(path);
  const folder = volume.spec.local?.path ?? volume.spec.hostPath?.path;
  if (folder) await growVolume(folder, bytesOf(capacity.storage));
  await api.patch(path, { spec: { capacity } });
  const claims = `/api/v1/namespaces/${metadata.namespace}/persistentvolumeclaims`;
  await api.patch(`${claims}/${metadata.name}/status`, { status: { capacity } });
  log(`made ${spec.volumeName} as large as ${capacity.storage}`);
}

async function reclaim({ api, log }: Context, volume: Volume): Promise<void> {
  const { name, uid } = volume.metadata;
  const path = volume.spec.local?.path ?? volume.spec.hostPath?.path;
  if (path) await removeVolume(basename(dirname(path)), name);
  await api
    .delete(`/api/v1/persistentvolumes/${name}`, { preconditions: { uid } })
    .catch((error: unknown) => {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    });
  log(`removed ${name}`);
}
