/** Opens a task: reads its config file, connects to its clusters, and puts together what it is told to do. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UnreachableError, UsageError } from '../../../../src/errors.ts';
import { unreadableFile } from '../../../../src/given-file.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import type { Cluster } from '../../clusters/cluster.ts';
import type { TaskSpec } from '../../decide/spec.ts';
import { clusterName, fileStem } from '../../rules/replica-names.ts';
import type { TaskConfig } from '../../rules/rule.ts';
import { type SpecFlags, specFrom, taskNameOf } from './task-spec.ts';

/** Everything a command needs to begin. */
export interface Opened {
  readonly spec: TaskSpec;
  readonly primary: Cluster;
  readonly replicas: readonly Cluster[];
  /** The cluster that keeps the task's state. */
  readonly state: KubeClient;
}

/** Flags that name clusters and the config file, and those that decide what is copied. */
export interface TaskFlags extends SpecFlags {
  readonly config: string | undefined;
  /** A context, or the path of a kubeconfig. */
  readonly primary: string | undefined;
  /** The same. */
  readonly replica: readonly string[];
  readonly replicaDir: string | undefined;
  readonly stateContext: string | undefined;
}

/** How clusters are reached. */
export interface Connections {
  /** By context; the current one where none is named. */
  context(name?: string): Promise<KubeClient>;
  /** By the path of a kubeconfig. */
  file(path: string): Promise<KubeClient>;
  /** Names of all contexts. */
  contexts(): Promise<readonly string[]>;
}

/**
 * What a command does with the state that earlier runs kept: without it nothing can be done, it is taken as far as it may
 * be read, or nothing of it is used.
 */
export type StateUse = 'needed' | 'where-allowed' | 'unused';

export interface OpenOptions {
  /** The task follows changes: a replica that does not answer just now is waited for. */
  readonly watches: boolean;
  /** Default: `needed`. */
  readonly stateUse?: StateUse | undefined;
  readonly signal: AbortSignal;
}

/** A replica as the command line or the file names it. */
interface NamedReplica {
  readonly name: string;
  readonly connect: () => Promise<KubeClient>;
}

/** @throws {UsageError | X8sError} flags and file do not fit together, or a cluster can't be reached */
export async function openTask(
  flags: TaskFlags,
  connections: Connections,
  options: OpenOptions,
): Promise<Opened> {
  const { stateUse, signal } = options;
  const files = await replicaFiles(flags.replicaDir);
  const [{ identify, checkDistinct, unidentified }, { mayPass }, config] = await Promise.all([
    import('../../clusters/cluster.ts'),
    import('../../../../src/kube/api/api-error.ts'),
    readConfig(flags.config, [...flags.replica.map(clusterName), ...files.map(fileStem)]),
  ]);
  const primaryText = flags.primary ?? config?.primary;
  const named = await namedReplicas(flags, config, files, connections);
  const client = await (primaryText === undefined
    ? connections.context()
    : contextOrFile(primaryText, connections));
  const primaryName = primaryText === undefined ? client.cluster.context : clusterName(primaryText);
  const state = flags.stateContext === undefined ? client : await connections.context(flags.stateContext);
  const knownFor = knownClustersOf(state, taskNameOf(flags, config), options);
  const primary = await identify(primaryName, client, { known: knownFor(client), signal });
  const spec = await specFrom(flags, config, primary, options);
  const known = await knownClusters(state, spec.name, options);
  const open = async ({ name, connect }: NamedReplica): Promise<Cluster> => {
    const kube = await connect();
    // One that does not answer, or with errors that may pass, is waited for, where it is known from before.
    const away = stateUse === 'unused' ? unidentified(name, kube) : { name, kube, id: known[name] };
    return identify(name, kube, { known: knownFor(kube), signal }).catch((error: unknown) => {
      const mayCome = mayPass(error) || error instanceof UnreachableError;
      if (!isKnown(away) || !mayCome) throw error;
      return away;
    });
  };
  const replicas = await Promise.all(named.map(open));
  checkDistinct(primary, replicas);
  return { spec, primary, replicas, state };
}

async function namedReplicas(
  flags: TaskFlags,
  config: TaskConfig | undefined,
  files: readonly string[],
  connections: Connections,
): Promise<NamedReplica[]> {
  const pullsAt = config?.pullsAt;
  if (pullsAt !== undefined) checkPull(pullsAt, flags.primary ?? config?.primary);
  const texts = [...(flags.replica.length > 0 ? flags.replica : (config?.replicas ?? []))];
  if (pullsAt !== undefined && texts.length + files.length === 0)
    texts.push((await connections.context()).cluster.context);
  if (texts.length + files.length === 0)
    throw new UsageError('no replica', { hint: 'Name one: --replica CONTEXT' });
  return [
    ...texts.map((text) => ({ name: clusterName(text), connect: () => contextOrFile(text, connections) })),
    ...files.map((file) => ({ name: fileStem(file), connect: () => connections.file(file) })),
  ];
}

/** @param replicas names of those that the command line gives */
async function readConfig(
  file: string | undefined,
  replicas: readonly string[],
): Promise<TaskConfig | undefined> {
  if (file === undefined) return undefined;
  const { parseConfig } = await import('../../rules/parse-config.ts');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw unreadableFile('--config', file, error);
  });
  return parseConfig(text, basename(file), replicas);
}

/** A context where there is one of that name, else a kubeconfig file. */
async function contextOrFile(text: string, connections: Connections): Promise<KubeClient> {
  const isContext = (await connections.contexts()).includes(text);
  return isContext || !(await isFile(text)) ? connections.context(text) : connections.file(text);
}

async function replicaFiles(dir: string | undefined): Promise<string[]> {
  if (dir === undefined) return [];
  const entries = await readdir(dir, { withFileTypes: true }).catch((error: unknown) => {
    throw unreadableFile('--replica-dir', dir, error);
  });
  const files = entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'));
  if (files.length === 0) throw new UsageError(`--replica-dir: ${dir} holds no kubeconfig`);
  return files.map(({ name }) => join(dir, name)).sort();
}

/** A file for the cluster that is copied to says nothing of where from: the current context would be the wrong one. */
function checkPull(place: string, primary: string | undefined): void {
  if (primary !== undefined) return;
  throw new UsageError(`${place}: it pulls: copies go into the cluster that the file belongs to.`, {
    hint: 'Name the cluster that they come from: --primary CONTEXT. Into: --replica CONTEXT, or the current context.',
  });
}

/** As what a cluster is known that may not be asked who it is. */
const knownClustersOf =
  (state: KubeClient, task: string, { stateUse, signal }: OpenOptions) =>
  (kube: KubeClient) =>
  async (): Promise<string | undefined> => {
    const { knownAs } = await import('../../state/known-clusters.ts');
    return stateUse === 'unused' ? undefined : knownAs(kube, { task, state, call: { signal } });
  };

/** The clusters that earlier runs knew, by their names. */
async function knownClusters(
  state: KubeClient,
  task: string,
  { watches, stateUse, signal }: OpenOptions,
): Promise<Readonly<Record<string, string>>> {
  if (!watches || stateUse === 'unused') return {};
  const [{ readSavedState }, { isForbidden }] = await Promise.all([
    import('../../state/state.ts'),
    import('../../../../src/kube/api/api-error.ts'),
  ]);
  const saved = await readSavedState(state, task, { signal }).catch((error: unknown) => {
    if (stateUse === 'where-allowed' && isForbidden(error)) return undefined;
    throw error;
  });
  return saved?.clusters ?? {};
}

const isKnown = (replica: Omit<Cluster, 'id'> & { readonly id: string | undefined }): replica is Cluster =>
  replica.id !== undefined;

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
