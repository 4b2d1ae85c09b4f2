/** `kubectl nsreplicate`: keeps replicas the same, or makes them so once. */
import { outputOption } from '../../../src/cli/base-command.ts';
import type { KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { UsageError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { Step, StepHandle } from '../../../src/ui/reporter.ts';
import type { Replica } from '../reconcile/replica.ts';
import type { SessionOptions } from '../run/session.ts';
import type { Working } from '../server/tasks/live-task.ts';
import type { TaskStatus } from '../state/state.ts';
import { isAtWork } from '../state/task-phase.ts';
import type { Task } from '../task/task.ts';
import type { Opened } from './open-task.ts';
import { planOutcome } from './plan-outcome.ts';
import { checkServiceFlags, type ServiceFlags, serve } from './service.ts';
import { TaskCommand } from './task-command.ts';

const service = 'Service';

export class ReplicateCommand extends TaskCommand {
  static override paths = [TaskCommand.Default, ['watch']];
  static override usage = TaskCommand.Usage({
    description: 'Keep namespaces of a primary cluster the same on its replicas.',
    details: `
      Compares everything first, then follows every change. Only what it made itself is changed or deleted on
      a replica, unless flags say otherwise. What it knows is kept in namespace x8s-nsreplicate, so that it
      goes on from any workstation; a second instance of a task stands by and takes over.
    `,
    examples: [
      [
        'Keep two namespaces on a standby cluster',
        '$0 --primary prod --replica standby --sync-namespaces shop,pay',
      ],
      [
        'Make a replica equal once, and stop',
        '$0 --once --primary prod --replica standby --sync-namespaces "team-*"',
      ],
      ['See what would change', '$0 --dry-run --primary prod --replica standby'],
      ['With rules from a file', '$0 --config standby.yaml'],
    ],
  });
  override output = outputOption('json', 'yaml', 'wide', 'table');
  once = option.flag('--once,--sync-once', { description: 'Compare, write what differs, and end.' });
  dryRun = option.flag('--dry-run', { description: 'Only show what would change; the same as `plan`.' });

  listen = option.text('--listen', {
    value: 'HOST:PORT',
    description: 'Serve a page, an API and metrics there; :8080 is all addresses of this machine.',
    group: service,
  });
  tlsCert = option.text('--tls-cert', {
    value: 'FILE',
    description: 'Certificate of the service, PEM; read again when it changes.',
    group: service,
  });
  tlsKey = option.text('--tls-key', { value: 'FILE', description: 'Its key.', group: service });
  insecureListen = option.flag('--insecure-listen', {
    description: 'Listen for others without TLS: something in front of the service encrypts.',
    group: service,
  });
  metricsAuth = option.choice('--metrics-auth', ['token', 'none'], {
    description: 'Whether /metrics wants a token of a user. Default: token.',
    group: service,
    default: 'token',
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    this.#checkService();
    const clients: KubeClient[] = [];
    try {
      // A dry run shows what the same command would do without it, deletions included.
      const watches = !this.once;
      const opened = await this.begin(context, { watches, hand: (client) => clients.push(client) });
      if (this.dryRun) return await planOutcome(opened, context);
      return await (this.once ? runOnce(opened, context) : runWatch(opened, context, this));
    } finally {
      await Promise.allSettled(clients.map((client) => client.close()));
    }
  }

  #checkService(): void {
    checkServiceFlags(this);
    if (this.listen !== undefined && (this.once || this.dryRun))
      throw new UsageError('--listen is for a watch: --once and --dry-run end by themselves');
  }
}

async function sessionOf(
  opened: Opened,
  { clock, signal, reporter }: KubeCommandContext,
  hooks: Pick<SessionOptions, 'informers' | 'meters' | 'begun' | 'compared'>,
) {
  const { Session } = await import('../run/session.ts');
  const { spec, primary, replicas, state } = opened;
  return new Session(
    { spec, primary, replicas },
    {
      state,
      clock,
      signal,
      info: (text) => reporter.info(text),
      warn: (text) => reporter.warn(text),
      standingBy: ({ holder, since }) =>
        reporter.info(
          `task ${spec.name} is at work elsewhere (${holder.split(' ')[0]}, since ${since}): standing by`,
        ),
      ...hooks,
    },
  );
}

/** One line of progress for each replica while it is worked on. */
export async function runOnce(opened: Opened, context: KubeCommandContext): Promise<Outcome> {
  const { reporter, clock } = context;
  const begun = Promise.withResolvers<Task>();
  const { Informers } = await import('../cache/informers.ts');
  const session = await sessionOf(opened, context, {
    informers: new Informers(clock),
    begun: begun.resolve,
    compared: () => undefined,
  });
  const work = session.once();
  work.catch(begun.reject);
  begun.promise.catch(() => undefined);
  const ended = work.then(
    () => true,
    () => true,
  );
  const steps: Step[] = opened.replicas.map(({ name }) => ({
    title: `${opened.primary.name} → ${name}`,
    run: async (handle) => {
      const task = await begun.promise;
      for (let over = false; !over; ) {
        over = await Promise.race([ended, clock.sleep(200).then(() => false)]);
        const replica = task.replicas.find((one) => one.name === name);
        if (replica) show(handle, task, replica, over);
      }
      await work;
    },
  }));
  await reporter.run([{ concurrent: steps }]);
  const { status, task } = await work;
  for (const note of status.notes) reporter.info(note);
  for (const { name, left } of status.replicas)
    for (const [why, number] of Object.entries(left)) reporter.info(`${name}: ${number} left: ${why}`);
  const { onceOutcome } = await import('./once-outcome.ts');
  return onceOutcome(status, task);
}

function show(handle: StepHandle, task: Task, replica: Replica, over: boolean): void {
  const { totals } = replica.tally;
  const done = Object.values(totals).reduce((sum, count) => sum + count, 0);
  handle.progress({ items: Math.min(done, task.objects), totalItems: task.objects, unit: 'objects' });
  const line = replica.tally.lines.at(-1);
  if (line && !over) handle.detail(`${line.kind} ${line.namespace}`);
  if (over) handle.title(`${replica.name}: ${words(totals, replica.failures.size)}`);
}

const words = (totals: Readonly<Record<string, number>>, failed: number): string => {
  const parts = Object.entries({ ...totals, ...(failed > 0 ? { failed } : {}) }).filter(
    ([did, count]) => count > 0 && did !== 'gone',
  );
  return parts.length === 0 ? 'nothing to do' : parts.map(([did, count]) => `${count} ${did}`).join(', ');
};

const STATUS_MS = 10_000;

/** Says how it stands when that changes, at most every ten seconds. */
async function runWatch(opened: Opened, context: KubeCommandContext, flags: ServiceFlags): Promise<Outcome> {
  const { signal, clock } = context;
  const { Informers } = await import('../cache/informers.ts');
  const informers = new Informers(clock);
  let latest: Working | undefined;
  const working = () => (latest && isAtWork(latest.status()) ? latest : undefined);
  const service = await serve(flags, { opened, informers, working }, context);
  const session = await sessionOf(opened, context, {
    informers,
    meters: service?.metrics.metersOf(opened.spec.name),
    begun: (task, status) => {
      latest = { task, status };
    },
    compared: (status) =>
      void context.event(
        status,
        `compared: ${status.replicas.map(({ name, counts, failed }) => `${name}: ${words(counts, failed)}`).join('; ')}`,
      ),
  });
  const ended = new AbortController();
  const telling = tellStatus(() => latest?.status(), context, ended.signal);
  try {
    return await session.watch();
  } catch (error) {
    // Being ended is how a watch ends; what was under way is taken up by the next one.
    if (signal.aborted) throw signal.reason;
    throw error;
  } finally {
    ended.abort();
    await Promise.all([telling, service?.close()]);
  }
}

/** Each time in the same form, as after the first comparison: who reads JSON gets the task's status, a line each. */
async function tellStatus(
  status: () => TaskStatus | undefined,
  { clock, event }: KubeCommandContext,
  signal: AbortSignal,
): Promise<void> {
  const { standing } = await import('./status-text.ts');
  let said = '';
  while (!signal.aborted) {
    await clock.sleep(STATUS_MS, signal).catch(() => undefined);
    const now = status();
    const replicas = now?.replicas ?? [];
    const done = JSON.stringify(replicas.map(({ counts, failed, away }) => [counts, failed, away]));
    if (signal.aborted || said === done || replicas.length === 0) continue;
    said = done;
    const text = replicas.map((replica) => {
      const { name, away, counts, failed } = replica;
      const how = `${away ? `away (${away}), ` : ''}${standing(replica)}`;
      return `${name}: ${how}; ${words(counts, failed)}`;
    });
    await event(now, text.join('\n'));
  }
}
