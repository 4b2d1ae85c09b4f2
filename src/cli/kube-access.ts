/** How commands reach clusters. */
import type { KubeClient } from '../kube/api/client.ts';

/** kubectl's flags that choose a cluster and who one is there; absent where not given. */
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
  readonly requestTimeoutMs: number;
}

export interface KubeAccess {
  connect(flags: ClusterFlags, onWarning: (text: string) => void): Promise<KubeClient>;
  /** Names of the kubeconfig's contexts, the current one first. */
  contexts(kubeconfig: string | undefined): Promise<readonly string[]>;
  /** Names of the contexts that lead to this API server, the current one first. */
  contextsOfServer(server: string, kubeconfig: string | undefined): Promise<readonly string[]>;
}

/** src/kube, loaded when first asked: help and version never pay for it. */
export function lazyKubeAccess(userAgent: string): KubeAccess {
  return {
    connect: async (flags, onWarning) => {
      const { connect } = await import('../kube/connect/connect.ts');
      return connect({ ...flags, userAgent, onWarning });
    },
    contexts: async (kubeconfig) => {
      const { listContexts } = await import('../kube/login/kubeconfig.ts');
      const { current, names } = await listContexts(kubeconfig);
      return [...new Set([...(current === '' ? [] : [current]), ...names])];
    },
    contextsOfServer: async (server, kubeconfig) => {
      const { contextsOfServer } = await import('../kube/login/kubeconfig.ts');
      return contextsOfServer(server, kubeconfig);
    },
  };
}
