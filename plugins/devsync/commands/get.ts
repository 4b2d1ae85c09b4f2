/** `kubectl devsync get` */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { UnreachableError, type X8sError } from '../../../src/errors.ts';
import type { RunnerState } from '../session/runner/runner-state.ts';
import type { Sync, Unreadable } from '../spec/spec-store.ts';
import { completeSync, SyncCommand, type SyncEnvironment } from './base/sync-command.ts';
import { type SyncStatus, stateWord, syncDocument, syncTable } from './output/output-tables.ts';
import { eventOf, eventText, News, type SyncEvent } from './output/sync-event.ts';

export class GetCommand extends SyncCommand {
  static override paths = [['get']];
  static override usage = KubeCommand.Usage({
    description: 'Show the syncs of the cluster and what each is doing.',
    examples: [
      ['Those of the namespace', '$0 get'],
      ['Everything about one', '$0 get web -o json'],
      [
        'A line of JSON whenever one is in another state, for an editor or a status bar',
        '$0 get -o json --watch',
      ],
    ],
  });
  override output = outputOption('json', 'yaml', 'wide', 'name', 'table');
  name = argument.optional('NAME', { description: 'Only this one.', complete: completeSync });
  watch = option.flag('-w,--watch', {
    description: 'Go on, with a line for each sync that is in another state.',
  });
  allNamespaces = option.flag('-A,--all-namespaces', { description: 'Of all namespaces.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const env = await this.environment(context);
    if (this.watch) return await this.#follow(context, env);
    const { syncs, unreadable } = this.name
      ? { syncs: [await env.specs.get(env.namespace, this.name, context.signal)], unreadable: [] }
      : await env.specs.survey(this.allNamespaces ? undefined : env.namespace, context.signal);
    const seen = [
      ...(await Promise.all(syncs.map((sync) => askStatus(env, sync, context.signal)))),
      ...unreadable,
    ];
    for (const { name, why } of unreadable) context.reporter.warn(`${name} cannot be read: ${why}`);
    if (seen.some((one) => 'sync' in one && usesNodeAgent(one))) await this.#warnOfAgents(context, env);
    const documents = seen.map(syncDocument);
    return {
      data: this.name ? documents[0] : documents,
      table: syncTable(seen, context.clock.now(), this.allNamespaces),
      names: [...syncs, ...unreadable].map(({ name }) => name),
    };
  }

  /** What a sync needs that goes by the agent of a node. */
  async #warnOfAgents(
    { reporter, plugin, signal }: KubeCommandContext,
    { kube }: SyncEnvironment,
  ): Promise<void> {
    const { checkNodeAgents } = await import('../control/check-node-agents.ts');
    for (const { verdict, message } of await checkNodeAgents(kube, plugin.version, signal))
      if (verdict !== 'ok') reporter.warn(message);
  }

  /** Until it is stopped. Syncs are listed anew every few seconds; those that run here are asked more often. */
  async #follow(context: KubeCommandContext, env: SyncEnvironment): Promise<Outcome> {
    const { clock, signal } = context;
    const news = new News();
    let listed = await this.#list(context, env);
    for (let look = 1; ; look++) {
      const { syncs, unreadable } = listed;
      const seen = [...(await Promise.all(syncs.map((sync) => askStatus(env, sync, signal)))), ...unreadable];
      for (const event of news.of(seen.map(eventFor))) await context.event(event, eventText(event));
      await clock.sleep(lookInterval, signal);
      if (look % looksPerList === 0) listed = await this.#list(context, env).catch(unlessLost(listed));
    }
  }

  async #list({ signal }: KubeCommandContext, { specs, namespace }: SyncEnvironment) {
    const all = await specs.survey(this.allNamespaces ? undefined : namespace, signal);
    const isWanted = ({ name }: { readonly name: string }) => this.name === undefined || this.name === name;
    return { syncs: all.syncs.filter(isWanted), unreadable: all.unreadable.filter(isWanted) };
  }
}

/** Milliseconds between two looks at the syncs of this workstation, and how many of them go with one list. */
const [lookInterval, looksPerList] = [500, 10];

/** A cluster that is out of reach for a while says nothing about its syncs. */
const unlessLost =
  <T>(otherwise: T) =>
  (error: unknown): T => {
    if (error instanceof UnreachableError) return otherwise;
    throw error;
  };

/** What `--watch` tells of a sync. */
function eventFor(row: SyncStatus | Unreadable): SyncEvent {
  if ('why' in row) return eventOf(row, undefined, { state: 'unreadable', message: row.why });
  const otherwise = {
    state: stateWord({ ...row, state: undefined }),
    message: row.silent ?? row.refusal ?? '',
  };
  return eventOf(row.sync, row.state, otherwise);
}

const usesNodeAgent = ({ sync, state }: SyncStatus): boolean =>
  [sync.spec.launcher, state?.launcher].includes('node-agent');

/** A sync, asked what it is doing where it runs on this workstation. */
async function askStatus(
  { workstation, specs }: SyncEnvironment,
  sync: Sync,
  signal: AbortSignal,
): Promise<SyncStatus> {
  const isHere = specs.belongsHere(sync);
  if (!isHere) return { sync, isHere, state: undefined };
  const { askControl, NotAnswering } = await import('../control/socket.ts');
  let silent: X8sError | undefined;
  const asked = askControl(workstation.socketOf(sync.uid), 'state', {}, { signal }).catch((error) => {
    signal.throwIfAborted();
    if (error instanceof NotAnswering) silent = error;
    return undefined;
  });
  const state = (await asked) as RunnerState | undefined;
  if (state || silent)
    return { sync, isHere, state, silent: silent && (await describeSilence(sync, silent)) };
  const { refusalOf } = await import('../control/serve-sync.ts');
  return { sync, isHere, state, refusal: refusalOf(sync, workstation)?.message };
}

/** What may be done about a process that holds a sync and does not answer. */
async function describeSilence({ record }: Sync, { message, hint }: X8sError): Promise<string> {
  const { parseHolder } = await import('../../../src/tasks/holder.ts');
  const { pid } = parseHolder(record.holder ?? '');
  const wake = Number.isNaN(pid) ? [] : [`kill -CONT ${pid} wakes a process that was stopped`];
  return [`${message}.`, hint, ...wake].join(' ');
}
