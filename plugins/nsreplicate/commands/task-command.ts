/** What all commands share that work on a task: which clusters, and what is copied. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { contextNames, namespaceNames } from '../../../src/cli/completion/providers.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import { UnreachableError, UsageError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { checkTaskName } from '../../../src/tasks/names.ts';
import type { Cluster } from '../clusters/cluster.ts';
import type { TaskSpec } from '../decide/spec.ts';
import { clusterName, fileStem } from '../rules/replica-names.ts';
import type { TaskConfig } from '../rules/rule.ts';
import { defaultTask, roles, tool } from '../state/task-objects.ts';

const clusters = 'Clusters';
const what = 'What is copied';
const how = 'How it is copied';
const deletions = 'Deletions';

/** Everything a command needs to begin. */
export interface Opened {
  readonly spec: TaskSpec;
  readonly primary: Cluster;
  readonly replicas: readonly Cluster[];
  /** The cluster that keeps the task's state. */
  readonly state: KubeClient;
}

export abstract class TaskCommand extends KubeCommand {
  name = option.text('--name', { value: 'TASK', description: `Name of the task. Default: ${defaultTask}.` });
  config = option.text('--config', {
    value: 'FILE',
    description: 'Rules and clusters from a file; flags go before it.',
  });
  primary = option.text('--primary', {
    value: 'CONTEXT|FILE',
    description:
      'The cluster to copy from: a context, or the path of a kubeconfig. Default: the current context.',
    group: clusters,
    complete: contextNames,
  });
  replica = option.repeated('--replica', {
    value: 'CONTEXT|FILE',
    description: 'A cluster to copy to; may be repeated.',
    group: clusters,
    complete: contextNames,
  });
  replicaDir = option.text('--replica-dir', {
    value: 'DIR',
    description: 'A folder of kubeconfigs; each is a replica, named after its file.',
    group: clusters,
  });
  stateContext = option.text('--state-context', {
    value: 'CONTEXT',
    description: "Where the task's state is kept, where the primary may only be read. Default: the primary.",
    group: clusters,
    complete: contextNames,
  });
  syncNamespaces = option.list('--sync-namespaces', {
    value: 'NAMES',
    description: 'Namespaces to copy, also as globs. Default: all but those that begin with "kube".',
    group: what,
    complete: namespaceNames,
  });
  allowSensitive = option.flag('--allow-sensitive-namespaces', {
    description: 'Also copy namespaces that begin with "kube".',
    group: what,
  });
  kinds = option.list('--kinds', {
    value: 'KINDS',
    description: 'Kinds to copy, as kubectl takes them. Default: deploy,sts,cm,secret,pvc.',
    group: what,
  });
  selector = option.text('-l,--selector', {
    value: 'SELECTOR',
    description: 'Only objects with these labels.',
    group: what,
  });
  map = option.list('--map', {
    value: 'FROM=TO',
    description: 'Put a namespace under another name on the replicas; references that are known follow.',
    group: what,
  });
  adopt = option.flag('--adopt', {
    description: 'Take over objects of the same name that others made, and make them equal.',
    group: how,
  });
  exact = option.flag('--exact', {
    description: "Remove others' keys from copied data, labels and annotations.",
    group: how,
  });
  forceConflicts = option.flag('--force-conflicts', {
    description: 'Take over fields that another manager applies.',
    group: how,
  });
  failBack = option.flag('--fail-back', {
    description: 'Also copy what had come from the replica: the way back after a failover.',
    group: how,
  });
  drift = option.choice('--drift', ['fix', 'report'], {
    description:
      'What is edited, added or deleted by hand on a replica: put it right, or only report it. Default: fix.',
    group: how,
    default: 'fix',
  });
  onImmutable = option.choice('--on-immutable', ['fail', 'recreate', 'recreate-orphan'], {
    description:
      'Where a field may not be changed: fail, or delete the copy and make it anew. Default: fail.',
    group: how,
    default: 'fail',
  });
  workerCount = option.integer('--worker-count', {
    description: 'Objects that are written at once, a replica. Default: 16.',
    group: how,
    default: 16,
    min: 1,
    max: 256,
  });
  prune = option.maybeFlag('--prune', {
    description: 'Delete copies whose originals are gone. Default: in watch mode.',
    group: deletions,
  });
  pruneClaims = option.flag('--prune-claims', {
    description: 'Also PersistentVolumeClaims, and so their data.',
    group: deletions,
  });
  pruneNamespaces = option.flag('--prune-namespaces', {
    description: 'Also namespaces, with all that is in them.',
    group: deletions,
  });
  pruneCrds = option.flag('--prune-crds', {
    description:
      'Also CustomResourceDefinitions, with all objects of their kinds, where all of these are ours.',
    group: deletions,
  });
  pruneLimit = option.integer('--prune-limit', {
    description: 'More deletions than this within ten minutes stop all others until `approve`. Default: 100.',
    group: deletions,
    default: 100,
    min: 1,
  });
  prunePercent = option.integer('--prune-percent', {
    description: 'The same for a share of a namespace; ten objects are always allowed. Default: 50.',
    group: deletions,
    default: 50,
    min: 1,
    max: 100,
  });

  /** Reads the config file and connects to all clusters. `hand` gets clients that it has to close. */
  protected async begin(
    context: KubeCommandContext,
    { watches, hand }: { watches: boolean; hand: (client: KubeClient) => void },
  ): Promise<Opened> {
    const files = await this.#replicaFiles();
    const [{ identify, checkDistinct }, { readSavedState }, config] = await Promise.all([
      import('../clusters/cluster.ts'),
      import('../state/state.ts'),
      this.#config([...this.replica.map(clusterName), ...files.map(fileStem)]),
    ]);
    const open = (text: string) => this.#open(context, text, hand);
    const named = this.replica.length > 0 ? this.replica : (config?.replicas ?? []);
    const { signal } = context;
    const primaryText = this.primary ?? config?.primary;
    const replicaTexts = [...named, ...files];
    if (config?.pullsAt !== undefined) checkPull(config.pullsAt, primaryText);
    if (config?.pullsAt !== undefined && replicaTexts.length === 0)
      replicaTexts.push((await context.kube()).cluster.context);
    if (replicaTexts.length === 0)
      throw new UsageError('no replica', { hint: 'Name one: --replica CONTEXT' });
    const primaryClient = primaryText === undefined ? await context.kube() : await open(primaryText);
    const primary = await identify(
      primaryText === undefined ? primaryClient.cluster.context : clusterName(primaryText),
      primaryClient,
      { signal },
    );
    const state = this.stateContext === undefined ? primaryClient : await context.kube(this.stateContext);
    const spec = await this.#spec(primary, config, watches, signal);
    const known = watches ? (await readSavedState(state, spec.name, { signal })).clusters : {};
    const cluster = async (text: string): Promise<Cluster> => {
      const isFromFolder = files.includes(text);
      const name = isFromFolder ? fileStem(text) : clusterName(text);
      const client = await (isFromFolder ? this.#openFile(context, text, hand) : open(text));
      return identify(name, client, { signal }).catch((error: unknown) =>
        whileAway(name, client, known[name], error),
      );
    };
    const replicas = await Promise.all(replicaTexts.map(cluster));
    checkDistinct(primary, replicas);
    return { spec, primary, replicas, state };
  }

  /** @param replicas names of those that the command line gives */
  async #config(replicas: readonly string[]): Promise<TaskConfig | undefined> {
    if (this.config === undefined) return undefined;
    const { parseConfig } = await import('../rules/parse-config.ts');
    const file = this.config;
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(
        `can't read ${file}: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`,
      );
    });
    return parseConfig(text, basename(file), replicas);
  }

  /** A context where there is one of that name, else a kubeconfig file. */
  async #open(
    context: KubeCommandContext,
    text: string,
    hand: (client: KubeClient) => void,
  ): Promise<KubeClient> {
    const { kubeAccess } = this.context;
    const contexts = await kubeAccess.contexts(this.kubeconfig);
    if (contexts.includes(text) || !(await isFile(text))) return context.kube(text);
    return this.#openFile(context, text, hand);
  }

  async #openFile(
    context: KubeCommandContext,
    kubeconfig: string,
    hand: (client: KubeClient) => void,
  ): Promise<KubeClient> {
    const options = { kubeconfig, requestTimeoutMs: this.requestTimeout };
    const client = await this.context.kubeAccess.connect(options, context.reporter.warn);
    hand(client);
    return client;
  }

  async #replicaFiles(): Promise<string[]> {
    const dir = this.replicaDir;
    if (dir === undefined) return [];
    const entries = await readdir(dir, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(`--replica-dir: can't read ${dir}: ${error.code}`);
    });
    const files = entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'));
    if (files.length === 0) throw new UsageError(`--replica-dir: ${dir} holds no kubeconfig`);
    return files.map(({ name }) => join(dir, name)).sort();
  }

  async #spec(
    primary: Cluster,
    config: TaskConfig | undefined,
    watches: boolean,
    signal: AbortSignal,
  ): Promise<TaskSpec> {
    const [{ defaultRules }, { parseSelector }, { rulesForKinds }, { defaultLimits }] = await Promise.all([
      import('../rules/rule.ts'),
      import('../rules/selector.ts'),
      import('../clusters/kinds.ts'),
      import('../decide/brake.ts'),
    ]);
    const name = this.name ?? config?.name ?? defaultTask;
    checkTaskName(tool, name, roles);
    const configured = config && config.rules.length > 0 ? config.rules : defaultRules;
    const chosen = this.kinds.length > 0 ? await rulesForKinds(primary, this.kinds, { signal }) : configured;
    const selector = parseSelector(this.selector ?? '');
    return {
      name,
      rules: chosen.map((rule) => ({ ...rule, selector: [...rule.selector, ...selector] })),
      namespaces: await this.#scope(config),
      map: new Map([...Object.entries(config?.map ?? {}), ...this.map.map(parseMapping)]),
      overrides: config?.overrides ?? [],
      adopt: this.adopt,
      exact: this.exact,
      forceConflicts: this.forceConflicts,
      failBack: this.failBack,
      drift: this.drift,
      onImmutable: this.onImmutable,
      prune: {
        prune: this.prune ?? watches,
        claims: this.pruneClaims,
        namespaces: this.pruneNamespaces,
        definitions: this.pruneCrds,
      },
      brake: { ...defaultLimits, objects: this.pruneLimit, percent: this.prunePercent },
      workers: this.workerCount,
      suspended: config?.suspend ?? false,
    };
  }

  async #scope(config: TaskConfig | undefined) {
    const { refusedNamespaces } = await import('../rules/scope.ts');
    const { compileGlob } = await import('../rules/glob.ts');
    for (const glob of this.syncNamespaces) compileGlob(glob);
    const base = config?.namespaces ?? { include: [], exclude: [], selector: [], sensitive: false };
    const scope = {
      ...base,
      include: this.syncNamespaces.length > 0 ? this.syncNamespaces : base.include,
      sensitive: this.allowSensitive || base.sensitive,
    };
    const refused = refusedNamespaces(scope);
    if (refused.length > 0)
      throw new UsageError(
        `${refused.join(', ')}: namespaces that begin with "kube" hold what belongs to one cluster`,
        {
          hint: 'If you are sure: --allow-sensitive-namespaces',
        },
      );
    return scope;
  }
}

/** A file for the cluster that is copied to says nothing of where from: the current context would be the wrong one. */
function checkPull(place: string, primary: string | undefined): void {
  if (primary !== undefined) return;
  throw new UsageError(`${place}: it pulls: copies go into the cluster that the file belongs to.`, {
    hint: 'Name the cluster that they come from: --primary CONTEXT. Into: --replica CONTEXT, or the current context.',
  });
}

/** A replica that does not answer just now is waited for, where it is known from before and one goes on. */
function whileAway(name: string, kube: KubeClient, id: string | undefined, error: unknown): Cluster {
  if (id === undefined || !(error instanceof UnreachableError)) throw error;
  return { name, kube, id };
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

function parseMapping(text: string): [string, string] {
  const match = /^([a-z0-9-]+)=([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)$/.exec(text);
  if (!match)
    throw new UsageError(`--map: ${JSON.stringify(text)} is not FROM=TO`, {
      hint: 'e.g. --map prod=prod-standby',
    });
  return [match[1] ?? '', match[2] ?? ''];
}
