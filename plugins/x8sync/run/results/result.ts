/** What a mover's end means, in words and in exit codes. */
import { RefusedError, UnreachableError, X8sError } from '../../../../src/errors.ts';
import { formatBytes, formatCount, formatPlural } from '../../../../src/ui/format.ts';
import { type ClaimName, describeClaim } from '../../claims/claim.ts';
import { isDryRun } from '../../mover/protocol/options.ts';
import type { MoverEnd } from '../../mover/protocol/protocol.ts';
import { type CopyRequest, furtherRun, type Mode } from '../request/request.ts';
import { type CopyEnd, usersText } from './copy-end.ts';
import { deviceTitle } from './device-report.ts';
import { verificationTitle } from './verification.ts';

/** More than half of a target would be deleted, and nobody has said that it may. */
export class DeletionBrake extends RefusedError {}

/** The target is too small, and by how much is known. */
export class TargetTooSmall extends RefusedError {
  readonly missingBytes: number;

  constructor(message: string, missingBytes: number, details: readonly string[]) {
    super(message, {
      details,
      hint: `make the target larger (--grow-target, where its storage class allows it), or remove from it what is not needed`,
    });
    this.missingBytes = missingBytes;
  }
}

/** True where everything is at the target as it was at the source. */
export function isWhole({ outcome, lost }: MoverEnd): boolean {
  return outcome === 'ok' && lost.length === 0;
}

/** @throws X8sError where both sides were to be compared, and the mover does not say that they were. */
export function requireVerification(
  { verification }: MoverEnd,
  { verify, mode }: Pick<CopyRequest, 'verify' | 'mode'>,
): void {
  if (verification || (!verify && mode !== 'verify')) return;
  throw new X8sError('the mover has not compared the two sides, as it was asked to', {
    hint: "use the image of the plugin's own version (--image)",
  });
}

/**
 * The end as far as it is another one than was asked for: a volume that is given to a group by wish (--fs-group) keeps
 * a root folder that the group may write to, whatever the source's is.
 */
export function asAsked(end: MoverEnd, { fsGroup }: Pick<CopyRequest, 'fsGroup'>): MoverEnd {
  if (fsGroup === undefined || !end.lost.includes(rootFolder)) return end;
  const lost = end.lost.filter((kind) => kind !== rootFolder);
  const isWholeNow = end.outcome === 'partial' && lost.length === 0 && end.failures.length === 0;
  return isWholeNow ? { ...end, lost, outcome: 'ok', message: '' } : { ...end, lost };
}

/** The mover's word for owner, mode and time of the volume's own root folder. */
const rootFolder = 'root folder';

/**
 * That nothing was there to copy: who meant something has named the wrong claim, or has a volume that is not really
 * there. Undefined where something was.
 */
export function emptinessOf(
  { stats, device }: Pick<MoverEnd, 'stats' | 'device'>,
  { source, selection, mode }: Pick<CopyRequest, 'source' | 'selection' | 'mode'>,
): string | undefined {
  // A device has no entries, and one without content is refused by its mover.
  if (device || mode === 'verify') return undefined;
  // The root is an entry itself.
  if (stats.entries > 1) return undefined;
  const { sourcePath = '', filters = [] } = selection ?? {};
  const what = `${sourcePath === '' ? '' : `folder ${sourcePath} of `}${describeClaim(source)}`;
  return filters.length > 0
    ? `The patterns leave out all of ${what}, or it is empty: there is nothing to copy.`
    : `${what} is empty: there is nothing to copy.`;
}

/** One line on what was done. */
export function titleOf(end: CopyEnd, mode: Mode): string {
  const { targetUsers = [] } = end;
  const users = targetUsers.length > 0 ? `; ${usersText(targetUsers)}` : '';
  return `${copiedTitle(end, mode)}${users}`;
}

function copiedTitle({ stats, lost, verification, device }: MoverEnd, mode: Mode): string {
  if (mode === 'verify') return verification ? verificationTitle(verification) : 'compared';
  const verified = verification ? `; ${verificationTitle(verification)}` : '';
  if (device) return `${deviceTitle(device, mode)}${verified}`;
  const verb = isDryRun(mode) ? 'would be copied' : 'copied';
  const figures = `${formatCount(stats.transferredFiles)} of ${formatPlural(stats.files, 'file')} ${verb}`;
  const others =
    stats.attributes > 0
      ? `; ${formatPlural(stats.attributes, 'entry', 'entries')} in mode, owner, time or attributes only`
      : '';
  const losses = lost.length > 0 ? `; not kept: ${lost.join(', ')}` : '';
  const gone = isDryRun(mode) ? 'would be deleted' : 'deleted';
  const deleted = stats.removed > 0 ? `; ${formatPlural(stats.removed, 'entry', 'entries')} ${gone}` : '';
  return `${figures}, ${formatBytes(stats.transferredBytes)}${others}${deleted}${losses}${verified}`;
}

/** What helps where a pod that is no root is not let into a volume. */
export const userHint = {
  source: '--run-as UID[:GID] names a user who may read it',
  target:
    '--run-as UID[:GID] names a user who may write there; where the volume is empty, --fs-group GID gives it to a group',
} as const;

const accessHints: Readonly<Partial<Record<MoverEnd['outcome'], string>>> = {
  closed: userHint.target,
  'source-closed': userHint.source,
};

const deviceHint = '--run-as UID:GID names a user or a group who may use the device';
const deviceHints: typeof accessHints = { closed: deviceHint, 'source-closed': deviceHint };

/** What to do about a target that is to become what the source is, and has something of its own. */
export const hasMoreHint = 'a cutover makes the target what the source is: --delete takes them away';

/** Of what rsync said, and of the names that it said it of. */
const mostLines = 8;

export interface FailureContext {
  readonly diagnostics: readonly string[];
  /** Files were on their way; else nothing of the target was changed. */
  readonly begun: boolean;
}

/** What of a copy its failure is told with. */
export type FailedCopy = Pick<CopyRequest, 'mode' | 'name'> &
  Readonly<Record<'source' | 'target', ClaimName>>;

const notBegun: readonly MoverEnd['outcome'][] = [
  ...(['has-more', 'source-empty', 'refused', 'source-closed', 'closed'] as const),
];

/** Whether a mover has refused what it was asked for before it changed anything of the target. */
export const isNotBegun = ({ outcome }: Pick<MoverEnd, 'outcome'>): boolean => notBegun.includes(outcome);

const askingBack: readonly MoverEnd['outcome'][] = ['has-more', 'source-empty', 'too-many-deletions'];

/** Whether a mover has stopped because a person is to say more: nothing broke, and no log would explain it. */
export const isAskingBack = ({ outcome }: Pick<MoverEnd, 'outcome'>): boolean => askingBack.includes(outcome);

/** The error of a mover that came to no good end. */
export function failureOf(
  end: MoverEnd,
  request: FailedCopy,
  { diagnostics, begun }: FailureContext,
): X8sError {
  const [source, target] = [describeClaim(request.source), describeClaim(request.target)];
  const what = request.mode === 'verify' ? 'comparison' : 'copy';
  const details = [...diagnostics.slice(-mostLines), ...end.failures.slice(-mostLines)];
  switch (end.outcome) {
    case 'no-room':
      return tooSmall(end, target, details);
    case 'too-many-deletions':
      return brakeOf(end, target, details);
    case 'has-more':
      return new RefusedError(`the ${what} from ${source} to ${target} was not begun: ${end.message}`, {
        details,
        hint: hasMoreHint,
      });
    case 'source-empty':
      return new RefusedError(`the ${what} from ${source} to ${target} was not begun: ${end.message}`, {
        details,
        hint: emptyHint(request),
      });
    case 'refused':
    case 'source-closed':
    case 'closed':
      return new RefusedError(`the ${what} from ${source} to ${target} was not begun: ${end.message}`, {
        details,
        hint: end.device ? deviceHints[end.outcome] : accessHints[end.outcome],
      });
    case 'unreachable':
      return new UnreachableError(`the mover in ${target} can't reach the source: ${end.message}`, {
        details,
      });
    case 'auth':
      return new X8sError(
        `the source of ${source} and the mover don't know each other's keys: ${end.message}`,
        {
          details,
          hint: 'something else may answer at that address; try another strategy with --strategy',
        },
      );
    default:
      return new X8sError(`the ${what} from ${source} to ${target} failed${kindOf(end)}: ${end.message}`, {
        details,
        hint: begun
          ? `what is copied so far stays at the target; ${rest(request)} to go on`
          : 'no file was copied; run the same command again once that is fixed',
      });
  }
}

const kindOf = ({ outcome }: MoverEnd): string => (outcome === 'failed' ? '' : ` (${outcome})`);

/** A file system takes some of what a volume grows by for itself. */
const fileSystemShare = 1.1;
const fileSystemBytes = 16 * 2 ** 20;

const roomHint = 'make the target larger, or remove from it what is not needed';
const inodesHint =
  'the file system has a number of inodes, and each file takes one: remove files from the target, or take a larger one, or one of another storage class';

function tooSmall({ message, room, device }: MoverEnd, target: string, details: readonly string[]): X8sError {
  const text = `target claim ${target} has too little room: ${message}`;
  const ofDevice = device ? device.sourceBytes - device.targetBytes : 0;
  const ofFiles = room ? room.needBytes - room.freeBytes : 0;
  if (ofDevice > 0) return new TargetTooSmall(text, ofDevice, details);
  if (ofFiles > 0)
    return new TargetTooSmall(text, Math.ceil(ofFiles * fileSystemShare) + fileSystemBytes, details);
  const lacksInodes = room !== undefined && room.needInodes > room.freeInodes;
  return new RefusedError(text, { details, hint: lacksInodes ? inodesHint : roomHint });
}

/** What to do about a source that holds nothing: it is the wrong one more often than it is meant. */
const emptyHint = ({ mode }: Pick<FailedCopy, 'mode'>): string =>
  `see whether that is the right claim, folder and pattern, and whether its volume is really there; --allow-empty ${mode === 'verify' ? 'compares' : 'copies'} it all the same`;

function brakeOf({ message, device }: MoverEnd, target: string, details: readonly string[]): DeletionBrake {
  const [where, hint] = device
    ? ['at', 'the target holds something else than an older copy: see what it is; --yes overwrites it']
    : ['from', 'look at both sides first; --yes deletes them all the same'];
  return new DeletionBrake(`${message} ${where} ${target}, more than half: nothing was touched`, {
    details,
    hint,
  });
}

/** What has a name is taken up by it, also where it had emptied the target. */
function rest({ mode, name }: FailedCopy): string {
  return name === undefined ? furtherRun({ mode, name }) : 'run the same command again';
}
