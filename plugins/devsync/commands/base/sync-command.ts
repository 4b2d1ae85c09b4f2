/** What devsync's commands share. */
import { resolve } from 'node:path';
import { KubeCommand, type KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { option } from '../../../../src/cli/options.ts';
import { resourceNames } from '../../../../src/cli/providers.ts';
import { X8sError } from '../../../../src/errors.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { configMaps } from '../../../../src/kube/api/resources.ts';
import { describeHolder, livenessOf, parseHolder } from '../../../../src/tasks/holder.ts';
import { Label, managerOf } from '../../../../src/tasks/names.ts';
import type { NamedTarget } from '../../config/parse-config.ts';
import { agentImage } from '../../launch/agent-image.ts';
import type { SpecStore, Sync } from '../../spec/spec-store.ts';
import type { Workstation } from '../../spec/workstation.ts';

/** Names of the syncs in the cluster that the command line chooses. */
export const completeSync = resourceNames(configMaps, {
  labelSelector: `${Label.managedBy}=${managerOf('devsync')}`,
  nameOf: ({ metadata }) => metadata.labels?.[Label.task],
});

/** Everything that a command works with. */
export interface SyncEnvironment {
  readonly kube: KubeClient;
  readonly namespace: string;
  readonly specs: SpecStore;
  readonly workstation: Workstation;
}

/** Context and namespace where the command line names none. */
interface Otherwise {
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
}

export abstract class SyncCommand extends KubeCommand {
  #otherwise: Promise<Otherwise> | undefined;

  /** @param given those of a file that the command was told to read; else the ones that `up` works with in this folder. */
  protected async environment(context: KubeCommandContext, given?: Otherwise): Promise<SyncEnvironment> {
    const [{ SpecStore }, { Workstation, stateFolder }] = await Promise.all([
      import('../../spec/spec-store.ts'),
      import('../../spec/workstation.ts'),
    ]);
    const workstation = new Workstation(stateFolder(context.env, process.platform), process.platform);
    // Once for a command, however often it asks: the file is read once, and what it says is told once.
    if (given === undefined) this.#otherwise ??= this.#fileOfFolder(context, workstation);
    const otherwise = given ?? (await this.#otherwise) ?? {};
    const kube = await context.kube(this.choosesCluster ? undefined : otherwise.context);
    const specs = new SpecStore(kube, workstation, context.clock, context.kubeByServer);
    return {
      kube,
      namespace: this.namespace ?? otherwise.namespace ?? kube.cluster.namespace,
      specs,
      workstation,
    };
  }

  /** What chooses a cluster chooses it whole: an address or a token is not for the context of a file. */
  protected get choosesCluster(): boolean {
    const { kubeContext, cluster, user, server, token } = this;
    return [kubeContext, cluster, user, server, token].some((one) => one !== undefined);
  }

  /** Whether the command line says where it works, and no file does alone. */
  protected get choosesTarget(): boolean {
    return this.choosesCluster || this.namespace !== undefined;
  }

  /** What the `.devsync.yaml` of this folder names, where `up` has run it here: a file of others leads nobody elsewhere. */
  async #fileOfFolder(context: KubeCommandContext, workstation: Workstation): Promise<Otherwise> {
    if (this.namespace !== undefined && this.choosesCluster) return {};
    const [{ BrokenConfig, readNamedTarget }, { isConfirmedTarget, isKnownFile }] = await Promise.all([
      import('../../config/config-file.ts'),
      import('../../config/confirmed.ts'),
    ]);
    let named: NamedTarget | undefined;
    try {
      named = readNamedTarget(localPath('.'));
    } catch (error) {
      // Where the syncs of a known one go cannot be told, and a command must not go elsewhere.
      if (!(error instanceof BrokenConfig) || isKnownFile(workstation, error.file)) throw error;
      return {};
    }
    if (named === undefined || !isConfirmedTarget(workstation, named)) return {};
    const words = [
      ...(named.context !== undefined && !this.choosesCluster ? [`context ${named.context}`] : []),
      ...(named.namespace !== undefined && this.namespace === undefined
        ? [`namespace ${named.namespace}`]
        : []),
    ];
    if (words.length > 0) context.reporter.info(`${words.join(', ')}, as ${named.file} says`);
    return named;
  }

  /** One sync by its name. */
  protected async sync(context: KubeCommandContext, name: string): Promise<SyncEnvironment & { sync: Sync }> {
    const env = await this.environment(context);
    return { ...env, sync: await env.specs.get(env.namespace, name, context.signal) };
  }

  /** Asks the running sync; says who runs it where that is not here. */
  protected async ask(
    context: KubeCommandContext,
    name: string,
    method: string,
    parameters: Record<string, unknown> = {},
  ): Promise<unknown> {
    const { workstation, sync, kube, specs } = await this.sync(context, name);
    const { askControl, NotRunning } = await import('../../control/socket.ts');
    const watch = workstation.watchSocket(kube.cluster.server);
    for (let attempt = 0; ; attempt++)
      try {
        return await askControl(workstation.socketOf(sync.uid), method, parameters, context);
      } catch (error) {
        if (!(error instanceof NotRunning)) throw error;
        const { requireHere } = await import('../../control/serve-sync.ts');
        if (specs.belongsHere(sync)) requireHere(sync, workstation);
        // A watch that has just begun takes a moment for each of its syncs.
        const running = await askControl(watch, 'running', {}, context).catch(() => []);
        if (attempt >= beginning || !(running as string[]).includes(name)) throw notRunning(sync, context);
        await context.clock.sleep(100, context.signal);
      }
  }
}

/** Tenths of a second for a sync to take its lock. */
const beginning = 50;

/** What a person is told whose sync does not run here, and where it does. */
export function notRunning({ name, record, spec }: Sync, { binaryName }: KubeCommandContext): X8sError {
  const holder = record.holder ? parseHolder(record.holder) : undefined;
  const isDead = holder !== undefined && livenessOf(holder) === 'dead';
  const who =
    holder === undefined
      ? ''
      : `; ${isDead ? describeHolder(holder) : holder.who} ${isDead ? 'held it, and was ended without letting go' : 'holds it'}`;
  return new X8sError(`the sync ${name} of ${spec.local.who} does not run on this workstation${who}`, {
    hint: `${binaryName} watch ${name} ${isDead ? 'goes on where that was' : 'starts it'}.`,
  });
}

/** Commands that start agents. */
export abstract class AgentCommand extends SyncCommand {
  agentImage = option.text('--agent-image', {
    value: 'IMAGE',
    description: 'Image for agents beside containers: Node.js 20 or newer.',
    env: 'X8S_AGENT_IMAGE',
  });

  /** Image and code of the agent. */
  protected async agent({ plugin }: KubeCommandContext): Promise<{ image: string; bundle: string }> {
    const { agentBundle } = await import('../../agent/bundle.ts');
    return { image: this.agentImage ?? agentImage(plugin.version), bundle: await agentBundle() };
  }
}

/** LOCAL as the person means it. */
export const localPath = (path: string) => resolve(path);
