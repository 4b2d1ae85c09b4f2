/** `approve`: lets deletions go on that were stopped. */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { RefusedError } from '../../../src/errors.ts';
import { defaultTask } from '../state/task-objects.ts';
import { ExistingTaskCommand } from './base/existing-task-command.ts';

export class ApproveCommand extends ExistingTaskCommand {
  static override paths = [['approve']];
  static override usage = KubeCommand.Usage({
    description: 'Let deletions go on that were stopped, and accept the primary as it is now.',
    details: `
      Deletions stop by themselves where there are too many at once, where the primary was restored from an
      older state, and where it is another cluster than before. Look at it first: status says which it was, what
      waits, and a digest of that; with --digest nothing else is approved.
    `,
    examples: [['They were meant', '$0 approve --name dr --digest 4f0c2a9be1d37758']],
  });
  digest = option.text('--digest', {
    value: 'DIGEST',
    description: 'Only what `status` showed with this digest. Default: whatever waits.',
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { approvalDigest, approvalOf } = await import('../decide/approval.ts');
    const { status } = await this.status(context);
    const now = approvalDigest(status.replicas);
    if (this.digest !== undefined && this.digest !== now) throw otherDeletions(this.digest, now);
    const approval = approvalOf(context.clock.now(), this.digest);
    return this.ask(context, { approval }, (atWork) => {
      const when = atWork ? '' : ' once an instance is at work on it: nobody is now';
      return `Task ${this.name ?? defaultTask}: deletions go on${when}.`;
    });
  }
}

const otherDeletions = (digest: string, now: string | undefined): RefusedError =>
  new RefusedError(
    now === undefined
      ? 'No deletions wait for an approval.'
      : `What waits now is not what ${digest} stands for, but ${now}.`,
    { hint: 'See what waits: `status`.' },
  );
