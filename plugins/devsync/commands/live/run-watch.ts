/** Runs syncs in the foreground: with a live view on a terminal, in lines without one. */
import { repeat } from '../../../../src/async/repeat.ts';
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { option } from '../../../../src/cli/options.ts';
import type { Dashboard } from '../../../../src/ui/dashboard.ts';
import type { SupervisorOptions } from '../../control/supervisor.ts';
import type { SyncEnvironment } from '../base/sync-command.ts';
import type { LookOptions } from './look.ts';

/** `--title`, of commands that show a live view. */
export const titleOption = (): boolean =>
  option.flag('--title', {
    description: "Say the state in the terminal's title.",
    default: true,
  });

/** `--notify`, of commands that run syncs. */
export const notifyOption = (): boolean =>
  option.flag('--notify', {
    description: 'Tell the desktop of conflicts, of what is held, and of reloads that fail.',
  });

export interface WatchRun extends SyncEnvironment {
  /** Those of all namespaces where true. */
  readonly everywhere: boolean;
  readonly names: readonly string[];
  readonly file?: string;
  readonly agent: Pick<SupervisorOptions, 'image' | 'bundle'>;
  readonly hasTitle: boolean;
  readonly notifies: boolean;
}

/** Resolves when it was asked to stop by another process, or by a key; rejects with the signal's reason. */
export async function runWatch(context: KubeCommandContext, run: WatchRun): Promise<void> {
  const { supervise } = await import('../../control/supervisor.ts');
  const { file, everywhere, agent, namespace, workstation, kube } = run;
  const [stop, ended] = [new AbortController(), new AbortController()];
  const supervised = supervise({
    ...context,
    ...run,
    ...agent,
    namespace: everywhere ? undefined : namespace,
    signal: AbortSignal.any([context.signal, stop.signal]),
    onLog: (line) => context.reporter.info(line),
  });
  const watch = workstation.watchSocket(kube.cluster.server, file);
  const looking = { workstation, watch, clock: context.clock, signal: ended.signal };
  const dashboard = context.dashboard();
  const onlookers = [
    ...(dashboard ? [showView(dashboard, looking, run.hasTitle, () => stop.abort())] : []),
    ...(run.notifies ? [tellDesktop(looking, (why) => context.reporter.warn(why))] : []),
  ];
  try {
    await supervised;
  } finally {
    ended.abort();
    await Promise.all(onlookers).finally(() => dashboard?.close());
  }
  context.signal.throwIfAborted();
}

async function showView(
  dashboard: Dashboard,
  looking: LookOptions,
  hasTitle: boolean,
  quit: () => void,
): Promise<void> {
  const [{ LiveView }, { lookerAt }] = await Promise.all([import('./live-view.ts'), import('./look.ts')]);
  await new LiveView({ ...looking, dashboard, hasTitle, look: lookerAt(looking), quit }).run();
}

/** Milliseconds between two looks for what the desktop is told. */
const interval = 1_000;

async function tellDesktop(looking: LookOptions, onMissing: (why: string) => void): Promise<void> {
  const [{ NoticeFinder }, { lookerAt }, { notifierFor, notify }] = await Promise.all([
    import('./notices.ts'),
    import('./look.ts'),
    import('../../../../src/ui/notifier.ts'),
  ]);
  const [finder, look] = [new NoticeFinder(), lookerAt(looking)];
  const { clock, signal, workstation } = looking;
  const tell = async () => {
    for (const { title, text } of finder.of((await look()) ?? []))
      notify(notifierFor(workstation.platform, title, text), onMissing);
  };
  await repeat(tell, { periodMs: interval, clock, signal });
}
