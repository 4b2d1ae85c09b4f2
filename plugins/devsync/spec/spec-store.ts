/** The specifications in a cluster: made, found, listed, deleted. */
import { realpathSync, statSync } from 'node:fs';
import type { Clock } from '../../../src/clock.ts';
import { messageOf, RefusedError, UnreachableError, UsageError, X8sError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { clusterId } from '../../../src/kube/cluster/identity.ts';
import { checkTaskName } from '../../../src/tasks/names.ts';
import { recognisePeer } from '../../../src/tasks/peer.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { TaskStore } from '../../../src/tasks/store.ts';
import { rootIdOf } from '../sync/metadata/metadata-folder.ts';
import { forgetNamesakes, refuseLocalOverlap } from './overlap.ts';
import { areNested, asSpec, haveSameTarget, role, type SyncSpec, schema, tool } from './spec.ts';
import type { Registered, Workstation } from './workstation.ts';

/** Milliseconds for another cluster to say whether it still has a sync. */
const answerLimit = 5000;

const notKnown = (server: string): Promise<never> =>
  Promise.reject(new UnreachableError(`no way to ${server} is known`));

/** A sync as the cluster knows it. */
export interface Sync {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly spec: SyncSpec;
  readonly record: TaskRecord;
}

/** A record of ours that makes no sense to this version: somebody edited it, or a newer version wrote it. */
export interface Unreadable extends Omit<Sync, 'spec'> {
  readonly why: string;
}

export interface CreateOptions {
  readonly name: string;
  readonly namespace: string;
  readonly spec: SyncSpec;
  readonly allowOverlap: boolean;
  /** The configuration file that it stands in. */
  readonly file?: string;
  readonly signal: AbortSignal;
}

/** What a person has said of a sync on this workstation. */
interface Said {
  readonly clusterUid: string | undefined;
  readonly file: string | undefined;
  readonly overlaps: boolean;
}

const byPlace = (a: Sync | Unreadable, b: Sync | Unreadable): number =>
  a.namespace.localeCompare(b.namespace) || a.name.localeCompare(b.name);

export class SpecStore {
  readonly #kube: KubeClient;
  readonly #store: TaskStore;
  readonly #workstation: Workstation;

  readonly #clock: Clock;
  readonly #kubeByServer: (server: string) => Promise<KubeClient>;

  /** @param kubeByServer finds other clusters that this workstation has syncs in; rejects where none answers to that. */
  constructor(
    kube: KubeClient,
    workstation: Workstation,
    clock: Clock,
    kubeByServer: (server: string) => Promise<KubeClient> = notKnown,
  ) {
    this.#kube = kube;
    this.#workstation = workstation;
    this.#clock = clock;
    this.#kubeByServer = kubeByServer;
    this.#store = new TaskStore({ kube, tool, schema, clock });
  }

  /** Makes one. A name in use, and directories that are synced already, are refused. */
  async create(options: CreateOptions): Promise<Sync> {
    const { name, namespace, spec, allowOverlap, signal } = options;
    checkTaskName(tool, name, [role], 'sync');
    if (!allowOverlap) await this.#refuseOverlap(name, namespace, spec, signal);
    return await this.#make(options);
  }

  async #make({ name, namespace, spec, allowOverlap, file, signal }: CreateOptions): Promise<Sync> {
    const existing = await this.#store.find(namespace, name, role, { signal });
    if (existing && !existing.deleting)
      throw new RefusedError(`there is a sync ${JSON.stringify(name)} in namespace ${namespace} already`, {
        details: [describeRecord(existing)],
        hint: `Use another --name, or delete it: kubectl devsync delete ${name} -n ${namespace}`,
      });
    // Only now: a sync that is refused leaves nothing behind in LOCAL.
    const { path } = spec.local;
    const rootId = rootIdOf(path, this.#workstation.metadataCandidatesFor(path));
    const marked = { ...spec, local: { ...spec.local, rootId } };
    const clusterUid = await clusterId(this.#kube, { signal });
    const { record } = await this.#store.open({ namespace, task: name, role, spec: marked, signal });
    const sync = toSync(record);
    forgetNamesakes(this.#workstation, this.#register(sync, { clusterUid, file, overlaps: allowOverlap }));
    return sync;
  }

  /** Notes a sync on this workstation, and what a person has seen and said of it here. */
  #register({ uid, name, namespace, spec }: Omit<Sync, 'record'>, said: Said): Registered {
    const { clusterUid, file, overlaps } = said;
    const about = { uid, name, namespace, server: this.#kube.cluster.server, path: spec.local.path };
    const made: Registered = {
      ...about,
      agreed: spec,
      ...(clusterUid !== undefined && { clusterUid }),
      ...(file !== undefined && { file }),
      ...(overlaps && { overlaps: true }),
    };
    this.#workstation.register(made);
    return made;
  }

  /** Notes a sync that was made before. */
  #registerAgain(sync: Omit<Sync, 'record'>, file: string | undefined): void {
    const known = this.#workstation.find(sync.uid);
    this.#register(sync, { clusterUid: known?.clusterUid, file, overlaps: known?.overlaps === true });
  }

  /** One by its name. */
  async get(namespace: string, name: string, signal: AbortSignal): Promise<Sync> {
    return toSync(await this.record(namespace, name, signal));
  }

  /** As the cluster has it, whether it makes sense or not. */
  async record(namespace: string, name: string, signal: AbortSignal): Promise<TaskRecord> {
    const record = await this.#store.find(namespace, name, role, { signal });
    if (record !== undefined) return record;
    throw new X8sError(
      `${this.#kube.cluster.context}: no sync ${JSON.stringify(name)} in namespace ${namespace}`,
      {
        hint: 'kubectl devsync get -A lists all of this cluster.',
      },
    );
  }

  /** Whether a name is in use. */
  async has(namespace: string, name: string, signal: AbortSignal): Promise<boolean> {
    const record = await this.#store.find(namespace, name, role, { signal });
    return record !== undefined && !record.deleting;
  }

  /** Whether this very one still exists. */
  async isThere({ namespace, name, uid }: Pick<Sync, 'namespace' | 'name' | 'uid'>, signal: AbortSignal) {
    const record = await this.#store.find(namespace, name, role, { signal });
    return record?.uid === uid;
  }

  /** All of a namespace, or of the cluster, that make sense. */
  async list(namespace: string | undefined, signal: AbortSignal): Promise<Sync[]> {
    return (await this.survey(namespace, signal)).syncs;
  }

  /** All of a namespace, or of the cluster, by their names, with those that cannot be read listed apart. */
  async survey(
    namespace: string | undefined,
    signal: AbortSignal,
  ): Promise<{ syncs: Sync[]; unreadable: Unreadable[] }> {
    const records = (await this.#store.list({ namespace, role, signal })).map(read).sort(byPlace);
    const isUnreadable = (one: Sync | Unreadable): one is Unreadable => 'why' in one;
    return {
      syncs: records.filter((one): one is Sync => !isUnreadable(one)),
      unreadable: records.filter(isUnreadable),
    };
  }

  /** Notes that a person has agreed to this very sync as it is, and that it may be run here. */
  noteAgreed(sync: Sync): void {
    const known = this.#workstation.find(sync.uid);
    this.#registerAgain(sync, known?.file);
  }

  /** Notes that a configuration file says what this very sync is to be. */
  noteFile(sync: Sync, file: string): void {
    this.#registerAgain(sync, file);
  }

  /** Gives a sync that does not run other rules; what was agreed on still holds. */
  async revise(
    { name, namespace, uid, record, spec: { local } }: Sync,
    spec: SyncSpec,
    signal: AbortSignal,
    file?: string,
  ): Promise<Sync> {
    const revised = { ...spec, local };
    const sync = toSync(await this.#store.redefine(record, revised, { signal }));
    this.#registerAgain({ uid, name, namespace, spec: revised }, file);
    return sync;
  }

  /** Gives a sync another specification under its name: nothing that was agreed on goes with it. */
  async replace(sync: Sync, spec: SyncSpec, signal: AbortSignal, file?: string): Promise<Sync> {
    const { name, namespace } = sync;
    // What is refused must not be gone.
    await this.#refuseOverlap(name, namespace, spec, signal);
    await this.delete(sync, signal);
    const made = { name, namespace, spec, allowOverlap: false, ...(file !== undefined && { file }), signal };
    return await this.#make(made);
  }

  /** Deletes one and forgets what this workstation kept of it. Files are left alone on both sides. */
  async delete({ record }: Pick<Sync, 'record'>, signal: AbortSignal): Promise<void> {
    await this.#store.remove(record, { signal });
    this.#workstation.forget(record.uid);
  }

  /** Whether this workstation and this very directory are the ones that a sync was made with. */
  belongsHere({ spec }: Sync): boolean {
    return spec.local.workstation === this.#workstation.id;
  }

  async #refuseOverlap(name: string, namespace: string, spec: SyncSpec, signal: AbortSignal): Promise<void> {
    const wanted = { name, namespace, server: this.#kube.cluster.server, path: spec.local.path };
    await refuseLocalOverlap(this.#workstation, wanted, (one) => this.#isRegisteredThere(one, signal));
    const others = await this.#visible(namespace, signal);
    const remote = others.find(
      (one) =>
        one.name !== name &&
        one.namespace === namespace &&
        haveSameTarget(one.spec.target, spec.target) &&
        areNested(one.spec.remote, spec.remote),
    );
    if (remote)
      throw new RefusedError(
        `${spec.remote} overlaps with ${remote.spec.remote} of the sync ${remote.name}`,
        {
          details: [describeRecord(remote.record)],
          hint: '--allow-overlap allows it; changes then travel from one sync to the other.',
        },
      );
  }

  /** Asks the cluster that a sync was made in. */
  async #isRegisteredThere(
    { server, clusterUid, namespace, name, uid }: Registered,
    signal: AbortSignal,
  ): Promise<boolean> {
    const call = { signal, timeoutMs: answerLimit };
    const isHere = server === this.#kube.cluster.server;
    const found = isHere ? this.#kube : await this.#kubeByServer(server);
    const { kube, doubt } = await recognisePeer(found, { server, clusterUid }, call, 'the sync');
    const store = new TaskStore({ kube, tool, schema, clock: this.#clock });
    const record = await store.find(namespace, name, role, call);
    // It may be in another cluster.
    if (record?.uid !== uid && doubt !== undefined) throw new UnreachableError(doubt);
    return record?.uid === uid;
  }

  async #visible(namespace: string, signal: AbortSignal): Promise<Sync[]> {
    try {
      return await this.list(namespace, signal);
    } catch (error) {
      if (isForbidden(error)) return [];
      throw error;
    }
  }
}

function read(record: TaskRecord): Sync | Unreadable {
  const { task: name, namespace, uid, unreadable } = record;
  const common = { name, namespace, uid, record };
  if (unreadable !== undefined) return { ...common, why: unreadable };
  try {
    return { ...common, spec: asSpec(record.spec) };
  } catch (error) {
    return { ...common, why: `its specification makes no sense: ${messageOf(error)}` };
  }
}

function toSync(record: TaskRecord): Sync {
  const found = read(record);
  if (!('why' in found)) return found;
  const { name, namespace, why } = found;
  throw new X8sError(`the sync ${name} in namespace ${namespace} cannot be read: ${why}`, {
    hint: `The version of kubectl devsync that wrote it may know it; kubectl devsync delete ${name} -n ${namespace} removes it.`,
  });
}

function describeRecord(record: TaskRecord): string {
  const found = read(record);
  if ('why' in found) return `It cannot be read: ${found.why}`;
  const { local, remote } = found.spec;
  return `${local.path} of ${local.who} with ${remote}, made ${record.createdAt}`;
}

/** A local directory as it is kept: absolute, without links. Bad ones are refused at once. */
export function checkLocal(path: string): string {
  let real: string;
  try {
    real = realpathSync(path);
    if (!statSync(real).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UsageError(`LOCAL ${path} does not exist`);
    if (code === 'ENOTDIR')
      throw new UsageError(`LOCAL ${path} is not a directory`, { hint: 'Only directories can be synced.' });
    throw new UsageError(`LOCAL ${path} cannot be used: ${code}`);
  }
  return real;
}
