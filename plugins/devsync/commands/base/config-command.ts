/** Commands about the syncs of a `.devsync.yaml`. */
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { argument, option } from '../../../../src/cli/options.ts';
import { UsageError } from '../../../../src/errors.ts';
import type { Config, ConfiguredSync } from '../../config/parse-config.ts';
import { AgentCommand, localPath, type SyncEnvironment } from './sync-command.ts';

/** A file that was read, and where its syncs go. */
export interface OpenConfig extends SyncEnvironment {
  readonly config: Config;
  /** Those that the command line names; all where it names none. */
  readonly chosen: readonly ConfiguredSync[];
}

export abstract class ConfigCommand extends AgentCommand {
  names = argument.rest('NAME', { description: 'Only these syncs of the file.' });
  file = option.text('-f,--file', {
    value: 'FILE',
    description: 'The file. Default: .devsync.yaml in this directory or the nearest one above it.',
  });

  /** Reads the file. `--context` and `--namespace` have the last word over what it says. */
  protected async openConfig(context: KubeCommandContext): Promise<OpenConfig> {
    const [{ readConfig }, { Workstation, stateFolder }] = await Promise.all([
      import('../../config/config-file.ts'),
      import('../../spec/workstation.ts'),
    ]);
    const workstation = new Workstation(stateFolder(context.env, process.platform), process.platform);
    const config = readConfig(localPath('.'), this.file, workstation);
    for (const name of this.names)
      if (!config.syncs.some((one) => one.name === name))
        throw new UsageError(`${config.file} has no sync ${JSON.stringify(name)}`, {
          hint: `It has ${config.syncs.map((one) => one.name).join(', ')}.`,
        });
    const chosen = config.syncs.filter(({ name }) => this.names.length === 0 || this.names.includes(name));
    return { ...(await this.environment(context, config)), config, chosen };
  }
}
