/**
 * How to log in to one cluster, by client-node's KubeConfig: client certificates, tokens, exec plugins.
 * Added here, since KubeConfig lacks it: `tokenFile`, impersonation beyond the user, OpenID Connect that works
 * (oidc-login.ts), and the KUBERNETES_EXEC_INFO that exec plugins are promised
 * (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins).
 */
import { readFile } from 'node:fs/promises';
import type { Agent, RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import type { Clock } from '../../clock.ts';
import { messageOf, UnreachableError, UsageError, X8sError } from '../../errors.ts';
import { unreadableFile } from '../../given-file.ts';
import type { TlsOptions } from '../api/transport.ts';
import type { AccessPoint } from './access-point.ts';
import type { ClusterEntry, ExecEntry, UserEntry } from './kubeconfig.ts';

/** Credentials of one moment. Secret: never log them. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly tls: TlsOptions;
  /** URL of the proxy on the way, for undici. */
  readonly proxy: string | undefined;
  /** The same proxy for connections that node:https makes (WebSockets). */
  readonly agent: Agent | undefined;
}

/** Asks for credentials of this moment; whoever asks caches. */
export type CredentialSource = () => Promise<Credentials>;

/**
 * A source with empty caches: exec plugins run on the first call, and again once what they gave has expired.
 * `say` is told what an exec plugin says while it waits for a person, and that new tokens could not be written down
 * @throws {UsageError} the entry can't work (no command, unreadable certificate)
 * @throws {UnreachableError} an exec plugin or identity provider gave no credentials
 */
export async function credentialSource(
  { info, cluster, user, userPlace }: AccessPoint,
  { say = () => {}, clock }: { say?: ((line: string) => void) | undefined; clock: Clock },
): Promise<CredentialSource> {
  const [{ KubeConfig }, { asProvider, execLogin }, { asOwnProvider, oidcLogin }] = await Promise.all([
    import('@kubernetes/client-node/dist/config.js'),
    import('./exec-login.ts'),
    import('./oidc-login.ts'),
  ]);
  const proxy = cluster['proxy-url'];
  const config = new KubeConfig();
  const { exec, 'auth-provider': provider, ...rest } = user;
  const hidden = exec ? asProvider(execEntry(exec, cluster)) : provider && asOwnProvider(provider);
  const login = hidden ? { ...rest, 'auth-provider': hidden } : rest;
  config.loadFromString(JSON.stringify(kubeconfigOf(cluster, login)));
  config.addAuthenticator(execLogin(say, clock));
  config.addAuthenticator(oidcLogin(userPlace, say, clock));
  const extra = impersonationHeaders(user);
  return async () => {
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options).catch((error) => {
      throw loginFailure(info.context, user, error);
    });
    const token = user.tokenFile ? await readToken(user.tokenFile) : undefined;
    return {
      headers: {
        ...(options.auth ? { Authorization: `Basic ${Buffer.from(options.auth).toString('base64')}` } : {}),
        ...(options.headers as Record<string, string>),
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...extra,
      },
      tls: tlsOf(options),
      proxy,
      agent: proxy ? (options.agent as Agent) : undefined,
    };
  };
}

/** A kubeconfig of this one cluster and user, as KubeConfig reads it. */
function kubeconfigOf(cluster: AccessPoint['cluster'], user: object) {
  const name = 'x';
  // KubeConfig refuses plain HTTP (as of `kubectl proxy`) unless told that there is no TLS to verify.
  const plain = cluster.server.startsWith('http:') ? { 'insecure-skip-tls-verify': true } : {};
  // Go leaves host names to the proxy also under `socks5:`; SocksProxyAgent only under `socks5h:`.
  const proxy = { 'proxy-url': cluster['proxy-url']?.replace(/^socks5:/, 'socks5h:') };
  return {
    'current-context': name,
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [{ name, cluster: { ...cluster, ...proxy, ...plain } }],
    users: [{ name, user }],
  };
}

function execEntry(exec: ExecEntry, cluster: ClusterEntry): ExecEntry {
  const { server, 'proxy-url': proxy, 'tls-server-name': serverName } = cluster;
  const info = {
    apiVersion: exec.apiVersion,
    kind: 'ExecCredential',
    spec: {
      interactive: false,
      ...(exec.provideClusterInfo
        ? {
            cluster: {
              server,
              'proxy-url': proxy,
              'tls-server-name': serverName,
              'insecure-skip-tls-verify': cluster['insecure-skip-tls-verify'],
              'certificate-authority-data': cluster['certificate-authority-data'],
              config: execConfig(cluster),
            },
          }
        : {}),
    },
  };
  const variable = { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) };
  return { ...exec, args: exec.args ?? [], env: [...(exec.env ?? []), variable] };
}

/** What a cluster entry says to exec plugins, under a name that client-go reserves for it. */
function execConfig(cluster: ClusterEntry): unknown {
  const extensions = Array.isArray(cluster.extensions) ? cluster.extensions : [];
  return extensions.find((entry) => entry?.name === 'client.authentication.k8s.io/exec')?.extension;
}

function impersonationHeaders(user: UserEntry): Record<string, string | string[]> {
  const extras = Object.entries(user['as-user-extra'] ?? {});
  return {
    ...(user['as-uid'] ? { 'Impersonate-Uid': user['as-uid'] } : {}),
    ...(user['as-groups']?.length ? { 'Impersonate-Group': user['as-groups'] } : {}),
    ...Object.fromEntries(
      extras.map(([key, values]) => [`Impersonate-Extra-${encodeURIComponent(key)}`, values]),
    ),
  };
}

const tlsFields = ['ca', 'cert', 'key', 'pfx', 'passphrase', 'servername', 'rejectUnauthorized'] as const;

function tlsOf(options: RequestOptions): TlsOptions {
  const given = tlsFields.filter((field) => options[field] !== undefined);
  const { servername, ...tls }: TlsOptions = Object.fromEntries(
    given.map((field) => [field, options[field]]),
  );
  if (servername === undefined) return tls;
  return isIP(servername) === 0
    ? { ...tls, servername }
    : { ...tls, checkServerIdentity: checkFor(servername) };
}

/** Others' kubeconfigs may name very many; then all are forgotten, and connections are made anew. */
const MOST_CHECKS = 1000;
const checks = new Map<string, NonNullable<TlsOptions['checkServerIdentity']>>();

/** The check against an address; one for each, so that equal settings stay equal. */
function checkFor(address: string): NonNullable<TlsOptions['checkServerIdentity']> {
  const known = checks.get(address);
  if (known) return known;
  const check: NonNullable<TlsOptions['checkServerIdentity']> = (_host, certificate) =>
    checkServerIdentity(address, certificate);
  if (checks.size >= MOST_CHECKS) checks.clear();
  checks.set(address, check);
  return check;
}

async function readToken(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw unreadableFile('token file', path, error);
  });
  return text.trim();
}

function loginFailure(context: string, user: UserEntry, error: NodeJS.ErrnoException): Error {
  const command = user.exec?.command;
  if (!command) {
    const own = error instanceof X8sError ? error : undefined;
    const kind = error.code === 'ENOENT' || own instanceof UsageError ? UsageError : UnreachableError;
    return new kind(`${context}: no credentials: ${messageOf(error)}`, {
      hint: own?.hint ?? 'check this user in the kubeconfig, or log in again',
      details: own?.details,
      cause: own ? own.cause : error,
    });
  }
  if (error.code === 'ENOENT')
    return new UsageError(`${context}: the credential plugin ${command} is not installed`, {
      hint: user.exec?.installHint?.trim() || `install ${command}, or put it on PATH`,
      cause: error,
    });
  // The parser's own error quotes what it read: the token.
  const isGarbled = error instanceof SyntaxError;
  const said = isGarbled ? 'its output is not JSON' : messageOf(error);
  const lines = said.trim().split('\n').slice(-5);
  return new UnreachableError(`${context}: the credential plugin ${command} gave no credentials`, {
    details: lines.filter((line) => line !== ''),
    hint: `log in with it again, then try: kubectl --context ${context} version`,
    ...(isGarbled ? {} : { cause: error }),
  });
}
