/** `jobs`: what of a task fails, what is under way, and what was done last. */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { standingOf } from '../jobs/failing.ts';
import type { JobRecord } from '../jobs/records.ts';
import { ExistingTaskCommand } from './base/existing-task-command.ts';
import { checkReplicas, replicaOption } from './base/replica-option.ts';

/** As the table shows them. */
const jobStates = ['failed', 'parked', 'running', 'pending', 'done'] as const;

export class JobsCommand extends ExistingTaskCommand {
  static override paths = [['jobs']];
  static override usage = KubeCommand.Usage({
    description:
      'Show the jobs of a task: those that fail, then those at work or waiting, then the last ones done.',
    examples: [
      ['What fails, and why', '$0 jobs --name dr --failed -o wide'],
      ['What was done to the Secrets of one namespace', '$0 jobs --name dr -n shop --kind Secret'],
    ],
  });
  override output = outputOption('json', 'yaml', 'wide', 'table');
  failed = option.flag('--failed', {
    description: 'Only those that fail; the same as --state failed,parked.',
  });
  states = option.choices('--state', jobStates, {
    description: 'Only of these states, as the table shows them.',
  });
  replica = replicaOption();
  kind = option.text('--kind', { value: 'KIND', description: 'Only of this kind: Secret, Deployment.apps.' });
  limit = option.integer('--limit', {
    description: 'No more than so many; 0: all that are kept. Default: 50.',
    default: 50,
    min: 0,
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const [{ readJobs }, { jobsTable }] = await Promise.all([
      import('../state/state.ts'),
      import('./output/jobs-table.ts'),
    ]);
    const { kube, task, status } = await this.status(context);
    checkReplicas(this.replica, status);
    const jobs = await readJobs(kube, task, { signal: context.signal });
    const chosen = jobs.filter((job) => this.#isChosen(job));
    const shown = this.limit === 0 ? chosen : chosen.slice(0, this.limit);
    if (shown.length < chosen.length)
      context.reporter.info(`${chosen.length - shown.length} more are kept: --limit 0 shows all`);
    return { data: shown, table: jobsTable(shown) };
  }

  #isChosen(job: JobRecord): boolean {
    const { state, replica, kind, namespace } = job;
    return (
      (!this.failed || state === 'failed') &&
      (this.states.length === 0 || this.states.includes(standingOf(job))) &&
      (this.replica.length === 0 || this.replica.includes(replica)) &&
      (this.kind === undefined || kind.toLowerCase() === this.kind.toLowerCase()) &&
      (this.namespace === undefined || namespace === this.namespace)
    );
  }
}
