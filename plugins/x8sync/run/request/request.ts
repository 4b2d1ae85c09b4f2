/** What a copy is asked to do, what it works with, and what it came to. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../../../src/clock.ts';
import type { Reporter } from '../../../../src/ui/reporter.ts';
import type { ClaimRef, ClaimState } from '../../claims/claim.ts';
import type { ServiceOptions } from '../../connect/service-options.ts';
import type { StrategyName } from '../../connect/strategy-names.ts';
import type { Difference } from '../../mover/manifest/compare.ts';
import type { CompressionWish } from '../../mover/protocol/compression.ts';
import type { Loss } from '../../mover/protocol/losses.ts';
import {
  type Deletes,
  type Mode,
  type OnCollision,
  type Owner,
  type Selection,
  wholeVolumes,
} from '../../mover/protocol/options.ts';
import type { ParallelOptions } from '../../mover/protocol/parallel-options.ts';
import type { PodsWish } from '../../mover/protocol/pods.ts';
import type {
  DeviceReport,
  MoverOutcome,
  MoverStats,
  StreamsReport,
  Verification,
} from '../../mover/protocol/protocol.ts';
import { describeIdentity, type Identity } from '../../objects/manifests/identity.ts';
import type { PodOptions } from '../../objects/manifests/pod-options.ts';
import type { Timetable } from '../../schedule/interval.ts';
import type { FrozenSource, SnapshotWish } from '../../snapshot/frozen-source.ts';

export type { Mode } from '../../mover/protocol/options.ts';

export interface CopyRequest {
  /** What becomes of names that the target does not tell apart; `refuse` where absent. */
  readonly onCollision?: OnCollision | undefined;
  readonly source: ClaimRef;
  readonly target: ClaimRef;
  /** The task's name as given by the person; a UUID is made up where absent. */
  readonly name: string | undefined;
  readonly mode: Mode;
  /** Write to the target although pods have it mounted. */
  readonly allowMounted: boolean;
  /** Copy `trusted.*` attributes too, which only pods with CAP_SYS_ADMIN see. */
  readonly trustedXattrs: boolean;
  /** Who the pods run as; root where the namespace admits it, else the image's own user, where absent. */
  readonly runAs?: Identity | undefined;
  /** Group that an empty target volume is given to, where the mover is no root. */
  readonly fsGroup?: number | undefined;
  /** Compare files by their content, and not by size and time. */
  readonly checksum: boolean;
  /** What of the volumes is copied; all where absent. */
  readonly selection?: Selection | undefined;
  /** A source that holds nothing is copied, or compared, as well; refused where absent. */
  readonly allowEmpty?: boolean | undefined;
  /** What only the target has goes; nothing does where absent. */
  readonly deletes?: Deletes | undefined;
  /** A person has agreed to whatever is asked. */
  readonly confirmed?: boolean | undefined;
  /** Who all of the copy is given to. */
  readonly owner?: Owner | undefined;
  /**
   * One of the copies of a cutover. A mover that an earlier run left is ended, never taken up: what it copied may be old
   * by now. Whether it deletes is no part of the task, which comes to what the source is in any case.
   */
  readonly cutover?: boolean | undefined;
  /** What is copied is the source as it is at one moment; as it is while it is copied where absent. */
  readonly snapshot?: SnapshotWish | undefined;
  /** A target claim that is too small is made larger, where its storage class allows it. */
  readonly growTarget?: boolean | undefined;
  /** The target claim was made for this copy, as large as the source's: it may grow where the source uses more. */
  readonly targetIsMade?: boolean | undefined;
  /** Once all is copied, read and compare both sides. */
  readonly verify?: boolean | undefined;
  /** In a comparison alone: what only the target has is no difference. */
  readonly mayHaveMore?: boolean | undefined;
  /** Strategies to try, in order; chosen by where the claims are where empty. */
  readonly strategies: readonly StrategyName[];
  /** The source dials the target: for one that can dial out and not be reached. */
  readonly push?: boolean | undefined;
  /** Of the Service that leads to the source, or with {@link push} to the target, where a strategy makes one. */
  readonly service?: ServiceOptions | undefined;
  /** Image of the pods at both ends. */
  readonly image: string;
  /** What else is wanted of these pods. */
  readonly pod?: PodOptions | undefined;
  /** Bytes a second as rsync's --bwlimit takes it (`10M`); unlimited where absent. */
  readonly bandwidth?: string | undefined;
  /** How the files are spread over streams; what is absent in it the mover chooses. */
  readonly parallel?: ParallelOptions | undefined;
  /** Over how many pods they are spread, where both claims are seen from several nodes; one where absent. */
  readonly pods?: PodsWish['asked'] | undefined;
  /** Further options of rsync; see `allowedArgs`. */
  readonly rsyncArgs?: readonly string[] | undefined;
  /** `auto` where absent. */
  readonly compress?: CompressionWish | undefined;
  /** Once files move, leave the mover to itself; a relay is not tried then. */
  readonly detach?: boolean | undefined;
  /** After this copy, go on to copy at these times without the command; a relay is not tried then. */
  readonly schedule?: ScheduleWish | undefined;
  /** Run a named task that has finished once more. */
  readonly again?: boolean | undefined;
  /** How many finished tasks keep their records in a namespace; all of them where absent. */
  readonly keepRecords?: number | undefined;
  /** Limit of each wait for a cluster, in milliseconds: pods, addresses, deletions. Not for the copying. */
  readonly timeoutMs: number;
}

export interface ScheduleWish extends Timetable {
  /** What later copies may delete, whatever a person agrees to for the first one. */
  readonly deletes: Deletes;
}

/** Whether movers are to copy when no command is there that streams could pass through. */
export const goesOnAlone = ({
  detach = false,
  schedule,
}: Pick<CopyRequest, 'detach' | 'schedule'>): boolean => detach || schedule !== undefined;

/** What a copy works with. */
export interface CopyContext {
  readonly reporter: Reporter;
  readonly clock: Clock;
  /** Aborted by the person's first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Takes a list of what would be left in the clusters if the process ended that very moment. */
  onAbandoned(list: () => readonly string[]): void;
  /** Told of each attempt that came to no end whether it may have changed files of the target. */
  onGivenUp?: ((mayHaveCopied: boolean) => void) | undefined;
}

export interface CopyResult {
  readonly task: string;
  readonly outcome: MoverOutcome;
  readonly message: string;
  readonly mode: Mode;
  /** What of files was compared to find those that need not be copied. */
  readonly compared: 'size and time' | 'content';
  readonly source: string;
  readonly target: string;
  /** How the source was reached. */
  readonly strategy?: StrategyName | undefined;
  /** The address that answered, the source's or, where that dialled, the target's; none where both claims were mounted. */
  readonly address: string | undefined;
  readonly stats: MoverStats;
  /** Names that could not be copied, or in a dry run could not be, the first twenty. */
  readonly failures: readonly string[];
  /** What could not be kept: `ownership`, `devices`, … */
  readonly lost: readonly string[];
  /** Of what the target's file system can't keep: how many entries lose it, and the first of them. */
  readonly losses?: readonly Loss[] | undefined;
  /** Some of the source was left out, by --exclude. */
  readonly filtered?: boolean | undefined;
  /** What a comparison of both trees came to, where there was one. */
  readonly verification?: Verification | undefined;
  /** What it found, the first thousand. */
  readonly differences?: readonly Difference[] | undefined;
  /** What was read in the source's place, and the moment that it shows. */
  readonly snapshot?: Pick<FrozenSource, 'method' | 'takenAt'> | undefined;
  /** Where the claims are block devices. */
  readonly device?: DeviceReport | undefined;
  /** How the files were spread over streams, and why so. */
  readonly streams?: StreamsReport | undefined;
  /** In a dry run: what would change, and before that what would be removed; the first few hundred. */
  readonly changes: readonly string[];
  /** Pods that came to write to the target while it was copied to. */
  readonly targetUsers?: readonly string[] | undefined;
  /** Errors and warnings of the mover, the last few. */
  readonly diagnostics: readonly string[];
  /** When it is copied again, where that was asked for. */
  readonly schedule?: ScheduleReport | undefined;
  /** The whole run, set-up and clean-up included. */
  readonly seconds: number;
}

/** A schedule as a person hears of it. */
export interface ScheduleReport extends Timetable {
  /** RFC 3339; absent where the schedule names no day that exists. */
  readonly next?: string | undefined;
}

/** A copy that was left to itself once files moved. */
export interface DetachedCopy {
  readonly task: string;
  readonly detached: true;
  readonly source: string;
  readonly target: string;
  readonly strategy?: StrategyName | undefined;
}

/** How to copy what is missing: --force would empty the target once more, and a task's name stands for one mode. */
export function furtherRun({ mode, name }: Pick<CopyRequest, 'mode' | 'name'>): string {
  if (mode === 'verify') return 'copy again';
  if (mode !== 'force') return 'run the same command again';
  return `run it again without --force${name === undefined ? '' : ' and --name'}`;
}

/** Whether what only the target has is no difference: a merge keeps it. */
export function targetMayHaveMore({ mode, deletes, mayHaveMore = false }: CopyRequest): boolean {
  return (mode === 'merge' && (deletes ?? 'nothing') === 'nothing') || mayHaveMore;
}

/**
 * Whether nothing is begun where the target has something of its own: later copies of a cutover delete it, and a person has
 * not said that it may go.
 */
export const takesNothingElse = ({
  cutover = false,
  deletes = 'nothing',
}: Pick<CopyRequest, 'cutover' | 'deletes'>): boolean => cutover && deletes === 'nothing';

/** Version of {@link copySpec}'s fields. */
export const specSchema = 1;

/**
 * What decides the data, and nothing else: another workstation, another context name, image or strategy is the
 * same task. Claims are their UIDs; namespace and name are for the reader of a difference.
 */
export function copySpec(
  request: CopyRequest,
  source: Pick<ClaimState, 'uid'>,
  target: Pick<ClaimState, 'uid'>,
): Record<string, string> {
  return {
    sourceClaim: `${request.source.namespace}/${request.source.claim}`,
    sourceUid: source.uid,
    targetClaim: `${request.target.namespace}/${request.target.claim}`,
    targetUid: target.uid,
    mode: request.mode,
    ...(request.trustedXattrs && { trustedXattrs: 'true' }),
    ...(request.checksum && { checksum: 'true' }),
    ...(request.onCollision === 'skip' && { onCollision: 'skip' }),
    ...(request.runAs && { runAs: describeIdentity(request.runAs) }),
    ...(request.fsGroup !== undefined && { fsGroup: String(request.fsGroup) }),
    ...selectionSpec(request.selection ?? wholeVolumes),
    ...deletionSpec(request),
    ...(request.snapshot && { snapshot: request.snapshot.method }),
    ...(request.owner && { chown: describeIdentity(request.owner) }),
    // Not how often: that may change.
    ...(request.schedule && { schedule: 'true' }),
  };
}

function deletionSpec({ cutover, deletes = 'nothing' }: CopyRequest): Record<string, string> {
  if (cutover) return { cutover: 'true' };
  return deletes === 'nothing' ? {} : { delete: 'true' };
}

/** A selection as a specification has it; nothing of what is not limited. */
function selectionSpec({ sourcePath, targetPath, filters }: Selection): Record<string, string> {
  return {
    ...(sourcePath !== '' && { sourcePath }),
    ...(targetPath !== '' && { targetPath }),
    ...(filters.length > 0 && { filters: JSON.stringify(filters) }),
  };
}

/** A label value that names a pair of claims: by it an unfinished task is found without its name. */
export function pairLabel(source: ClaimState, target: ClaimState): string {
  return createHash('sha256').update(`${source.uid}\n${target.uid}`).digest('hex').slice(0, 32);
}
