/** `kubectl devsync up` */
import { isAgreed } from '../../../src/cli/agreed.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { RefusedError } from '../../../src/errors.ts';
import { watchInBackground } from './base/background.ts';
import { ConfigCommand, type OpenConfig } from './base/config-command.ts';
import { notifyOption, runWatch, titleOption } from './live/run-watch.ts';

export class UpCommand extends ConfigCommand {
  static override paths = [['up']];
  static override usage = KubeCommand.Usage({
    description: 'Run the syncs that .devsync.yaml names, until Ctrl-C.',
    details: `
      Shows what the file syncs, with which cluster, and which commands it runs, and asks once for each version of it.
      Then it checks what it needs, makes the syncs or gives them the rules that the file has by now, and runs them. What
      was agreed on stays for the next \`$0 up\`; \`$0 down\` removes the syncs.
    `,
    examples: [
      ['All of the project', '$0 up'],
      ['One of them, in a namespace of your own', '$0 up web -n alice'],
      ['Without this terminal', '$0 up --background'],
    ],
  });
  yes = option.flag('-y,--yes', { description: 'Do not ask about a file that was not confirmed here.' });
  background = option.flag('--background', { description: 'Go on without this terminal; `stop` ends it.' });
  title = titleOption();
  notify = notifyOption();

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const open = await this.openConfig(context);
    if (!(await this.#isConfirmed(context, open)))
      return { text: 'Nothing was done.', error: new RefusedError('the file was not confirmed') };
    await refuseSecond(open);
    const names = await this.#bringUp(context, open);
    if (this.background) return await watchInBackground(context, open, open.config.file);
    const agent = await this.agent(context);
    const { file } = open.config;
    await runWatch(context, {
      ...open,
      agent,
      names,
      file,
      everywhere: false,
      hasTitle: this.title,
      notifies: this.notify,
    });
    return { data: { syncs: names }, text: 'Stopped.' };
  }

  /** Whether a person has agreed to this version of the file, now or before. */
  async #isConfirmed(context: KubeCommandContext, open: OpenConfig): Promise<boolean> {
    const { configDigest, explainConfig, isConfirmed, rememberConfirmed, rememberTarget } = await import(
      '../config/confirmed.ts'
    );
    const { clusterId } = await import('../../../src/kube/cluster/identity.ts');
    const { config, workstation, kube, namespace } = open;
    const clusterUid = await clusterId(kube, { signal: context.signal });
    const target = { cluster: kube.cluster, namespace, clusterUid };
    const digest = configDigest(config, target);
    if (!isConfirmed(workstation, digest)) {
      const about = explainConfig(config, target);
      if (!(await isAgreed(context, { yes: this.yes, question: 'Go on?', about }))) return false;
      rememberConfirmed(workstation, digest, config);
    }
    // Agreed to with the file's own context and namespace, and not with those of this command line.
    if (!this.choosesTarget) rememberTarget(workstation, config);
    return true;
  }

  /** Resolves with the names of the syncs that are to run. */
  async #bringUp(context: KubeCommandContext, open: OpenConfig): Promise<string[]> {
    const [{ bringUp, madeFrom }, { prepare }] = await Promise.all([
      import('../control/up.ts'),
      import('../control/prepare.ts'),
    ]);
    const onLog = (line: string) => context.reporter.info(line);
    const onWarning = (line: string) => context.reporter.warn(line);
    const { image } = await this.agent(context);
    const specs = open.chosen.map(({ spec }) => spec);
    await prepare({ ...context, ...open, specs, image, onLog, onWarning });
    const about = { ...context, ...open, onLog };
    for (const one of open.chosen) await bringUp(one, about);
    for (const { name } of madeFrom(about))
      if (!open.config.syncs.some((one) => one.name === name))
        onWarning(`the file does not name ${name} any more; ${context.binaryName} down removes it`);
    return open.chosen.map(({ name }) => name);
  }
}

/** One process runs the syncs of a file. */
async function refuseSecond({ workstation, kube, config }: OpenConfig): Promise<void> {
  const { isServed } = await import('../control/socket.ts');
  if (!(await isServed(workstation.watchSocket(kube.cluster.server, config.file)))) return;
  throw new RefusedError(`the syncs of ${config.file} run already`, {
    hint: 'kubectl devsync get shows them; kubectl devsync stop ends it, and down removes them as well.',
  });
}
