/** From a kubeconfig to a client of one cluster. */
import type { LookupFunction } from 'node:net';
import { type Clock, systemClock } from '../../clock.ts';
import type { KubeClient } from '../api/client.ts';
import type { Transport } from '../api/transport.ts';
import { type AccessOverrides, type AccessPoint, accessPoint } from '../login/access-point.ts';
import { type CredentialSource, credentialSource } from '../login/credentials.ts';
import { loadKubeconfig } from '../login/kubeconfig.ts';
import { createLogin } from '../login/login.ts';
import { createClient } from './rest.ts';

export interface ConnectOptions extends AccessOverrides {
  /** Path of a kubeconfig; KUBECONFIG, `~/.kube/config` or the pod's service account where absent. */
  readonly kubeconfig?: string | undefined;
  /** Milliseconds for each request until its answer begins; 0 means none. */
  readonly requestTimeoutMs: number;
  /** As the API server's audit log and default field manager show it, e.g. `kubectl-name/v1.2.3`. */
  readonly userAgent?: string;
  /** Told what the API server warns of, and what an exec plugin says while it waits for a person. */
  readonly onWarning?: (text: string) => void;
  readonly clock?: Clock;
}

/**
 * A client of the cluster that the kubeconfig and the flags name. Opens no connection yet.
 * Costs nothing until called: undici and client-node are loaded here and not at start-up.
 * @throws {UsageError} the kubeconfig can't be read, or has no such context, cluster or user
 */
export async function connect(options: ConnectOptions): Promise<KubeClient> {
  const { requestTimeoutMs, userAgent = 'x8s', onWarning, clock = systemClock } = options;
  const config = await loadKubeconfig(options.kubeconfig);
  const point = accessPoint(config, options);
  const { createHttp } = await import('./http.ts');
  const login = createLogin(sourcesOf(point, { ...options, clock }, config.currentContext), clock);
  const transport = createHttp(point.info, login, { userAgent, connectTimeoutMs: requestTimeoutMs });
  return createClient(point.info, transport, { requestTimeoutMs, clock, onWarning });
}

export interface PointOptions {
  readonly requestTimeoutMs: number;
  readonly userAgent: string;
  readonly clock?: Clock;
  /** Makes a source of credentials with empty caches; the point's own user where absent. */
  readonly source?: () => Promise<CredentialSource>;
  /** Finds the addresses of host names; the system's own way where absent. */
  readonly lookup?: LookupFunction;
  /** Puts something between the client and the connections. */
  readonly wrap?: (transport: Transport) => Transport;
}

/** A client of a cluster that is known already, by its address and its user. Opens no connection yet. */
export async function connectPoint(point: AccessPoint, options: PointOptions): Promise<KubeClient> {
  const {
    requestTimeoutMs,
    userAgent,
    lookup,
    clock = systemClock,
    wrap = (transport) => transport,
  } = options;
  const { createHttp } = await import('./http.ts');
  const login = createLogin(options.source ?? (() => credentialSource(point, { clock })), clock);
  const transport = createHttp(point.info, login, { userAgent, connectTimeoutMs: requestTimeoutMs, lookup });
  return createClient(point.info, wrap(transport), { requestTimeoutMs, clock });
}

/**
 * Sources of credentials: the first from what was read, later ones from the kubeconfig as it is by then, since
 * `oc login` and the like write tokens into it. The cluster stays, whatever the context is made to point to.
 */
function sourcesOf(
  point: AccessPoint,
  options: ConnectOptions & { readonly clock: Clock },
  currentContext: string,
) {
  let isFirst = true;
  const reread = async (): Promise<AccessPoint> => {
    const config = await loadKubeconfig(options.kubeconfig);
    const now = accessPoint(config, { ...options, context: options.context || currentContext });
    const { user, userPlace } = now;
    return now.info.server === point.info.server ? { ...point, user, userPlace } : point;
  };
  return async (): Promise<CredentialSource> => {
    const latest = isFirst ? point : await reread().catch(() => point);
    isFirst = false;
    return credentialSource(latest, { say: options.onWarning, clock: options.clock });
  };
}
