/** `kubectl devsync watch` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { RefusedError, UsageError } from '../../../src/errors.ts';
import type { SyncSpec } from '../spec/spec.ts';
import { plainWords } from '../wire/plain-words.ts';
import { watchInBackground } from './base/background.ts';
import { AgentCommand, completeSync, localPath, type SyncEnvironment } from './base/sync-command.ts';
import { notifyOption, runWatch, titleOption } from './live/run-watch.ts';

export class WatchCommand extends AgentCommand {
  static override paths = [['watch']];
  static override usage = KubeCommand.Usage({
    description: 'Run the syncs that belong to this workstation, those to come included.',
    details: `
      Follows the specifications in the cluster, finds their pods now and after every roll, and syncs until it
      is stopped. On a terminal it shows what each of them does, and takes keys. A sync of another workstation is left alone, unless --take-over gives it to a directory here.
    `,
    examples: [
      ['All of the namespace', '$0 watch'],
      ['One, out of the way', '$0 watch web --background'],
      ['One that was made on another machine', '$0 watch web --take-over ./src'],
    ],
  });
  names = argument.rest('NAME', { description: 'Only these.', complete: completeSync });
  background = option.flag('--background', {
    description: 'Go on without this terminal; `watch stop` ends it.',
  });
  allNamespaces = option.flag('-A,--all-namespaces', { description: 'In all namespaces.' });
  takeOver = option.text('--take-over', {
    value: 'LOCAL',
    description:
      'Give the one sync named to this directory; it begins as a first sync, as --mode says: in one-way-replica one side is made the same as the other.',
  });
  title = titleOption();
  notify = notifyOption();
  yes = option.flag('-y,--yes', {
    description: 'With --take-over: let the reload rules of the sync run, without a question.',
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const env = await this.environment(context);
    // Checked before anything is changed: a second watch could not run what was taken over.
    if (this.takeOver !== undefined || this.background) await this.#refuseBeside(context, env);
    if (this.takeOver !== undefined) await this.#takeOver(context, env, this.takeOver);
    if (this.background) {
      await warnIfSilent(context, env);
      return await watchInBackground(context, env);
    }
    const agent = await this.agent(context);
    const { names, allNamespaces: everywhere, title: hasTitle, notify: notifies } = this;
    await runWatch(context, { ...env, agent, names, everywhere, hasTitle, notifies });
    return { text: 'Stopped.' };
  }

  async #refuseBeside(context: KubeCommandContext, { kube, workstation }: SyncEnvironment): Promise<void> {
    const { isServed } = await import('../control/socket.ts');
    if (!(await isServed(workstation.watchSocket(kube.cluster.server)))) return;
    throw new RefusedError(`a watch of ${kube.cluster.context} runs on this workstation already`, {
      ...(this.takeOver !== undefined && { details: ['Nothing was taken over.'] }),
      hint: `${context.binaryName} watch stop ends it.`,
    });
  }

  async #takeOver(context: KubeCommandContext, env: SyncEnvironment, local: string): Promise<void> {
    const [name, more] = this.names;
    if (name === undefined || more !== undefined) throw new UsageError('--take-over wants one NAME');
    const { checkLocal } = await import('../spec/spec-store.ts');
    const path = checkLocal(localPath(local));
    const sync = await env.specs.get(env.namespace, name, context.signal);
    const { id: workstation, who } = env.workstation;
    const spec = {
      ...(await this.#confirmReload(context, sync.spec)),
      local: { workstation, who, path, rootId: '' },
    };
    await env.specs.replace(sync, spec, context.signal);
    context.reporter.info(
      `${name} belongs to ${path} of ${who} now; it was ${sync.spec.local.path} of ${sync.spec.local.who}`,
    );
  }

  /** The specification without its reload rules, unless a person lets them run: they are commands of somebody else. */
  async #confirmReload(context: KubeCommandContext, { reload, ...rest }: SyncSpec): Promise<SyncSpec> {
    if (reload === undefined) return rest;
    const { ruleText } = await import('../spec/reload-spec.ts');
    const rules = reload.rules.map(ruleText).map(plainWords).join('; ');
    if (this.yes || (await context.confirm(`It reloads in the container: ${rules}. Let it do so?`)))
      return { ...rest, reload };
    context.reporter.info(`its reload rules were left out: ${rules}`);
    return rest;
  }
}

/** One in the background waits for the cluster, which its log alone would say. */
async function warnIfSilent(
  { signal, reporter }: KubeCommandContext,
  { kube }: SyncEnvironment,
): Promise<void> {
  const { answers } = await import('../../../src/kube/watch/until-answers.ts');
  if (await answers(kube, { signal, timeoutMs: reachPatience })) return;
  reporter.warn(
    `${kube.cluster.context}: no answer from ${kube.cluster.server}; the syncs begin as soon as it answers`,
  );
}

/** Milliseconds. */
const reachPatience = 4_000;
