/** `kubectl x8sync SOURCE TARGET` */

import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { IncompleteError, UsageError } from '../../../src/errors.ts';
import { parseClaim } from '../claims/claim-ref.ts';
import type { Loss } from '../mover/losses.ts';
import { parseGroup, parseIdentity } from '../objects/identity.ts';
import { moverImage } from '../objects/manifests/pods.ts';
import type { CopyRequest, CopyResult, Mode } from '../run/request.ts';
import { completeClaim, completeTask } from './completion.ts';
import {
  nodePortOption,
  publicOption,
  serviceAnnotationOption,
  serviceOptionsOf,
  sourceHostOption,
  sourceRangeOption,
} from './network-options.ts';
import { claimOf, formerStrategyOption, imageOption, strategyOption, timeoutOption } from './pair-options.ts';

import {
  compressOption,
  parallelismOption,
  parallelOptions,
  partitionFilesOption,
  partitionSizeOption,
  partitionsOption,
} from './parallel-options.ts';
import {
  excludeFromOption,
  excludeOption,
  includeOption,
  selectionOf,
  sourcePathOption,
  targetPathOption,
} from './selection-options.ts';

export class CopyCommand extends KubeCommand {
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
      ['See beforehand what that would remove', '$0 --force --dry-run staging/data dev/data'],
    ],
  });

  source = argument.required('SOURCE', { description: 'Claim to copy from.', complete: completeClaim });
  target = argument.required('TARGET', { description: 'Claim to copy to.', complete: completeClaim });
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
  owner = option.text('--chown', {
    value: 'UID:GID',
    description: 'Give all of the copy to this user and group.',
  });
  verify = option.flag('--verify', {
    description: 'Once all is copied, read both sides and compare every entry.',
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
  runAs = option.text('--run-as', {
    value: 'UID[:GID]',
    description: 'Who the pods run as, instead of root or, where none is admitted, user 65532.',
  });
  fsGroup = option.text('--fs-group', {
    value: 'GID',
    description:
      'Where the mover is no root, give an empty target volume to this group, so that it may write.',
  });
  strategies = strategyOption();
  /** What --strategy was called before. */
  formerStrategies = formerStrategyOption();
  sourceRange = sourceRangeOption();
  serviceAnnotation = serviceAnnotationOption();
  publicLoadBalancer = publicOption();
  nodePort = nodePortOption();
  sourceHost = sourceHostOption();
  image = imageOption();
  bandwidth = option.text('--bwlimit', {
    value: 'RATE',
    description: 'The most that is copied in a second, in bytes: 500K, 10M, 1.5G.',
  });
  parallelism = parallelismOption();
  partitions = partitionsOption();
  partitionFiles = partitionFilesOption();
  partitionSize = partitionSizeOption();
  compress = compressOption();
  waitLimit = timeoutOption();

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const request = await this.#request(context);
    if (request.mode === 'force') await this.#confirm(request, context);
    const result = await this.#copy(request, context);
    const [{ summaryOf }, { furtherRun }, { differenceError }] = await Promise.all([
      import('../run/report.ts'),
      import('../run/request.ts'),
      import('../run/verification.ts'),
    ]);
    const data = { ...result, warnings: context.reporter.warnings };
    return {
      data,
      text: summaryOf(result),
      error:
        incompleteness(result, request.trustedXattrs, furtherRun(request)) ??
        differenceError(result, furtherRun(request)),
    };
  }

  /** A copy that would delete most of the target begins once a person has said that it may. */
  async #copy(request: CopyRequest, context: KubeCommandContext): Promise<CopyResult> {
    const [{ copy }, { DeletionBrake }] = await Promise.all([
      import('../run/copy.ts'),
      import('../run/result.ts'),
    ]);
    try {
      return await copy(request, context);
    } catch (error) {
      if (!(error instanceof DeletionBrake) || !(await agrees(error.message, context))) throw error;
      return copy({ ...request, deletes: 'all' }, context);
    }
  }

  async #request({ kube, plugin }: KubeCommandContext): Promise<CopyRequest> {
    const mode = modeOf(this);
    if (this.delete && this.force)
      throw new UsageError(
        '--force deletes all that the target has, so --delete has nothing to do beside it',
      );
    if (this.verify && this.dryRun)
      throw new UsageError('--dry-run copies nothing, so there is nothing for --verify to compare', {
        hint: `${this.source} ${this.target} can be compared as they are: kubectl x8sync verify`,
      });
    const [from, to] = [parseClaim(this.source, 'SOURCE'), parseClaim(this.target, 'TARGET')];
    const [source, target] = await Promise.all([
      claimOf(from, kube, this.namespace),
      claimOf(to, kube, this.namespace),
    ]);
    const { name, allowMounted, trustedXattrs, checksum, verify, onCollision } = this;
    const bandwidth = this.bandwidth === undefined ? undefined : bandwidthOf(this.bandwidth);
    const image = this.image ?? moverImage(plugin.version);
    const who = this.#who();
    const deletes = this.delete ? (this.yes ? 'all' : 'half') : 'nothing';
    const owner = this.owner === undefined ? undefined : parseIdentity(this.owner, '--chown');
    return {
      source,
      target,
      name,
      mode,
      allowMounted,
      trustedXattrs,
      checksum,
      verify,
      selection: selectionOf(this),
      deletes,
      owner,
      onCollision,
      ...who,
      strategies: [...this.strategies, ...this.formerStrategies],
      service: serviceOptionsOf(this),
      image,
      bandwidth,
      parallel: parallelOptions(this),
      compress: this.compress,
      timeoutMs: this.waitLimit,
    };
  }

  /** @throws UsageError where flags that name a user contradict each other. */
  #who(): Pick<CopyRequest, 'runAs' | 'fsGroup'> {
    const runAs = this.runAs === undefined ? undefined : parseIdentity(this.runAs, '--run-as');
    const fsGroup = this.fsGroup === undefined ? undefined : parseGroup(this.fsGroup, '--fs-group');
    if (runAs && runAs.uid !== 0 && this.trustedXattrs)
      throw new UsageError('--trusted-xattrs takes root, and --run-as is another user');
    if (runAs?.uid === 0 && runAs.gid !== 0)
      throw new UsageError('--run-as 0 is root, with group 0 and no other one');
    if (runAs?.uid === 0 && fsGroup !== undefined)
      throw new UsageError('--fs-group is for a mover that is no root, and --run-as 0 is root');
    return { runAs, fsGroup };
  }

  async #confirm(
    { target: { kube, namespace, claim } }: CopyRequest,
    { confirm }: KubeCommandContext,
  ): Promise<void> {
    if (this.yes) return;
    const name = `${kube.cluster.context}/${namespace}/${claim}`;
    if (!(await confirm(`Delete every file in ${name} before copying?`))) {
      throw new UsageError('not confirmed; nothing was done', { hint: '--yes answers beforehand' });
    }
  }
}

/** Whether a person at a terminal says yes to all of these deletions. */
async function agrees(what: string, { confirm }: KubeCommandContext): Promise<boolean> {
  try {
    return await confirm(`${what}. Delete them?`);
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

function modeOf({ force, dryRun }: { readonly force: boolean; readonly dryRun: boolean }): Mode {
  if (dryRun) return force ? 'force-dry-run' : 'dry-run';
  return force ? 'force' : 'merge';
}

/** A rate as rsync takes it. Without a unit rsync would take it for KiB, so a unit is asked for. */
function bandwidthOf(text: string): string {
  if (/^\d+(\.\d+)?[KMG]$/i.test(text) && Number.parseFloat(text) > 0) return text;
  throw new UsageError(`--bwlimit: ${JSON.stringify(text)} is not a rate`, {
    hint: 'for example 500K or 10M',
  });
}

/** Finished, but not everything: exit 5. */
function incompleteness(
  { outcome, lost, losses = [], failures, message, diagnostics }: CopyResult,
  trustedXattrs: boolean,
  again: string,
): IncompleteError | undefined {
  const hint = keepHint(lost, losses, trustedXattrs);
  if (outcome === 'partial' && (failures.length > 0 || lost.length === 0)) {
    return new IncompleteError(`not every file could be copied: ${message}`, {
      details: diagnostics.slice(-10),
      hint: [`${again} once that is fixed: unchanged files are skipped`, hint]
        .filter((hint) => hint !== undefined)
        .join('; '),
    });
  }
  if (lost.length === 0) return undefined;
  return new IncompleteError(
    `the files are copied, but not everything of them could be kept: ${lost.join(', ')}`,
    { hint },
  );
}

/** What would keep what was lost; each kind has its own reason. */
function keepHint(
  lost: readonly string[],
  losses: readonly Loss[],
  trustedXattrs: boolean,
): string | undefined {
  // What the target's file system was tried out not to keep, no other pod gets into it.
  const unkept: readonly string[] = losses.map(({ kind }) => kind);
  const others = lost.filter((kind) => !unkept.includes(kind));
  const hints = [
    unkept.length > 0 && "another storage class for the target may keep what this one's file system does not",
    others.some((kind) => ['ownership', 'devices', 'capabilities'].includes(kind)) &&
      "owners, devices and file capabilities are kept by a pod that is root (Pod Security level 'baseline')",
    others.includes('xattrs') &&
      (trustedXattrs
        ? "attributes are kept where the target's namespace admits CAP_SYS_ADMIN and its file system has them"
        : "trusted.* and security.* attributes are kept with --trusted-xattrs, where both namespaces admit the Pod Security level 'privileged'"),
    others.includes('acls') && "ACLs are kept where the target's file system has them",
  ];
  return hints.filter((hint) => hint !== false).join('; ') || undefined;
}
