/** `retry`: tries again what failed. */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { UsageError, X8sError } from '../../../src/errors.ts';
import type { TaskStatus } from '../state/state.ts';
import { isAtWork } from '../state/task-phase.ts';
import { ExistingTaskCommand } from './base/existing-task-command.ts';
import { checkReplicas, replicaOption } from './base/replica-option.ts';

export class RetryCommand extends ExistingTaskCommand {
  static override paths = [['retry']];
  static override usage = KubeCommand.Usage({
    description: 'Try again what failed, also what is not tried again by itself.',
    examples: [
      ['One object on one replica', '$0 retry --name dr --replica standby Secret shop/tls'],
      ['All that failed', '$0 retry --name dr --all'],
    ],
  });
  kind = argument.optional('KIND', { description: 'As `jobs` shows it: Secret, Deployment.apps.' });
  object = argument.optional('NAMESPACE/NAME', {
    description: 'The object; a name alone where it has no namespace.',
  });
  replica = replicaOption();
  all = option.flag('--all', { description: 'Everything that failed.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    if (this.all === (this.kind !== undefined))
      throw new UsageError('say what to retry: KIND NAMESPACE/NAME, or --all');
    const { status } = await this.status(context);
    checkReplicas(this.replica, status);
    const wanted = this.#wanted();
    const failing = await this.#failing(context, status, wanted);
    if (failing === 0) return nothingFails(wanted);
    const { keyOf } = await import('../objects/keys.ts');
    const object = wanted && keyOf(wanted.kind, wanted.namespace, wanted.name);
    const chosen = this.replica.length > 0 ? { replicas: this.replica } : {};
    const retry = { id: context.clock.now().toISOString(), object, ...chosen };
    return this.ask(context, { retry }, said(failing, status));
  }

  #wanted(): NamedObject | undefined {
    if (this.kind === undefined) return undefined;
    const [namespace = '', name] = this.object?.includes('/') ? this.object.split('/') : ['', this.object];
    if (!name) throw new UsageError('the object is missing: KIND NAMESPACE/NAME');
    return { kind: this.kind, namespace, name };
  }

  /** How many jobs it is about; undefined where not all that fail have a record of their own. */
  async #failing(
    context: KubeCommandContext,
    status: TaskStatus,
    wanted: NamedObject | undefined,
  ): Promise<number | undefined> {
    const { readJobs } = await import('../state/state.ts');
    const { kube, task } = await this.status(context);
    const jobs = await readJobs(kube, task, { signal: context.signal });
    const failed = jobs.filter(
      ({ state, attempts }) => state === 'failed' || (state === 'running' && attempts > 1),
    );
    const found = failed.filter(
      ({ replica, kind, namespace, name }) =>
        (this.replica.length === 0 || this.replica.includes(replica)) &&
        (!wanted || (wanted.kind === kind && wanted.namespace === (namespace ?? '') && wanted.name === name)),
    ).length;
    const inAll = status.replicas.reduce((sum, { failed: number }) => sum + number, 0);
    return found === 0 && failed.length < inAll ? undefined : found;
  }
}

interface NamedObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

function nothingFails(wanted: NamedObject | undefined): Outcome {
  if (!wanted) return { data: { retried: 0 }, text: 'Nothing fails, so there is nothing to try again.' };
  const { kind, namespace, name } = wanted;
  throw new X8sError(
    `${kind} ${namespace === '' ? '' : `${namespace}/`}${name} does not fail on any of these replicas.`,
    {
      hint: 'What fails: `jobs --failed`.',
    },
  );
}

function said(failing: number | undefined, status: TaskStatus): string {
  const what = failing === undefined ? 'What failed' : `${failing} failed ${failing === 1 ? 'job' : 'jobs'}`;
  return isAtWork(status)
    ? `${what} will be tried again; \`jobs\` shows what comes of it.`
    : `The task is not running (${status.phase}): ${what.toLowerCase()} will be tried again when it starts, as everything is.`;
}
