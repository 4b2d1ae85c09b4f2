/**
 * A stand-in for a CSI driver and the snapshot controller, for the lab, which has neither. It makes volumes of folders on
 * a node, and it really freezes: a snapshot is a copy of the folder, made when the snapshot is, and a volume that is made
 * of it begins with that. Its kubelet's side is missing, so that its volumes are `local` ones, which name it as their
 * maker.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Collection, type Context, OncePerKey } from '../../lab/agent/collection.ts';
import { bytesOf, makeVolume, removeVolume } from '../../lab/agent/volumes.ts';
import { clusterNamed, volumeDir } from '../../lab/config.ts';
import { Api, type KubeObject, mergeType } from '../../lab/kube.ts';
import { snapshotDefinitions } from '../../lab/snapshot-crds.ts';
import { kubectl } from './kubectl.ts';
import { must } from './process.ts';

interface Claim extends KubeObject {
  readonly spec: {
    readonly storageClassName?: string;
    readonly accessModes: readonly string[];
    readonly volumeName?: string;
    readonly resources: { readonly requests: { readonly storage: string } };
    readonly dataSource?: { readonly kind: string; readonly name: string };
  };
}

interface Snapshot extends KubeObject {
  readonly spec: {
    readonly volumeSnapshotClassName?: string;
    readonly source: { readonly persistentVolumeClaimName: string };
  };
  readonly status?: { readonly readyToUse?: boolean };
}

const group = '/apis/snapshot.storage.k8s.io/v1';

export class FakeCsiDriver {
  /** Of the driver and its StorageClass; its VolumeSnapshotClasses are this name, and `NAME-broken`. */
  readonly name: string;
  /** Called once a source is frozen, before anybody is told so. */
  frozen: (folder: string) => void = () => {};
  /** Makes no clones, as many drivers. */
  refusesClones = false;
  /** Claims whose snapshots were made. */
  readonly freezes: string[] = [];
  readonly #context: Context;
  readonly #namespace: string;
  readonly #stop = new AbortController();
  readonly #place: string;
  readonly #volumes = new Set<string>();
  /** By uid: a watch tells of a claim or a snapshot again while it is being worked on. */
  readonly #done = new Set<string>();

  private constructor(context: string, namespace: string) {
    const cluster = clusterNamed(context);
    this.name = `${namespace}.fake-csi`;
    this.#namespace = namespace;
    this.#place = cluster.nodes[0]?.name ?? '';
    this.#context = { api: new Api(context), cluster, signal: this.#stop.signal, log: () => {} };
  }

  /** Installs it in a cluster, for the claims of one namespace. */
  static async start(context: string, namespace: string): Promise<FakeCsiDriver> {
    const driver = new FakeCsiDriver(context, namespace);
    for (const file of await snapshotDefinitions()) await kubectl(context, ['apply', '-f', file]);
    await kubectl(context, ['wait', '--for=condition=Established', '--timeout=180s', ...definitions]);
    await kubectl(context, ['apply', '-f', '-'], JSON.stringify(driver.#classes()));
    driver.#serve();
    return driver;
  }

  /** Takes away what it made. */
  async stop(): Promise<void> {
    const { api, cluster } = this.#context;
    this.#stop.abort();
    const volumes = [...this.#volumes].map((name) => `persistentvolume/${name}`);
    const classes = [`storageclass/${this.name}`, ...definitions];
    await kubectl(cluster.name, ['delete', '--ignore-not-found', '--wait=false', ...volumes, ...classes]);
    for (const name of this.#volumes) await removeVolume(this.#place, name);
    api.close();
  }

  #classes(): object {
    const snapshotClass = (name: string) => ({
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotClass',
      metadata: { name, annotations: { [defaultClass]: `${name === this.name}` } },
      driver: this.name,
      deletionPolicy: 'Delete',
    });
    const storageClass = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: this.name },
      provisioner: this.name,
      reclaimPolicy: 'Retain',
    };
    const items = [storageClass, snapshotClass(this.name), snapshotClass(`${this.name}-broken`)];
    return { apiVersion: 'v1', kind: 'List', items };
  }

  #serve(): void {
    const keyed = new OncePerKey(this.#context);
    // What is still to be done when it is stopped has nobody who waits for it.
    const once = (uid: string, work: () => Promise<void>) =>
      keyed.run(uid, async () => {
        if (this.#stop.signal.aborted || this.#done.has(uid)) return;
        await work();
        this.#done.add(uid);
      });
    const claims = `/api/v1/namespaces/${this.#namespace}/persistentvolumeclaims`;
    new Collection<Claim>(this.#context, claims, (claim, gone) => {
      const { uid = '' } = claim.metadata;
      if (claim.spec.storageClassName !== this.name || gone || claim.spec.volumeName) return;
      once(uid, () => this.#provision(claim));
    });
    const snapshots = `${group}/namespaces/${this.#namespace}/volumesnapshots`;
    new Collection<Snapshot>(this.#context, snapshots, (snapshot, gone) => {
      const { uid = '' } = snapshot.metadata;
      if (gone) rmSync(frozenFolder(uid), { recursive: true, force: true });
      else if (snapshot.status?.readyToUse === undefined) once(uid, () => this.#freeze(snapshot));
    });
  }

  async #provision(claim: Claim): Promise<void> {
    const { spec, metadata } = claim;
    if (this.refusesClones && spec.dataSource) return this.#refuse(claim);
    const name = `pvc-${metadata.uid}`;
    const bytes = bytesOf(spec.resources.requests.storage);
    const path = await makeVolume({ name, place: this.#place, medium: 'disk', bytes });
    this.#volumes.add(name);
    if (spec.dataSource) await copyTree(await this.#originOf(spec.dataSource), path);
    await this.#context.api
      .post('/api/v1/persistentvolumes', this.#volume(claim, name, path))
      .catch(unlessThere);
  }

  /** Says so as external-provisioner does. */
  async #refuse({ metadata: { name, namespace, uid } }: Claim): Promise<void> {
    const now = new Date().toISOString();
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `refused-${uid}`, namespace },
      involvedObject: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
      type: 'Warning',
      ...{ reason: 'ProvisioningFailed', message: 'the driver makes no clones' },
      ...{ firstTimestamp: now, lastTimestamp: now },
    };
    await this.#context.api.post(`/api/v1/namespaces/${namespace}/events`, event).catch(unlessThere);
  }

  /** What a claim is made of: a snapshot's copy, or another claim's folder. */
  async #originOf({ kind, name }: NonNullable<Claim['spec']['dataSource']>): Promise<string> {
    if (kind === 'PersistentVolumeClaim') return this.#folderOf(name);
    const path = `${group}/namespaces/${this.#namespace}/volumesnapshots/${name}`;
    return frozenFolder((await this.#context.api.get<Snapshot>(path)).metadata.uid ?? '');
  }

  async #folderOf(claim: string): Promise<string> {
    const path = `/api/v1/namespaces/${this.#namespace}/persistentvolumeclaims/${claim}`;
    const { spec } = await this.#context.api.get<Claim>(path);
    return join(volumeDir(this.#place), spec.volumeName ?? '');
  }

  async #freeze({ metadata: { name, uid = '' }, spec }: Snapshot): Promise<void> {
    const status = (fields: object) =>
      this.#context.api.patch(
        `${group}/namespaces/${this.#namespace}/volumesnapshots/${name}/status`,
        { status: fields },
        mergeType,
      );
    if (spec.volumeSnapshotClassName?.endsWith('-broken')) {
      await status({ readyToUse: false, error: { message: 'the array has no room for a snapshot' } });
      return;
    }
    const { persistentVolumeClaimName: claim } = spec.source;
    const folder = await this.#folderOf(claim);
    await copyTree(folder, frozenFolder(uid));
    this.freezes.push(claim);
    this.frozen(folder);
    const creationTime = new Date().toISOString();
    const bound = `content-${uid}`;
    await status({
      boundVolumeSnapshotContentName: bound,
      creationTime,
      readyToUse: true,
      restoreSize: '300Mi',
    });
  }

  #volume({ metadata, spec }: Claim, name: string, path: string): object {
    const { uid, namespace } = metadata;
    const hostnames = [{ key: 'kubernetes.io/hostname', operator: 'In', values: [this.#place] }];
    return {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': this.name } },
      spec: {
        capacity: spec.resources.requests,
        accessModes: spec.accessModes,
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: this.name,
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: metadata.name, uid },
        local: { path },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: hostnames }] } },
      },
    };
  }
}

const defaultClass = 'snapshot.storage.kubernetes.io/is-default-class';
const definitions = ['volumesnapshotclasses', 'volumesnapshotcontents', 'volumesnapshots'].map(
  (plural) => `customresourcedefinition/${plural}.snapshot.storage.k8s.io`,
);
const frozenFolder = (uid: string): string => join(volumeDir('frozen'), uid);

async function copyTree(from: string, to: string): Promise<void> {
  await must('mkdir', ['-p', to]);
  await must('cp', ['-a', `${from}/.`, to]);
}

function unlessThere(error: unknown): void {
  if ((error as { status?: number }).status !== 409) throw error;
}
