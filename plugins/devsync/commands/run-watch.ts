/** Runs syncs in the foreground: with a live view on a terminal, in lines without one. */
import type { KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { SupervisorOptions } from '../control/supervisor.ts';
import type { SyncEnvironment } from './sync-command.ts';

/** `--title`, of commands that show a live view. */
export const titleOption = (): boolean =>
  option.flag('--title', {
    description: "Say the state in the terminal's title.",
    default: true,
  });

export interface WatchRun extends SyncEnvironment {
  /** Those of all namespaces where true. */
  readonly everywhere: boolean;
  readonly names: readonly string[];
  readonly file?: string;
  readonly agent: Pick<SupervisorOptions, 'image' | 'bundle'>;
  readonly hasTitle: boolean;
}

/** Resolves when it was asked to stop by another process, or by a key; rejects with the signal's reason. */
export async function runWatch(context: KubeCommandContext, run: WatchRun): Promise<void> {
  const { supervise } = await import('../control/supervisor.ts');
  const { names, file, everywhere, agent } = run;
  const onLog = (line: string) => context.reporter.info(line);
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const supervised = supervise({
    ...context,
    ...run,
    ...agent,
    namespace: everywhere ? undefined : run.namespace,
    names,
    ...(file !== undefined && { file }),
    signal,
    onLog,
  });
  const dashboard = context.dashboard();
  if (dashboard === undefined) {
    await supervised;
  } else {
    try {
      const { LiveView } = await import('./live/live-view.ts');
      const ended = new AbortController();
      const view = new LiveView({
        dashboard,
        workstation: run.workstation,
        watch: run.workstation.watchSocket(run.kube.cluster.server, file),
        clock: context.clock,
        signal: ended.signal,
        hasTitle: run.hasTitle,
        quit: () => stop.abort(),
      });
      const drawn = view.run();
      await supervised.finally(() => ended.abort());
      await drawn;
    } finally {
      dashboard.close();
    }
  }
  context.signal.throwIfAborted();
}
