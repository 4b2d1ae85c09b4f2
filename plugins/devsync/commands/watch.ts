/** `kubectl devsync watch` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { RefusedError, UnreachableError, UsageError } from '../../../src/errors.ts';
import type { SyncSpec } from '../spec/spec.ts';
import type { Sync } from '../spec/spec-store.ts';
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
    description:
      'Agree without a question: with --take-over to what the sync does beyond its files, and to a specification that was changed in the cluster.',
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const env = await this.environment(context);
    // Checked before anything is changed: a second watch could not run what was taken over.
    if (this.takeOver !== undefined || this.background) await this.#refuseBeside(context, env);
    if (this.takeOver !== undefined) await this.#takeOver(context, env, this.takeOver);
    const answers = await this.#answers(context, env);
    const agreed = answers ? await this.#agree(context, env) : [];
    // Who runs them here already takes them up by itself.
    if (agreed.length > 0 && (await isWatched(env)))
      return {
        data: { agreed },
        text: `Agreed to: ${agreed.join(', ')}. The watch that runs here begins with that.`,
      };
    if (this.background) return await watchInBackground(context, env);
    const agent = await this.agent(context);
    const { names, allNamespaces: everywhere, title: hasTitle, notify: notifies } = this;
    await runWatch(context, { ...env, agent, names, everywhere, hasTitle, notifies });
    return { text: 'Stopped.' };
  }

  /** Whether the cluster does. One in the background waits for it, which its log alone would say. */
  async #answers({ signal, reporter }: KubeCommandContext, { kube }: SyncEnvironment): Promise<boolean> {
    const { answers } = await import('../../../src/kube/watch/until-answers.ts');
    if (await answers(kube, { signal, timeoutMs: reachPatience })) return true;
    const { context, server } = kube.cluster;
    const unseen = this.yes ? '; what was changed in them there is not agreed to, since nobody saw it' : '';
    if (this.background)
      reporter.warn(`${context}: no answer from ${server}; the syncs begin as soon as it answers${unseen}`);
    return false;
  }

  /**
   * Asks about each specification that is not what was agreed to on this workstation. Resolves with the names of those
   * that a person agrees to; the others are refused when they are to begin, and so are all where nobody can be asked.
   */
  async #agree(
    context: KubeCommandContext,
    { specs, workstation, namespace }: SyncEnvironment,
  ): Promise<string[]> {
    const [{ refusalOfSpec }, { isAgreed }] = await Promise.all([
      import('../control/serve-sync.ts'),
      import('../../../src/cli/agreed.ts'),
    ]);
    const { names, yes } = this;
    const agreed: string[] = [];
    const where = this.allNamespaces ? undefined : namespace;
    // A line that is lost just now is for the watch to wait for.
    for (const sync of await specs.list(where, context.signal).catch(noneInReach)) {
      const { name } = sync;
      const isMeant = names.length === 0 ? sync.spec.foreground !== true : names.includes(name);
      const refusal = isMeant && specs.belongsHere(sync) ? refusalOfSpec(sync, workstation) : undefined;
      if (refusal === undefined) continue;
      const about = [`${refusal.message}:`, ...refusal.details.map((line) => `  ${line}`)];
      const asked = isAgreed(context, { yes, question: `Run ${name} so from now on?`, about });
      if (!(await asked.catch(noneToAsk))) continue;
      specs.noteAgreed(sync);
      agreed.push(name);
    }
    return agreed;
  }

  async #refuseBeside(context: KubeCommandContext, env: SyncEnvironment): Promise<void> {
    if (!(await isWatched(env))) return;
    throw new RefusedError(`a watch of ${env.kube.cluster.context} runs on this workstation already`, {
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
    const here = { ...sync.spec, local: { workstation, who, path, rootId: '' } };
    const spec = await this.#withWhatIsAgreed(context, name, here);
    await env.specs.replace(sync, spec, context.signal);
    context.reporter.info(
      `${name} belongs to ${path} of ${who} now; it was ${sync.spec.local.path} of ${sync.spec.local.who}`,
    );
  }

  /** A specification of somebody else without what a person does not let it do. */
  async #withWhatIsAgreed(context: KubeCommandContext, name: string, spec: SyncSpec): Promise<SyncSpec> {
    const [{ explainSync, warningsOn, withoutWarnings }, { isAgreed }] = await Promise.all([
      import('../spec/explain.ts'),
      import('../../../src/cli/agreed.ts'),
    ]);
    const about = explainSync(name, spec);
    const warnings = warningsOn(spec);
    const yes = this.yes || warnings.length === 0;
    if (await isAgreed(context, { yes, question: 'Let it do so?', about })) return spec;
    context.reporter.info(`left out: ${warnings.join('; ')}`);
    return withoutWarnings(spec);
  }
}

/** Nobody is there to agree, so nobody does. */
function noneToAsk(error: unknown): boolean {
  if (error instanceof UsageError) return false;
  throw error;
}

function noneInReach(error: unknown): Sync[] {
  if (error instanceof UnreachableError) return [];
  throw error;
}

/** Whether a watch of this cluster runs on this workstation. */
async function isWatched({ kube, workstation }: SyncEnvironment): Promise<boolean> {
  const { isServed } = await import('../control/socket.ts');
  return await isServed(workstation.watchSocket(kube.cluster.server));
}

/** Milliseconds. */
const reachPatience = 4_000;
