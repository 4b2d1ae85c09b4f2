/** `kubectl devsync create` */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { NamedSpecCommand } from './base/named-spec-command.ts';

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
      [
        'In every pod, and a command after each save of a source',
        "$0 create -l app=web --pods all --on-change '*.ts=exec:npm run build' ./src /app/src",
      ],
    ],
  });
  override output = outputOption('json', 'yaml', 'name');

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const env = await this.environment(context);
    const { sync, container } = await this.make(context, env, await this.spec(context, env.workstation));
    const { name, namespace, spec } = sync;
    const text = `Sync ${name} made: ${spec.local.path} with ${spec.remote} in ${container}. ${context.binaryName} watch runs it.`;
    return { data: { name, namespace, spec }, text, names: [name] };
  }
}
