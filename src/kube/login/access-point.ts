/** From a kubeconfig and the command line's flags to one cluster and one user. */

import { closest } from '../../closest.ts';
import { UsageError } from '../../errors.ts';
import type { ClusterInfo } from '../api/client.ts';
import { type ClusterEntry, type Kubeconfig, normalServer, type UserEntry } from './kubeconfig.ts';
import { proxyFor } from './proxy.ts';

/** What kubectl's own flags can change. */
export interface AccessOverrides {
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly server?: string | undefined;
  readonly token?: string | undefined;
  /** Impersonation: `--as`, `--as-group`, `--as-uid`. */
  readonly as?: string | undefined;
  readonly asGroups?: readonly string[] | undefined;
  readonly asUid?: string | undefined;
}

/** Where a user is written down. */
export interface UserPlace {
  /** Absolute path of the kubeconfig, as it was named: it may be a symbolic link. */
  readonly file: string;
  readonly name: string;
}

/** One cluster, and who talks to it. */
export interface AccessPoint {
  readonly info: ClusterInfo;
  readonly cluster: ClusterEntry & { server: string };
  /** Secret: never log it. */
  readonly user: UserEntry;
  /** Absent where the user is in no file. */
  readonly userPlace?: UserPlace | undefined;
}

/**
 * Picks the context (the current one where none is named) and applies the flags to it.
 * @throws {UsageError} no such context, cluster or user: names those that exist, the closest first
 */
export function accessPoint(
  config: Kubeconfig,
  overrides: AccessOverrides = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
): AccessPoint {
  const name = overrides.context || config.currentContext;
  const context = pickContext(config, name, overrides);
  const clusterName = overrides.cluster || context.cluster || '';
  const userName = overrides.user || context.user || '';
  const cluster = pick('cluster', config.clusters, clusterName, config, Boolean(overrides.server));
  const user = pick('user', config.users, userName, config, userName === '' || Boolean(overrides.token));
  const file = config.userFiles?.get(userName);
  const server = serverUrl(overrides.server || cluster.server, clusterName, config);
  const proxy = cluster['proxy-url'] || proxyFor(server, env);
  return {
    info: {
      context: name || new URL(server).host,
      server,
      namespace: context.namespace || 'default',
      user: nameOfUser(userName, overrides.as || user.as, overrides.token),
    },
    cluster: { ...cluster, server, ...(proxy ? { 'proxy-url': proxy } : {}) },
    user: overrideUser(user, overrides),
    ...(file === undefined ? {} : { userPlace: { file, name: userName } }),
  };
}

/** The user as error messages name it. */
function nameOfUser(entry: string, as: string | undefined, token: string | undefined): string {
  const own = entry || (token ? 'the bearer of --token' : 'nobody (no credentials)');
  return as ? `${as} (impersonated by ${own})` : own;
}

function pickContext(config: Kubeconfig, name: string, overrides: AccessOverrides) {
  if (name !== '') return pick('context', config.contexts, name, config, false);
  if (overrides.cluster || overrides.server) return {};
  throw new UsageError(`no context is named, and ${config.origin} has no current one`, {
    hint:
      config.contexts.size === 0
        ? 'name a kubeconfig with --kubeconfig or KUBECONFIG'
        : `name one of: ${[...config.contexts.keys()].join(', ')}`,
  });
}

function pick<T extends object>(
  what: string,
  map: ReadonlyMap<string, T>,
  name: string,
  config: Kubeconfig,
  mayLack: boolean,
): T {
  const entry = map.get(name);
  if (entry) return entry;
  if (mayLack) return {} as T;
  throw new UsageError(`no ${what} ${JSON.stringify(name)} in ${config.origin}`, {
    hint: choices(what, name, [...map.keys()]),
  });
}

const shown = 8;

/** The names that exist, the closest first. */
export function choices(what: string, wanted: string, names: readonly string[]): string {
  if (names.length === 0) return `there is no ${what} at all: check --kubeconfig and KUBECONFIG`;
  // A part of a long name (an ARN, a project's path) tells more than its distance does.
  const holding = names.filter((name) => name.toLowerCase().includes(wanted.toLowerCase()));
  const sorted = [...new Set([...holding, ...closest(wanted, names)])];
  const more = names.length > shown ? `, and ${names.length - shown} more` : '';
  return `${what}s that exist: ${sorted.slice(0, shown).join(', ')}${more}`;
}

function serverUrl(server: string | undefined, cluster: string, config: Kubeconfig): string {
  if (!server) throw new UsageError(`cluster ${JSON.stringify(cluster)} in ${config.origin} has no server`);
  const url = normalServer(server);
  if (url === undefined)
    throw new UsageError(
      `cluster ${JSON.stringify(cluster)} in ${config.origin}: server ${server} is no URL`,
    );
  return url;
}

/** A token given by flag replaces every other way to log in except a client certificate, as in kubectl. */
function overrideUser(user: UserEntry, { token, as, asGroups, asUid }: AccessOverrides): UserEntry {
  const { exec, 'auth-provider': provider, tokenFile, username, password, token: own, ...rest } = user;
  return {
    ...(token ? { ...rest, token } : user),
    ...(as ? { as } : {}),
    ...(asGroups?.length ? { 'as-groups': [...asGroups] } : {}),
    ...(asUid ? { 'as-uid': asUid } : {}),
  };
}
