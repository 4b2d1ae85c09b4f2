/** What the flags of a copy ask for. */
import { UsageError } from '../../../../src/errors.ts';
import { checkTaskName } from '../../../../src/tasks/names.ts';
import type { ClaimRef } from '../../claims/claim.ts';
import type { StrategyName } from '../../connect/strategy-names.ts';
import type { CompressionWish } from '../../mover/protocol/compression.ts';
import type { OnCollision } from '../../mover/protocol/options.ts';
import { parseGroup, parseIdentity } from '../../objects/manifests/identity.ts';
import { moverImage } from '../../objects/manifests/pods.ts';
import { tool } from '../../objects/sides.ts';
import type { CopyRequest, Mode } from '../../run/request/request.ts';
import { type CutoverFlags, checkCutover } from './cutover-options.ts';
import { fpartMeaning } from './fpart-args.ts';
import { checkDirection, type NetworkFlags, serviceOptionsOf } from './network-options.ts';
import { type GivenParallel, parallelOptions, podsOf } from './parallel-options.ts';
import { type PodFlags, podOptionsOf } from './pod-flags.ts';
import { type ScheduleFlags, scheduleWishOf } from './schedule-options.ts';
import { type SelectionFlags, selectionOf } from './selection-options.ts';
import { type SnapshotFlags, snapshotWishOf } from './snapshot-options.ts';
import { checkDetach, type TaskFlags } from './task-options.ts';
import { rsyncArgsOf, selectionWithFpart, type ToolFlags, withFpart } from './tool-args.ts';

/** As a command declares them. */
export interface CopyFlags
  extends SelectionFlags,
    GivenParallel,
    CutoverFlags,
    NetworkFlags,
    SnapshotFlags,
    TaskFlags,
    PodFlags,
    ScheduleFlags,
    ToolFlags {
  readonly name: string | undefined;
  readonly yes: boolean;
  readonly checksum: boolean;
  readonly delete: boolean;
  readonly allowEmpty: boolean;
  readonly owner: string | undefined;
  readonly verify: boolean | undefined;
  readonly growTarget: boolean;
  readonly onCollision: OnCollision;
  readonly trustedXattrs: boolean;
  readonly runAs: string | undefined;
  readonly fsGroup: string | undefined;
  readonly strategies: readonly StrategyName[];
  readonly formerStrategies: readonly StrategyName[];
  readonly pods: string;
  readonly compress: CompressionWish;
  readonly image: string | undefined;
  readonly bandwidth: string | undefined;
  readonly waitLimit: number;
}

/** @throws UsageError where flags contradict each other, or have values that are none. */
export async function copyRequestOf(
  flags: CopyFlags,
  { source, target }: { readonly source: ClaimRef; readonly target: ClaimRef },
  version: string,
): Promise<CopyRequest> {
  checkFlags(flags);
  const { name, allowMounted, trustedXattrs, checksum, onCollision } = flags;
  const fpart = fpartMeaning(flags.fpartArg);
  if (name !== undefined) checkTaskName(tool, name, ['source', 'target']);
  return {
    source,
    target,
    name,
    mode: modeOf(flags),
    allowMounted,
    trustedXattrs,
    checksum,
    verify: flags.verify ?? flags.cutover,
    growTarget: flags.growTarget,
    snapshot: snapshotWishOf(flags),
    selection: selectionOf(selectionWithFpart(flags, fpart)),
    allowEmpty: flags.allowEmpty,
    deletes: flags.delete ? (flags.yes ? 'all' : 'half') : 'nothing',
    confirmed: flags.yes,
    owner: flags.owner === undefined ? undefined : parseIdentity(flags.owner, '--chown'),
    onCollision,
    ...usersOf(flags),
    strategies: [...flags.strategies, ...flags.formerStrategies],
    push: flags.push,
    service: serviceOptionsOf(flags),
    image: flags.image ?? moverImage(version),
    bandwidth: flags.bandwidth === undefined ? undefined : bandwidthOf(flags.bandwidth),
    parallel: parallelOptions(withFpart(flags, fpart)),
    pods: podsOf(flags.pods),
    rsyncArgs: rsyncArgsOf(flags),
    compress: flags.compress,
    schedule: scheduleWishOf(flags),
    again: flags.again,
    keepRecords: flags.keepRecords,
    pod: await podOptionsOf(flags),
    timeoutMs: flags.waitLimit,
  };
}

/** @throws UsageError where flags contradict each other: known before a cluster is asked. */
export function checkFlags(flags: CopyFlags): void {
  checkCutover(flags);
  checkDetach(flags);
  snapshotWishOf(flags);
  scheduleWishOf(flags);
  checkDirection(flags);
  if (flags.delete && flags.force)
    throw new UsageError('--force deletes all that the target has, so --delete has nothing to do beside it');
  if (flags.growTarget && flags.dryRun)
    throw new UsageError('--grow-target changes a claim, and --dry-run changes nothing');
  if (flags.verify && flags.dryRun)
    throw new UsageError('--dry-run copies nothing, so there is nothing for --verify to compare', {
      hint: 'the two can be compared as they are: kubectl x8sync verify SOURCE TARGET',
    });
}

/** @throws UsageError where flags that name a user contradict each other. */
function usersOf(flags: CopyFlags): Pick<CopyRequest, 'runAs' | 'fsGroup'> {
  const runAs = flags.runAs === undefined ? undefined : parseIdentity(flags.runAs, '--run-as');
  const fsGroup = flags.fsGroup === undefined ? undefined : parseGroup(flags.fsGroup, '--fs-group');
  if (runAs && runAs.uid !== 0 && flags.trustedXattrs)
    throw new UsageError('--trusted-xattrs takes root, and --run-as is another user');
  if (runAs?.uid === 0 && runAs.gid !== 0)
    throw new UsageError('--run-as 0 is root, with group 0 and no other one');
  if (runAs?.uid === 0 && fsGroup !== undefined)
    throw new UsageError('--fs-group is for a mover that is no root, and --run-as 0 is root');
  return { runAs, fsGroup };
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
