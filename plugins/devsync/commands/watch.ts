/** `watch` and `stop`: running the syncs of this workstation. */
import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSea } from 'node:sea';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { RefusedError, UsageError, X8sError } from '../../../src/errors.ts';
import { withoutTerminal } from './background.ts';
import { AgentCommand, completeSync, type Desk, localPath, SyncCommand } from './sync-command.ts';

export class WatchCommand extends AgentCommand {
  static override paths = [['watch']];
  static override usage = KubeCommand.Usage({
    description: 'Run the syncs that belong to this workstation, those to come included.',
    details: `
      Follows the specifications in the cluster, finds their pods now and after every roll, and syncs until it
      is stopped. A sync of another workstation is left alone, unless --take-over gives it to a directory here.
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

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const desk = await this.desk(context);
    // Before anything is changed for it: whoever would run it may not be able to.
    if (this.takeOver !== undefined || this.background) await this.#refuseBeside(context, desk);
    if (this.takeOver !== undefined) await this.#takeOver(context, desk, this.takeOver);
    if (this.background) return await this.#goBackground(context, desk);
    const { supervise } = await import('../control/supervisor.ts');
    const agent = await this.agent(context);
    const onLog = (line: string) => context.reporter.info(line);
    const namespace = this.allNamespaces ? undefined : desk.namespace;
    await supervise({ ...context, ...desk, ...agent, namespace, names: this.names, onLog });
    context.signal.throwIfAborted();
    return { text: 'Stopped.' };
  }

  async #refuseBeside(context: KubeCommandContext, { kube, workstation }: Desk): Promise<void> {
    const { isServed } = await import('../control/socket.ts');
    if (!(await isServed(workstation.watchSocket(kube.cluster.server)))) return;
    throw new RefusedError(`a watch of ${kube.cluster.context} runs on this workstation already`, {
      ...(this.takeOver !== undefined && { details: ['Nothing was taken over.'] }),
      hint: `${context.binaryName} watch stop ends it.`,
    });
  }

  async #takeOver(context: KubeCommandContext, desk: Desk, local: string): Promise<void> {
    const [name, more] = this.names;
    if (name === undefined || more !== undefined) throw new UsageError('--take-over wants one NAME');
    const { checkLocal } = await import('../spec/catalog.ts');
    const path = checkLocal(localPath(local));
    const sync = await desk.catalog.get(desk.namespace, name, context.signal);
    const { id: workstation, who } = desk.workstation;
    const spec = { ...sync.spec, local: { workstation, who, path, rootId: '' } };
    await desk.catalog.replace(sync, spec, context.signal);
    context.reporter.info(
      `${name} belongs to ${path} of ${who} now; it was ${sync.spec.local.path} of ${sync.spec.local.who}`,
    );
  }

  /** The same command again, without a terminal. */
  async #goBackground(context: KubeCommandContext, desk: Desk): Promise<Outcome> {
    const { isServed } = await import('../control/socket.ts');
    const isThere = () => isServed(desk.workstation.watchSocket(desk.kube.cluster.server));
    const log = join(desk.workstation.folder, 'watch.log');
    const output = openSync(log, 'a', 0o600);
    // A compiled plugin is its own program and brings node's options itself; from sources both are arguments.
    const program = isSea() ? [] : [...process.execArgv, ...process.argv.slice(1, 2)];
    const args = withoutTerminal(process.argv.slice(2));
    const child = spawn(process.execPath, [...program, ...args], {
      detached: true,
      stdio: ['ignore', output, output],
    });
    child.unref();
    for (let attempt = 0; attempt < 100; attempt++) {
      if (child.exitCode !== null) break;
      if (await isThere())
        return { data: { pid: child.pid, log }, text: `Watching (process ${child.pid}), log in ${log}.` };
      await context.clock.sleep(100, context.signal);
    }
    const said = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-3);
    throw new X8sError('the watch did not start', { details: said, hint: `Its log is ${log}.` });
  }
}

export class StopCommand extends SyncCommand {
  static override paths = [['watch', 'stop'], ['stop']];
  static override usage = KubeCommand.Usage({
    description: 'Stop the watch of this cluster that runs on this workstation.',
    examples: [['Whatever runs here', '$0 watch stop']],
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { workstation, kube } = await this.desk(context);
    const { askControl, NotRunning } = await import('../control/socket.ts');
    try {
      await askControl(workstation.watchSocket(kube.cluster.server), 'stop', {}, context);
    } catch (error) {
      if (error instanceof NotRunning) return { text: `No watch of ${kube.cluster.context} was running.` };
      throw error;
    }
    return { text: 'Stopped.' };
  }
}
