/** `kubectl x8sync SOURCE TARGET` */

import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { UsageError } from '../../../src/errors.ts';
import type { CopyRequest, CopyResult, DetachedCopy } from '../run/request/request.ts';
import { completeClaim, completeTask } from './completion.ts';
import { incompleteness } from './copy-outcome.ts';
import {
  accessModeOption,
  allOption,
  copyMany,
  createTargetOption,
  filenameOption,
  growTargetOption,
  isBatch,
  maxTasksOption,
  selectorOption,
  sizeOption,
  storageClassOption,
  targetWishes,
} from './options/batch-options.ts';
import { checkFlags, copyRequestOf } from './options/copy-request.ts';
import {
  cutoverOption,
  downtimeGoalOption,
  requireCutover,
  requireOverwritable,
  runCutover,
  thenOption,
} from './options/cutover-options.ts';
import { withTarget } from './options/made-target.ts';
import {
  allowEmptyOption,
  asMeant,
  formerStrategyOption,
  pairOf,
  timeoutOption,
} from './options/pair-options.ts';
import {
  compressOption,
  parallelismOption,
  partitionFilesOption,
  partitionSizeOption,
  partitionsOption,
  podsOption,
} from './options/parallel-options.ts';
import {
  everyOption,
  rescheduledOutcome,
  scheduleLines,
  timeZoneOption,
} from './options/schedule-options.ts';
import {
  excludeFromOption,
  excludeOption,
  includeOption,
  sourcePathOption,
  targetPathOption,
} from './options/selection-options.ts';
import { cloneOption, snapshotClassOption, snapshotOption } from './options/snapshot-options.ts';
import { againOption, detachedOutcome, detachOption, keepRecordsOption } from './options/task-options.ts';
import { fpartArgOption, rsyncArgOption } from './options/tool-args.ts';
import { PairCommand } from './pair-command.ts';

export class CopyCommand extends PairCommand {
  static override paths = [[]];
  static override usage = KubeCommand.Usage({
    description: "Copy a PersistentVolumeClaim's files to another claim, in the same cluster or another.",
    details: `
      SOURCE and TARGET are CONTEXT/NAMESPACE/CLAIM, NAMESPACE/CLAIM or CLAIM. A context's name may hold
      slashes itself: the last two parts are namespace and claim. What is absent is the current context's.

      Two claims of one namespace are mounted by one pod. Else the source is mounted read-only and served over
      SSH by a StatefulSet, and a Job at the target fetches it
      with rsync. Owners, modes, times, links, ACLs and attributes are kept. Files that differ
      from the source's in size or time are copied; --checksum compares their content instead. What only the
      target has is kept, unless --force empties the target first. A run that was interrupted is taken up by
      the same command.

      Two block volumes are copied block by block: only what differs is sent.
    `,
    examples: [
      ['Copy a claim to another cluster', '$0 prod-eu/shop/database prod-us/shop/database'],
      [
        'See what would change, and change nothing',
        '$0 --dry-run prod-eu/shop/database prod-us/shop/database',
      ],
      [
        'Give the task a name, to find it again from any workstation',
        '$0 --name move-db old/shop/data new/shop/data',
      ],
      ['Make the target an exact copy: empty it first', '$0 --force staging/data dev/data'],
      [
        'Move a running database with a short pause, and start it at the target',
        '$0 --cutover --downtime-goal 1m old/shop/data new/shop/data',
      ],
      ['Copy a whole namespace, and make the claims there', '$0 --all --create-target old/shop new/shop'],
      ['Copy a claim in use as it is at one moment', '$0 --snapshot shop/database backup/database'],
      ['From a cluster that can dial out and not be reached', '$0 --push lab/shop/data prod-us/shop/data'],
      [
        'Keep a claim of a standby fresh',
        '$0 --every 15m --delete --name fresh prod/shop/data standby/shop/data',
      ],
      ['See beforehand what that would remove', '$0 --force --dry-run staging/data dev/data'],
    ],
  });

  source = argument.optional('SOURCE', { description: 'Claim to copy from.', complete: completeClaim });
  target = argument.optional('TARGET', { description: 'Claim to copy to.', complete: completeClaim });
  name = option.text('--name', {
    value: 'NAME',
    description: 'Name of the task; the same name again resumes it. A UUID where not given.',
    complete: completeTask,
  });
  force = option.flag('--force', {
    description: 'Empty the target first, once the source is reached. Asks.',
  });
  yes = option.flag('-y,--yes', { description: 'Do not ask.' });
  dryRun = option.flag('--dry-run', {
    description: 'Only tell what would change; with --force also what would be removed.',
  });
  checksum = option.flag('-c,--checksum', {
    description: 'Compare files by content, not by size and time: both sides read all of them.',
  });
  sourcePath = sourcePathOption();
  targetPath = targetPathOption();
  exclude = excludeOption();
  include = includeOption();
  excludeFrom = excludeFromOption();
  delete = option.flag('--delete', {
    description:
      'Delete what only the target has, once all is copied. Asks where that is more than half of it.',
  });
  allowEmpty = allowEmptyOption();
  owner = option.text('--chown', {
    value: 'UID:GID',
    description: 'Give all of the copy to this user and group.',
  });
  verify = option.maybeFlag('--verify', {
    description: 'Once all is copied, read both sides and compare every entry. --cutover does so by itself.',
  });
  onCollision = option.choice('--on-collision', ['refuse', 'skip'], {
    default: 'refuse',
    value: 'ACTION',
    description: 'Names that the target does not tell apart: refuse to copy, or skip all but the first.',
  });
  allowMounted = option.flag('--allow-mounted', {
    description: 'Write to the target although pods have it mounted.',
  });
  trustedXattrs = option.flag('--trusted-xattrs', {
    description: 'Copy trusted.* and security.* attributes too: the pods get CAP_SYS_ADMIN for it.',
  });
  fsGroup = option.text('--fs-group', {
    value: 'GID',
    description:
      'Where the mover is no root, give an empty target volume to this group, so that it may write.',
  });
  /** What --strategy was called before. */
  formerStrategies = formerStrategyOption();
  bandwidth = option.text('--bwlimit', {
    value: 'RATE',
    description: 'The most that is copied in a second, in bytes: 500K, 10M, 1.5G.',
  });
  parallelism = parallelismOption();
  pods = podsOption();
  partitions = partitionsOption();
  partitionFiles = partitionFilesOption();
  partitionSize = partitionSizeOption();
  compress = compressOption();
  rsyncArg = rsyncArgOption();
  fpartArg = fpartArgOption();
  snapshot = snapshotOption();
  snapshotClass = snapshotClassOption();
  clone = cloneOption();
  all = allOption();
  selector = selectorOption();
  filename = filenameOption();
  maxTasks = maxTasksOption();
  createTarget = createTargetOption();
  storageClass = storageClassOption();
  size = sizeOption();
  accessMode = accessModeOption();
  growTarget = growTargetOption();
  cutover = cutoverOption();
  downtimeGoal = downtimeGoalOption();
  thenStart = thenOption();
  detach = detachOption();
  every = everyOption();
  timeZone = timeZoneOption();
  again = againOption();
  keepRecords = keepRecordsOption();
  waitLimit = timeoutOption();

  override async run(context: KubeCommandContext): Promise<Outcome> {
    checkFlags(this);
    if (isBatch(this)) return copyMany(this, context);
    try {
      return await this.#copyOne(context);
    } catch (error) {
      throw await asMeant(error, this, () => this.context.kubeAccess.contexts(this.kubeconfig));
    }
  }

  async #copyOne(context: KubeCommandContext): Promise<Outcome> {
    const { source = '', target = '', namespace } = this;
    const pair = await pairOf({ source, target, namespace }, context);
    const asked = await copyRequestOf(this, pair, context.plugin.version);
    const wishes = targetWishes(this);
    if (!this.cutover) await requireOverwritable(asked, context);
    else if (wishes) await requireCutover(asked, this, context);
    return withTarget(pair, wishes, context, (targetIsMade) =>
      this.#copyTo({ ...asked, targetIsMade }, context),
    );
  }

  /** With the target claim there. */
  async #copyTo(request: CopyRequest, context: KubeCommandContext): Promise<Outcome> {
    if (this.cutover) return runCutover(request, this, context);
    if (request.mode === 'force') await this.#confirm(request, context);
    const { reschedule } = await import('../run/reschedule.ts');
    const rescheduled = request.schedule && (await reschedule(request, context));
    if (rescheduled) return rescheduledOutcome(rescheduled, request, context);
    const result = await this.#copy(request, context);
    if ('detached' in result) return detachedOutcome(result, request, context);
    const [{ summaryOf }, { furtherRun }, { differenceError }] = await Promise.all([
      import('../run/results/report.ts'),
      import('../run/request/request.ts'),
      import('../run/results/verification.ts'),
    ]);
    const data = { ...result, warnings: context.reporter.warnings };
    const { schedule, task } = result;
    const further = schedule ? 'wait for the next copy' : furtherRun(request);
    const later = schedule ? scheduleLines(schedule, task, request, context.clock.now()) : [];
    return {
      data,
      text: [summaryOf(result), ...later].join('\n'),
      error: incompleteness(result, request.trustedXattrs, further) ?? differenceError(result, further),
    };
  }

  /** What would delete most of the target, or takes a larger one, begins once a person has said that it may. */
  async #copy(request: CopyRequest, context: KubeCommandContext): Promise<CopyResult | DetachedCopy> {
    const [{ copy, detachCopy, growTarget }, { DeletionBrake, TargetTooSmall }] = await Promise.all([
      import('../run/copy/copy.ts'),
      import('../run/results/result.ts'),
    ]);
    const begin = this.detach ? detachCopy : copy;
    try {
      return await begin(request, context);
    } catch (error) {
      const asks = error instanceof DeletionBrake || (error instanceof TargetTooSmall && !request.growTarget);
      if (!asks || !(await agrees(questionOf(error, request), context))) throw error;
      if (error instanceof DeletionBrake) return this.#copy(agreedTo(request), context);
      await growTarget(request, error, context);
      return this.#copy({ ...request, growTarget: true }, context);
    }
  }

  async #confirm(
    { target: { kube, namespace, claim }, selection }: CopyRequest,
    { confirm }: KubeCommandContext,
  ): Promise<void> {
    if (this.yes) return;
    const folder = selection?.targetPath ? `folder ${selection.targetPath} of ` : '';
    const name = `${folder}${kube.cluster.context}/${namespace}/${claim}`;
    if (!(await confirm(`Delete every file in ${name} before copying?`))) {
      throw new UsageError('not confirmed; nothing was done', { hint: '--yes answers beforehand' });
    }
  }
}

/** A copy of files was asked to delete; one of a device was not, and overwrites. */
function agreedTo(request: CopyRequest): CopyRequest {
  const confirmed = { ...request, confirmed: true };
  return request.deletes === 'half' ? { ...confirmed, deletes: 'all' } : confirmed;
}

function questionOf(error: Error, { deletes }: CopyRequest): string {
  if ('missingBytes' in error) return `${error.message}. Make it larger?`;
  return `${error.message}. ${deletes === 'half' ? 'Delete them?' : 'Overwrite it?'}`;
}

/** Whether a person at a terminal says yes. */
async function agrees(question: string, { confirm }: KubeCommandContext): Promise<boolean> {
  try {
    return await confirm(question);
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}
