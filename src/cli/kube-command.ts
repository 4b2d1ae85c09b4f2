/** Commands that talk to clusters, with kubectl's own flags for that. */
import { UnreachableError, UsageError } from '../errors.ts';
import type { KubeClient } from '../kube/api/client.ts';
import { BaseCommand } from './base-command.ts';
import type { CommandContext } from './context.ts';
import type { Opened } from './execute.ts';
import type { ClusterFlags } from './kube-access.ts';
import { option } from './options.ts';
import { contextNames, namespaceNames } from './providers.ts';

const group = 'Cluster options';
/** Longer than a slow admission webhook takes (10 s by default), and short enough for a person to wait. */
export const defaultRequestTimeoutMs = 15_000;

export interface KubeCommandContext extends CommandContext {
  /**
   * A client of the cluster that the flags choose, or of another context of the same kubeconfig. Asked twice
   * for the same, it is the same. All are closed when the command ends.
   */
  kube(context?: string): Promise<KubeClient>;
  /** A client of the cluster with this API server; an UnreachableError where no context leads there. */
  kubeByServer(server: string): Promise<KubeClient>;
}

/** As kubectl has it: `--context ""` is as good as none. */
const mayBeEmpty = true;

/** kubectl's flags for who, where and how long; `-n` is there for what `run` makes of it. */
export abstract class KubeCommand extends BaseCommand<KubeCommandContext> {
  kubeconfig = option.text('--kubeconfig', {
    value: 'FILE',
    description: 'Kubeconfig to use, instead of KUBECONFIG or ~/.kube/config.',
    group,
    mayBeEmpty,
  });
  kubeContext = option.text('--context', {
    value: 'NAME',
    description: 'Context of the kubeconfig to use.',
    group,
    mayBeEmpty,
    complete: contextNames,
  });
  cluster = option.text('--cluster', {
    value: 'NAME',
    description: 'Cluster entry of the kubeconfig to use.',
    group,
    mayBeEmpty,
  });
  user = option.text('--user', {
    value: 'NAME',
    description: 'User entry of the kubeconfig to use.',
    group,
    mayBeEmpty,
  });
  namespace = option.text('-n,--namespace', {
    value: 'NAME',
    description: "Namespace, instead of the context's own.",
    group,
    mayBeEmpty,
    complete: namespaceNames,
  });
  server = option.text('-s,--server', {
    value: 'URL',
    description: 'Address and port of the API server.',
    group,
    mayBeEmpty,
  });
  as = option.text('--as', { value: 'USER', description: 'User to impersonate.', group, mayBeEmpty });
  asGroup = option.repeated('--as-group', {
    value: 'GROUP',
    description: 'Group to impersonate; may be repeated.',
    group,
  });
  token = option.text('--token', {
    value: 'TOKEN',
    description: 'Bearer token for the API server of --context.',
    group,
    mayBeEmpty,
  });
  requestTimeout = option.duration('--request-timeout', {
    description:
      'How long a cluster may take to answer one request, e.g. 5s or 2m; 0 for no limit. Default: 15s.',
    group,
    default: defaultRequestTimeoutMs,
  });

  override open(base: CommandContext): Opened<KubeCommandContext> {
    const { kubeAccess } = this.context;
    const clients = new Map<string, Promise<KubeClient>>();
    const kube = (name?: string) => {
      const key = name ?? this.kubeContext ?? '';
      const opened = clients.get(key) ?? kubeAccess.connect(this.#flags(name), base.reporter.warn);
      clients.set(key, opened);
      return opened;
    };
    const kubeByServer = async (server: string) => {
      const [context] = await kubeAccess.contextsOfServer(server, this.kubeconfig);
      if (context === undefined)
        throw new UnreachableError(`no context of the kubeconfig leads to ${server}`);
      return kube(context);
    };
    return { context: { ...base, kube, kubeByServer }, close: () => closeAll(clients.values()) };
  }

  /**
   * `--cluster`, `--user`, `--server` and `--token` belong to the chosen context; another one brings its own. Above all a
   * token, which another cluster's API server could use.
   */
  #flags(name: string | undefined): ClusterFlags {
    const { kubeconfig, as, requestTimeout: requestTimeoutMs, kubeContext, token } = this;
    const who = { kubeconfig, as, asGroups: this.asGroup, requestTimeoutMs };
    if (name !== undefined && name !== kubeContext) {
      if (token !== undefined && kubeContext === undefined)
        throw new UsageError(
          '--token is for one cluster, and this command talks to clusters by their names',
          {
            hint: `--context names the one that it is for, such as --context ${name}`,
          },
        );
      return { ...who, context: name };
    }
    const { cluster, user, server } = this;
    return { ...who, context: kubeContext, cluster, user, server, token };
  }
}

async function closeAll(clients: Iterable<Promise<KubeClient>>): Promise<void> {
  const close = async (client: Promise<KubeClient>) => (await client).close();
  await Promise.allSettled([...clients].map(close));
}
