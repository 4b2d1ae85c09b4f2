/** `kubectl devsync run` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { UsageError } from '../../../src/errors.ts';
import { NamedSpecCommand } from './base/named-spec-command.ts';

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
    const env = await this.environment(context);
    const spec = { ...(await this.spec(context, env.workstation)), foreground: true } as const;
    const { isGroup } = await import('../spec/spec.ts');
    if (isGroup(spec.target))
      throw new UsageError('run is for one container of one pod', {
        hint: 'create and watch keep several the same.',
      });
    const agent = await this.agent(context);
    const { checkAttach } = await import('../session/preview/check-attach.ts');
    await checkAttach({ ...context, ...agent, kube: env.kube, namespace: env.namespace, spec });
    const { sync } = await this.make(context, env, spec);
    const { serveSync } = await import('../control/serve-sync.ts');
    try {
      const onLog = (line: string) => context.reporter.info(line);
      await serveSync({ ...context, ...env, ...agent, sync, untilPodGoes: true, onLog });
    } finally {
      await env.specs.delete(sync, AbortSignal.timeout(10_000)).catch(() => {});
    }
    return { text: 'The pod has gone.' };
  }
}
