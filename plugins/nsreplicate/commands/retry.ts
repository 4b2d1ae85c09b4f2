/** `retry`: tries again what failed. */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { UsageError, X8sError } from '../../../src/errors.ts';
import { isFailing } from '../jobs/failing.ts';
import type { JobRecord } from '../jobs/records.ts';
import { waitsForApproval } from '../jobs/waits-for.ts';
import type { TaskStatus } from '../state/state.ts';
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
    if (failing.retried === 0) return nothingToRetry(wanted, failing.unapproved);
    const { keyOf } = await import('../objects/keys.ts');
    const object = wanted && keyOf(wanted.kind, wanted.namespace, wanted.name);
    const chosen = this.replica.length > 0 ? { replicas: this.replica } : {};
    const retry = { id: context.clock.now().toISOString(), object, ...chosen };
    return this.ask(context, { retry }, (atWork) => said(failing, status, atWork));
  }

  #wanted(): NamedObject | undefined {
    if (this.kind === undefined) return undefined;
    const [namespace = '', name] = this.object?.includes('/') ? this.object.split('/') : ['', this.object];
    if (!name) throw new UsageError('the object is missing: KIND NAMESPACE/NAME');
    return { kind: this.kind, namespace, name };
  }

  /** What it is about. */
  async #failing(
    context: KubeCommandContext,
    status: TaskStatus,
    wanted: NamedObject | undefined,
  ): Promise<Failing> {
    const { readJobs } = await import('../state/state.ts');
    const { kube, task } = await this.status(context);
    const jobs = await readJobs(kube, task, { signal: context.signal });
    const failed = jobs.filter(isFailing);
    const replicas = status.replicas.filter(({ name }) => this.#isChosen(name));
    const inAll = replicas.reduce((sum, { failed: number }) => sum + number, 0);
    const chosen = failed.filter(({ replica }) => this.#isChosen(replica));
    const found = chosen.filter((job) => !wanted || isAbout(job, wanted));
    const waiting = found.filter(({ reason }) => waitsForApproval(reason)).length;
    const retried = found.length - waiting;
    if (wanted)
      return {
        retried: found.length === 0 && chosen.length < inAll ? undefined : retried,
        unapproved: waiting,
      };
    const unapproved = Math.max(
      waiting,
      replicas.reduce((sum, { unapproved: number = 0 }) => sum + number, 0),
    );
    return { retried: retried === 0 && unapproved < inAll ? undefined : retried, unapproved };
  }

  #isChosen(replica: string): boolean {
    return this.replica.length === 0 || this.replica.includes(replica);
  }
}

interface Failing {
  /** How many jobs are tried again; undefined where not all that fail have a record of their own. */
  readonly retried: number | undefined;
  /** How many wait for an approval instead. */
  readonly unapproved: number;
}

interface NamedObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

const isAbout = ({ kind, namespace = '', name }: JobRecord, wanted: NamedObject): boolean =>
  wanted.kind === kind && wanted.namespace === namespace && wanted.name === name;

function nothingToRetry(wanted: NamedObject | undefined, unapproved: number): Outcome {
  if (!wanted) {
    const text =
      unapproved === 0 ? 'Nothing fails, so there is nothing to try again.' : waitingText(unapproved);
    return { data: { retried: 0, ...(unapproved === 0 ? {} : { unapproved }) }, text };
  }
  const { kind, namespace, name } = wanted;
  const object = `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
  if (unapproved > 0)
    throw new X8sError(`${object} waits for \`approve\`: a retry would only fail again.`, {
      hint: 'What waits, and why: `status`.',
    });
  throw new X8sError(`${object} does not fail on any of these replicas.`, {
    hint: 'What fails: `jobs --failed`.',
  });
}

const waitingText = (unapproved: number): string =>
  `${unapproved} failed ${unapproved === 1 ? 'job waits' : 'jobs wait'} for \`approve\`, and a retry would only fail again.`;

function said({ retried, unapproved }: Failing, { phase }: TaskStatus, atWork: boolean): string {
  const what = retried === undefined ? 'What failed' : `${retried} failed ${retried === 1 ? 'job' : 'jobs'}`;
  const more = unapproved === 0 ? '' : `\n${waitingText(unapproved)}`;
  return atWork
    ? `${what} will be tried again; \`jobs\` shows what comes of it.${more}`
    : `Nobody is at work on the task (it is, or was, ${phase}): ${what.toLowerCase()} will be tried again when it starts, as everything is.${more}`;
}
