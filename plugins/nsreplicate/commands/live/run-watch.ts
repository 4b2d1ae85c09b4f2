/** Keeps replicas the same until it is ended: a live view on a terminal, lines without one. */
import { repeat } from '../../../../src/async/repeat.ts';
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../../src/cli/output.ts';
import type { Dashboard } from '../../../../src/ui/dashboard.ts';
import type { Informers } from '../../cache/informers.ts';
import { type Meters, together } from '../../jobs/meters.ts';
import type { Working } from '../../run/live-task.ts';
import type { TaskStatus } from '../../state/state.ts';
import { isAtWork } from '../../state/task-phase.ts';
import type { Opened } from '../base/open-task.ts';
import { type ServiceFlags, serve } from '../base/service.ts';
import { comparison, sessionOf, words } from '../base/session-of.ts';
import { ChangeLines } from './change-lines.ts';
import { ChangeLog } from './change-log.ts';

const STATUS_MS = 10_000;
/** Between two looks of the live view. */
const LOOK_MS = 1000;

export async function runWatch(
  opened: Opened,
  context: KubeCommandContext,
  flags: ServiceFlags,
): Promise<Outcome> {
  const { Informers: Shared } = await import('../../cache/informers.ts');
  const informers = new Shared(context.clock);
  const work = new CurrentWork();
  const { spec, primary, replicas, state } = opened;
  const live = { spec, primary, replicas, working: () => work.active };
  const serving = { state, tasks: () => [live], watchRestarts: () => informers.restarts };
  const service = await serve(flags, serving, context);
  const dashboard = context.dashboard();
  try {
    const meters = service?.metrics.metersOf(spec.name);
    return await follow(opened, context, { informers, work, meters, dashboard });
  } catch (error) {
    // Being ended is how a watch ends; what was under way is taken up by the next one.
    if (context.signal.aborted) throw context.signal.reason;
    throw error;
  } finally {
    dashboard?.close();
    await service?.close();
  }
}

/** What this process works on, once it does. */
class CurrentWork {
  latest: Working | undefined;

  get status(): TaskStatus | undefined {
    return this.latest?.status();
  }

  get active(): Working | undefined {
    return this.latest && isAtWork(this.latest.status()) ? this.latest : undefined;
  }
}

interface Following {
  readonly informers: Informers;
  readonly work: CurrentWork;
  /** Those of the service. */
  readonly meters: Meters | undefined;
  readonly dashboard: Dashboard | undefined;
}

async function follow(
  opened: Opened,
  context: KubeCommandContext,
  { informers, work, meters, dashboard }: Following,
): Promise<never> {
  const { clock, reporter } = context;
  const lines = dashboard ? undefined : new ChangeLines({ clock, line: reporter.info });
  const changes = new ChangeLog(clock, (change) => lines?.note(change), opened.spec.map);
  // Where a view is drawn, whatever else is said passes above it.
  const say = dashboard
    ? async (_: TaskStatus, text: string) => reporter.info(text)
    : (status: TaskStatus, text: string) => context.event(status, text);
  const session = await sessionOf(opened, context, {
    informers,
    meters: together(meters, changes.meters),
    begun: (task, status) => {
      work.latest = { task, status };
    },
    compared: (status) => void say(status, comparedText(status)),
  });
  const ended = new AbortController();
  const telling = dashboard
    ? [drawTask(dashboard, { work, changes }, context, ended.signal)]
    : [tellStatus(work, context, ended.signal), lines?.run(ended.signal)];
  try {
    return await session.watch();
  } finally {
    ended.abort();
    await Promise.all(telling);
  }
}

const comparedText = ({ replicas }: TaskStatus): string =>
  `compared: ${replicas.map((replica) => `${replica.name}: ${comparison(replica.counts, replica)}`).join('; ')}`;

interface Drawn {
  readonly work: CurrentWork;
  readonly changes: ChangeLog;
}

async function drawTask(
  dashboard: Dashboard,
  { work, changes }: Drawn,
  { clock }: KubeCommandContext,
  signal: AbortSignal,
): Promise<void> {
  const { renderTask } = await import('./render.ts');
  const draw = () => {
    const view = { status: work.status, failed: work.latest?.task.records.failed ?? [], changes };
    dashboard.draw(renderTask(view, { rows: dashboard.room.rows, now: clock.now() }));
  };
  await repeat(draw, { periodMs: LOOK_MS, clock, signal });
}

/** Each time in the same form, as after the first comparison: who reads JSON gets the task's status, a line each. */
async function tellStatus(
  work: CurrentWork,
  { clock, event }: KubeCommandContext,
  signal: AbortSignal,
): Promise<void> {
  const { standing } = await import('../output/status-text.ts');
  let said = '';
  while (!signal.aborted) {
    await clock.sleep(STATUS_MS, signal).catch(() => undefined);
    const now = work.status;
    const replicas = now?.replicas ?? [];
    const done = JSON.stringify(replicas.map(({ counts, failed, away }) => [counts, failed, away]));
    if (signal.aborted || said === done || replicas.length === 0) continue;
    said = done;
    const text = replicas.map((replica) => {
      const { name, away, counts, failed } = replica;
      const how = `${away ? `away (${away}), ` : ''}${standing(replica)}`;
      return [`${name}: ${how}`, words(counts, failed)].filter((part) => part !== '').join('; ');
    });
    await event(now, text.join('\n'));
  }
}
