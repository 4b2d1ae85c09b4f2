/** Commands that make a specification in the cluster: `create` and `run`. */
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { option } from '../../../../src/cli/options.ts';
import { UsageError, X8sError } from '../../../../src/errors.ts';
import type { SyncSpec } from '../../spec/spec.ts';
import { defaultName, SpecCommand } from './spec-options.ts';
import type { SyncEnvironment } from './sync-command.ts';

export abstract class NamedSpecCommand extends SpecCommand {
  name = option.text('--name', {
    value: 'NAME',
    description: "Name of the sync. Default: made of the directory's.",
  });
  allowOverlap = option.flag('--allow-overlap', {
    description: 'Allow directories that another sync has already, or a part of.',
  });

  /** Makes the specification in the cluster. */
  protected async make(context: KubeCommandContext, env: SyncEnvironment, spec: SyncSpec) {
    const container = await this.checkContainer(context, env, spec);
    const name = this.name ?? defaultName(spec);
    if (name === 'stop') throw new UsageError('a sync cannot be named stop: `watch stop` ends the watch');
    const { allowOverlap } = this;
    const sync = await env.specs.create({
      name,
      namespace: env.namespace,
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
    { kube, namespace }: SyncEnvironment,
    spec: SyncSpec,
  ): Promise<string> {
    const { containersOf, describeContainer, defaultContainer, namedContainers } = await import(
      '../../launch/containers.ts'
    );
    const { listPods } = await import('../../session/pods/pods.ts');
    const { container, containers = container === undefined ? [] : [container], everyPod } = spec.target;
    const [first] = await listPods(kube, namespace, spec.target, context.signal);
    if (first === undefined) {
      context.reporter.warn(`no pod in namespace ${namespace} matches yet`);
      return containers.length === 0 ? 'the default container' : namedContainers(containers);
    }
    const names = containersOf(first).map((one) => one.name);
    for (const wanted of containers)
      if (!names.includes(wanted))
        throw new X8sError(`pod ${first.metadata.name} has no container ${wanted}`, {
          hint: `It has ${names.join(', ')}.`,
        });
    const which =
      containers.length > 0
        ? namedContainers(containers)
        : describeContainer(first, defaultContainer(first) ?? '', false);
    return everyPod ? `${which} of every pod that matches` : which;
  }
}
