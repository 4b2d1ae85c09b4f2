/** `kubectl nsreplicate`: keeps replicas the same, or makes them so once. */
import { outputOption } from '../../../src/cli/base-command.ts';
import type { KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { UsageError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Step, StepHandle } from '../../../src/ui/reporter.ts';
import type { Replica } from '../reconcile/replica.ts';
import type { Task } from '../task/task.ts';
import type { Opened } from './base/open-task.ts';
import { checkServiceFlags } from './base/service.ts';
import {
  insecureListenOption,
  listenOption,
  metricsAuthOption,
  tlsCertOption,
  tlsKeyOption,
} from './base/service-options.ts';
import { comparison, sessionOf } from './base/session-of.ts';
import { TaskCommand } from './base/task-command.ts';
import { planOutcome } from './output/plan-outcome.ts';

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

  listen = listenOption();
  tlsCert = tlsCertOption();
  tlsKey = tlsKeyOption();
  insecureListen = insecureListenOption();
  metricsAuth = metricsAuthOption();

  override async run(context: KubeCommandContext): Promise<Outcome> {
    this.#checkService();
    const clients: KubeClient[] = [];
    try {
      // A dry run shows what the same command would do without it, deletions included.
      const watches = !this.once;
      const opened = await this.begin(context, { watches, hand: (client) => clients.push(client) });
      if (this.dryRun) return await planOutcome(opened, context);
      if (this.once) return await runOnce(opened, context);
      const { runWatch } = await import('./live/run-watch.ts');
      return await runWatch(opened, context, this);
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

/** One line of progress for each replica while it is worked on. */
export async function runOnce(opened: Opened, context: KubeCommandContext): Promise<Outcome> {
  const { reporter, clock } = context;
  const begun = Promise.withResolvers<Task>();
  const [{ Informers }, { ChangeLines }, { ChangeLog }] = await Promise.all([
    import('../cache/informers.ts'),
    import('./live/change-lines.ts'),
    import('./live/change-log.ts'),
  ]);
  // A list that is drawn shows where each replica is; lines tell of each change.
  const lines = reporter.openDashboard ? undefined : new ChangeLines({ clock, line: reporter.info });
  const session = await sessionOf(opened, context, {
    informers: new Informers(clock),
    meters: lines && new ChangeLog(clock, (change) => lines.note(change), opened.spec.map).meters,
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
        // What was done comes before the line that says that it is over.
        if (over) lines?.flush();
        if (replica) show(handle, task, replica, over);
      }
      await work;
    },
  }));
  await reporter.run([{ concurrent: steps }]);
  const { status, task } = await work;
  lines?.flush();
  for (const note of status.notes) reporter.info(note);
  for (const { name, left } of status.replicas)
    for (const [why, number] of Object.entries(left)) reporter.info(`${name}: ${number} left: ${why}`);
  const { onceOutcome } = await import('./output/once-outcome.ts');
  return onceOutcome(status, task);
}

function show(handle: StepHandle, task: Task, replica: Replica, over: boolean): void {
  const { totals } = replica.results;
  const done = Object.values(totals).reduce((sum, count) => sum + count, 0);
  handle.progress({ items: Math.min(done, task.objects), totalItems: task.objects, unit: 'objects' });
  const line = replica.results.lines.at(-1);
  if (line && !over) handle.detail(`${line.kind} ${line.namespace}`);
  const { uncompared, failures } = replica;
  if (over) handle.title(`${replica.name}: ${comparison(totals, { failed: failures.size, uncompared })}`);
}
