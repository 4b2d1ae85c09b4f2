/**
 * Kubeconfig files, read and merged by kubectl's rules
 * (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/): the first file that
 * defines a name wins, missing files of a KUBECONFIG list are skipped, paths are relative to their file.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { UsageError } from '../../errors.ts';
import { unreadableFile } from '../../given-file.ts';
import { inFolder, kubeconfigFiles } from './kubeconfig-files.ts';

/** A cluster as written in the file; fields that nothing here reads are carried along. */
export interface ClusterEntry {
  server?: string;
  'certificate-authority'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'proxy-url'?: string;
  [field: string]: unknown;
}

export interface ExecEntry {
  apiVersion?: string;
  command?: string;
  args?: string[] | null;
  env?: { name: string; value: string }[] | null;
  installHint?: string;
  provideClusterInfo?: boolean;
  [field: string]: unknown;
}

/** A login that client-go once had built in; `oidc` is the last of them. */
export interface AuthProviderEntry {
  name?: string;
  config?: Record<string, unknown> | null;
}

/** A user as written in the file. Secret: never log it. */
export interface UserEntry {
  token?: string;
  tokenFile?: string;
  'client-certificate'?: string;
  'client-key'?: string;
  exec?: ExecEntry;
  'auth-provider'?: AuthProviderEntry | null;
  as?: string;
  'as-uid'?: string;
  'as-groups'?: string[];
  'as-user-extra'?: Record<string, string[]>;
  [field: string]: unknown;
}

export interface ContextEntry {
  cluster?: string;
  user?: string;
  namespace?: string;
}

export interface Kubeconfig {
  /** Where it was read from, for messages: paths, or `the pod's service account`. */
  readonly origin: string;
  readonly currentContext: string;
  readonly contexts: ReadonlyMap<string, ContextEntry>;
  readonly clusters: ReadonlyMap<string, ClusterEntry>;
  readonly users: ReadonlyMap<string, UserEntry>;
  /** The file that each user is written in, by its absolute path; absent where it is no file. */
  readonly userFiles?: ReadonlyMap<string, string>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The kubeconfig that kubectl would use: `path` (`--kubeconfig`) alone, else the files of KUBECONFIG, else
 * `~/.kube/config`, else the service account of the pod that this runs in.
 * @throws {UsageError} a file that can't be read, or is no kubeconfig; `path` is missing
 */
export async function loadKubeconfig(path?: string, env: Environment = process.env): Promise<Kubeconfig> {
  if (path) return loadKubeconfigFile(path);
  const { platform } = process;
  const files = kubeconfigFiles({ env, platform, home: homedir(), isFile: existsSync });
  const found = (await Promise.all(files.map(readIfThere))).filter((file) => file !== undefined);
  if (found.length > 0) return merge(found, files.join(delimiter));
  return (await inCluster(env)) ?? merge([], files.join(delimiter));
}

/**
 * One kubeconfig file by its path.
 * @throws {UsageError} it is missing, can't be read, or is no kubeconfig
 */
export async function loadKubeconfigFile(path: string): Promise<Kubeconfig> {
  const file = await readIfThere(path);
  if (!file) throw new UsageError(`kubeconfig ${path}: no such file`);
  return merge([file], path);
}

/** Names of all contexts, and the current one ('' where none is set); for completion and for messages. */
export async function listContexts(path?: string): Promise<{ current: string; names: string[] }> {
  const { currentContext, contexts } = await loadKubeconfig(path);
  return { current: currentContext, names: [...contexts.keys()] };
}

/** Contexts that lead to this API server, the current one first: contexts are local names, servers are not. */
export async function contextsOfServer(server: string, path?: string): Promise<string[]> {
  const { currentContext, contexts, clusters } = await loadKubeconfig(path);
  const wanted = normalServer(server);
  const names = [...contexts].flatMap(([name, { cluster }]) =>
    normalServer(clusters.get(cluster ?? '')?.server ?? '') === wanted ? [name] : [],
  );
  return names.sort((a, b) => Number(b === currentContext) - Number(a === currentContext));
}

/**
 * A server's URL in the one form that can be compared: case, default port and slash at the end; without a
 * scheme it is HTTP, as for kubectl. Undefined where it is no such URL.
 */
export function normalServer(server: string): string | undefined {
  const url = URL.parse(server.includes('://') ? server : `http://${server}`);
  return url && /^https?:$/.test(url.protocol) ? url.href.replace(/\/$/, '') : undefined;
}

async function readIfThere(path: string): Promise<Kubeconfig | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw unreadableFile('kubeconfig', path, error);
  });
  return text === undefined ? undefined : anchored(parseKubeconfig(text, path), path);
}

/**
 * A kubeconfig that is no file, with paths as they are written in it.
 * @param path where it came from, for messages
 * @throws {UsageError} not a kubeconfig; says where, and quotes nothing of it, since it holds secrets
 */
export function parseKubeconfig(text: string, path: string): Kubeconfig {
  const document = parseYaml(text, path) ?? {};
  if (typeof document !== 'object' || Array.isArray(document))
    throw new UsageError(`kubeconfig ${path}: not a kubeconfig: a mapping is expected`);
  const root = document as Record<string, unknown>;
  return {
    origin: path,
    currentContext: typeof root['current-context'] === 'string' ? root['current-context'] : '',
    contexts: entries<ContextEntry>(root.contexts, 'context', path),
    clusters: entries<ClusterEntry>(root.clusters, 'cluster', path),
    users: entries<UserEntry>(root.users, 'user', path),
  };
}

/** Paths in a file are relative to its folder. */
function anchored(config: Kubeconfig, path: string): Kubeconfig {
  const folder = dirname(path);
  for (const user of config.users.values()) anchorUser(user, folder);
  for (const cluster of config.clusters.values()) anchor(cluster, 'certificate-authority', folder);
  const file = resolve(path);
  return { ...config, userFiles: new Map([...config.users.keys()].map((name) => [name, file])) };
}

function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text, { prettyErrors: true });
  } catch (error) {
    const line = error instanceof YAMLParseError ? error.linePos?.[0].line : undefined;
    throw new UsageError(`kubeconfig ${path}${line === undefined ? '' : `, line ${line}`}: not valid YAML`);
  }
}

function entries<T extends object>(list: unknown, field: string, path: string): Map<string, T> {
  if (list === undefined || list === null) return new Map();
  if (!Array.isArray(list)) throw new UsageError(`kubeconfig ${path}: ${field}s is not a list`);
  return new Map(
    list.map((entry: Record<string, unknown> | null, index): [string, T] => {
      if (typeof entry?.name !== 'string')
        throw new UsageError(`kubeconfig ${path}: ${field}s[${index}] has no name`);
      return [entry.name, (entry[field] ?? {}) as T];
    }),
  );
}

function anchor(entry: Record<string, unknown>, field: string, folder: string): void {
  const path = entry[field];
  if (typeof path === 'string' && path !== '') entry[field] = inFolder(folder, path, process.platform);
}

function anchorUser(user: UserEntry, folder: string): void {
  for (const field of ['client-certificate', 'client-key', 'tokenFile']) anchor(user, field, folder);
  const login = user['auth-provider']?.config;
  if (login) anchor(login, 'idp-certificate-authority', folder);
  // A bare command is looked up on PATH; one with a slash is a path, relative to the file.
  if (user.exec?.command && /[/\\]/.test(user.exec.command)) anchor(user.exec, 'command', folder);
}

function merge(files: readonly Kubeconfig[], origin: string): Kubeconfig {
  const firstWins = <T>(maps: ReadonlyMap<string, T>[]) =>
    new Map(maps.toReversed().flatMap((map) => [...map]));
  return {
    origin,
    currentContext: files.map((file) => file.currentContext).find((name) => name !== '') ?? '',
    contexts: firstWins(files.map((file) => file.contexts)),
    clusters: firstWins(files.map((file) => file.clusters)),
    users: firstWins(files.map((file) => file.users)),
    userFiles: firstWins(files.map((file) => file.userFiles ?? new Map<string, string>())),
  };
}

/** What a pod is given; undefined outside of pods. */
async function inCluster(env: Environment): Promise<Kubeconfig | undefined> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  const namespace = await readFile(join(serviceAccount, 'namespace'), 'utf8').catch(() => undefined);
  if (!host || namespace === undefined) return undefined;
  const name = 'in-cluster';
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    origin: "the pod's service account",
    currentContext: name,
    contexts: new Map([[name, { cluster: name, user: name, namespace: namespace.trim() }]]),
    clusters: new Map([[name, { server, 'certificate-authority': join(serviceAccount, 'ca.crt') }]]),
    users: new Map([[name, { tokenFile: join(serviceAccount, 'token') }]]),
  };
}
