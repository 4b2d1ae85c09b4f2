/** `create`, `run` and `plan`: commands that take a specification. */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { IncompleteError, UsageError, X8sError } from '../../../src/errors.ts';
import { pods } from '../../../src/kube/resources.ts';
import type { SyncSpec } from '../spec/spec.ts';
import { defaultName, SpecCommand } from './spec-options.ts';
import type { Desk } from './sync-command.ts';
import { openText, planText } from './words.ts';

abstract class NamedSpecCommand extends SpecCommand {
  name = option.text('--name', {
    value: 'NAME',
    description: "Name of the sync. Default: made of the directory's.",
  });
  allowOverlap = option.flag('--allow-overlap', {
    description: 'Allow directories that another sync has already, or a part of.',
  });

  /** Makes the specification in the cluster. */
  protected async make(context: KubeCommandContext, desk: Desk, spec: SyncSpec) {
    const container = await this.checkContainer(context, desk, spec);
    const name = this.name ?? defaultName(spec);
    if (name === 'stop') throw new UsageError('a sync cannot be named stop: `watch stop` ends the watch');
    const { allowOverlap } = this;
    const sync = await desk.catalog.create({
      name,
      namespace: desk.namespace,
      spec,
      allowOverlap,
      signal: context.signal,
    });
    return { sync, container };
  }

  /**
   * A pod that exists and has no such container will never have it; one that is missing may come.
   * Resolves with the container that is meant, in words, as far as there is a pod to tell.
   */
  protected async checkContainer(
    context: KubeCommandContext,
    { kube, namespace }: Desk,
    spec: SyncSpec,
  ): Promise<string> {
    const { containersOf, containerWords, defaultContainer } = await import('../launch/containers.ts');
    const { container, selector, pod } = spec.target;
    const { items } = await kube.list(pods, {
      namespace,
      signal: context.signal,
      ...(selector !== undefined && { labelSelector: selector }),
      ...(pod !== undefined && { fieldSelector: `metadata.name=${pod}` }),
    });
    const [first] = items;
    if (first === undefined) {
      context.reporter.warn(`no pod in namespace ${namespace} matches yet`);
      return container === undefined ? 'the default container' : `container ${container}`;
    }
    const names = containersOf(first).map((one) => one.name);
    if (container !== undefined && !names.includes(container))
      throw new X8sError(`pod ${first.metadata.name} has no container ${container}`, {
        hint: `It has ${names.join(', ')}.`,
      });
    return containerWords(first, container ?? defaultContainer(first) ?? '', container !== undefined);
  }
}

export class CreateCommand extends NamedSpecCommand {
  static override paths = [['create']];
  static override usage = KubeCommand.Usage({
    description: 'Say which directory is to be kept the same with which in a container.',
    details: `
      Writes the specification into the cluster, where every workstation sees it. It belongs to this directory
      of this workstation: no other one starts it by itself. \`$0 watch\` runs it.
    `,
    examples: [
      ['The sources of an app', '$0 create --selector app=web ./src /app/src'],
      [
        'As git has it, without its own directory',
        '$0 create -l app=web --use-gitignore --ignore-vcs . /app',
      ],
    ],
  });
  override output = outputOption('json', 'yaml', 'name');

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const desk = await this.desk(context);
    const { sync, container } = await this.make(context, desk, await this.spec(context, desk.workstation));
    const { name, namespace, spec } = sync;
    const text = `Sync ${name} made: ${spec.local.path} with ${spec.remote} in ${container}. ${context.binaryName} watch runs it.`;
    return { data: { name, namespace, spec }, text, names: [name] };
  }
}

export class RunCommand extends NamedSpecCommand {
  static override paths = [['run']];
  static override usage = KubeCommand.Usage({
    description: 'Sync in the foreground for as long as the pod lives.',
    details: `
      The specification is there while it runs, and is deleted at the end. A watch of the namespace leaves it alone.
    `,
    examples: [['One pod', '$0 run --pod web-0 ./src /app/src']],
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const desk = await this.desk(context);
    const spec = { ...(await this.spec(context, desk.workstation)), foreground: true } as const;
    const agent = await this.agent(context);
    const { checkAttach } = await import('../session/check-attach.ts');
    await checkAttach({ ...context, ...agent, kube: desk.kube, namespace: desk.namespace, spec });
    const { sync } = await this.make(context, desk, spec);
    const { serveSync } = await import('../control/serve-sync.ts');
    try {
      const onLog = (line: string) => context.reporter.info(line);
      await serveSync({ ...context, ...desk, ...agent, sync, untilPodGoes: true, onLog });
    } finally {
      await desk.catalog.delete(sync, AbortSignal.timeout(10_000)).catch(() => {});
    }
    return { text: 'The pod has gone.' };
  }
}

export class PlanCommand extends SpecCommand {
  static override paths = [['plan']];
  static override usage = KubeCommand.Usage({
    description: 'Show what a first sync would do, and why, without doing it.',
    details: `
      Exit code 5 where conflicts or problems would remain.
      Makes nothing and changes nothing in either directory, also while a sync of them runs. Where the container
      has no Node.js of its own, its pod gets the ephemeral container that the sync would use.
    `,
    examples: [['What would happen', '$0 plan -l app=web ./src /app/src']],
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const desk = await this.desk(context);
    const spec = await this.spec(context, desk.workstation);
    const agent = await this.agent(context);
    const { previewSync } = await import('../session/preview.ts');
    const { kube, namespace, workstation } = desk;
    const stateFolder = workstation.folder;
    const plan = await previewSync({ ...context, ...agent, kube, namespace, spec, stateFolder });
    const open = openText(plan);
    return {
      data: plan,
      text: planText(plan),
      ...(open !== '' && { error: new IncompleteError(open) }),
    };
  }
}
