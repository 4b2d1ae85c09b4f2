/** The kubectl flags that choose a cluster and who one is there. */
import type { KubeClient } from '../kube/client.ts';

/** What kubectl's global flags say; absent where not given. */
export interface ClusterFlags {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly server?: string | undefined;
  readonly as?: string | undefined;
  readonly asGroups?: readonly string[] | undefined;
  readonly token?: string | undefined;
  /** Milliseconds for one request; 0 for no limit. */
  readonly requestTimeoutMs?: number | undefined;
}

export interface ConnectOptions extends ClusterFlags {
  readonly signal: AbortSignal;
}

/** How commands reach clusters; src/kube behind an import that only who needs it pays for. */
export interface KubeAccess {
  connect(options: ConnectOptions): Promise<KubeClient>;
  /** Names of the contexts in the kubeconfig, the current one first. */
  contexts(kubeconfig: string | undefined): Promise<readonly string[]>;
}
