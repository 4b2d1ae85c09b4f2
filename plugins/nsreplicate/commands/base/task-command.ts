/** What all commands share that work on a task: which clusters, and what is copied. */

import { KubeCommand, type KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { option } from '../../../../src/cli/options.ts';
import { contextNames, namespaceNames } from '../../../../src/cli/providers.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { defaultTask } from '../../state/task-objects.ts';
import { checkContradictions, checkNamespaceFlag } from './contradictions.ts';
import { type Connections, type Opened, openTask, type StateUse, type TaskFlags } from './open-task.ts';

const clusters = 'Clusters';
const what = 'What is copied';
const how = 'How it is copied';
const deletions = 'Deletions';

export abstract class TaskCommand extends KubeCommand implements TaskFlags {
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
  standby = option.flag('--standby', {
    description:
      'Hold workloads on the replicas: Deployments and StatefulSets at 0 pods, CronJobs suspended, until `promote`.',
    group: how,
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

  /** Whether `-n` is the namespace of an object that is named. */
  protected get takesNamespace(): boolean {
    return false;
  }

  /** Reads the config file and connects to all clusters. `hand` gets clients that it has to close. */
  protected async begin(
    context: KubeCommandContext,
    {
      hand,
      ...options
    }: { watches: boolean; stateUse?: StateUse | undefined; hand: (client: KubeClient) => void },
  ): Promise<Opened> {
    const { signal } = context;
    if (!this.takesNamespace) checkNamespaceFlag(this.namespace);
    checkContradictions(this);
    return openTask(this, this.#connections(context, hand), { ...options, signal });
  }

  #connections(context: KubeCommandContext, hand: (client: KubeClient) => void): Connections {
    const { kubeAccess } = this.context;
    return {
      context: (name) => context.kube(name),
      contexts: () => kubeAccess.contexts(this.kubeconfig),
      file: async (kubeconfig) => {
        const options = { kubeconfig, requestTimeoutMs: this.requestTimeout };
        const client = await kubeAccess.connect(options, context.reporter.warn);
        hand(client);
        return client;
      },
    };
  }
}
