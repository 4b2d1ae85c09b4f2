/** What a person is told of another task whose pods have a target claim: what it does there, and what to do about it. Pure. */
import { RefusedError } from '../../../src/errors.ts';
import { isGivenName } from '../../../src/tasks/names.ts';
import { type Mode, readsOnly } from '../mover/protocol/options.ts';
import { type ClaimState, describeClaim } from './claim.ts';

/** As a task's record specifies it. */
export type CompetitorSpec = Readonly<Record<string, unknown>>;

/** Another task, whose pods are there. No command holds it: that one would have the target claim's lock. */
export interface Competitor {
  readonly task: string;
  /** Undefined where its record is gone, or may not be read. */
  readonly spec: CompetitorSpec | undefined;
  /** Its pods may write to the claim. */
  readonly writes: boolean;
  /** Its mover is that of a command, and was not begun by a CronJob. */
  readonly isOfCommand: boolean;
}

/** Why nothing is begun beside it. @param readsOnly of what is not begun */
export function refusedBy(
  target: Pick<ClaimState, 'ref' | 'uid'>,
  competitor: Competitor,
  { readsOnly }: { readonly readsOnly: boolean },
): RefusedError {
  const { task, spec } = competitor;
  const claim = describeClaim(target.ref);
  const { context } = target.ref.kube.cluster;
  if (spec?.sourceUid !== undefined && spec.sourceUid === target.uid)
    return new RefusedError(`task ${task} copies from ${claim}, the target of this one`, {
      hint: readerHint(task, spec, context),
    });
  if (!competitor.writes || isReader(spec))
    return new RefusedError(`task ${task} reads target claim ${claim}`, {
      hint: spec ? readerHint(task, {}, context, 'cleanup') : unknownHint,
    });
  const message = `task ${task} has a mover on target claim ${claim}`;
  const isScheduledCopy = spec?.schedule !== undefined && !competitor.isOfCommand;
  if (isScheduledCopy && !readsOnly) return scheduleThere(target, task, ['one of its copies runs right now']);
  if (isScheduledCopy)
    return new RefusedError(`${message}: a copy of its schedule`, {
      hint: `wait until that copy has ended, as ${watching(task, context)} shows; cancel and cleanup would end the whole schedule`,
    });
  return new RefusedError(message, { hint: spec ? moverHint(task, spec, context) : unknownHint });
}

/** The refusal beside a schedule of another task. */
export function scheduleThere(
  { ref }: Pick<ClaimState, 'ref'>,
  task: string,
  details: readonly string[] = [],
): RefusedError {
  const { context } = ref.kube.cluster;
  return new RefusedError(
    `task ${task} copies to target claim ${describeClaim(ref)} by itself, at its times`,
    { details, hint: `end it first: kubectl x8sync cancel ${task} --context ${context}` },
  );
}

const unknownHint = "wait until it has ended: its record can't be read, so what it is about is not known";

export const watching = (task: string, context: string): string =>
  `kubectl x8sync status ${task} --watch --context ${context}`;

const isReader = (spec: CompetitorSpec | undefined): boolean =>
  typeof spec?.mode === 'string' && readsOnly(spec.mode as Mode);

/** A cutover ends by its own command alone: cancel and cleanup refuse it in its middle. */
const cutoverHint = (task: string, context: string): string =>
  `wait until the cutover has ended, as ${watching(task, context)} shows, or run the command of the cutover again to go on with it`;

function moverHint(task: string, { cutover }: CompetitorSpec, context: string): string {
  if (cutover !== undefined) return cutoverHint(task, context);
  const again = isGivenName(task) ? `with --name ${task} again` : 'again';
  return `wait until it has ended (${watching(task, context)}), run the command that began it ${again} to go on with it, or end it: kubectl x8sync cleanup ${task} --context ${context}`;
}

/** @param end `cleanup` is refused while a command is at the task, as one may be that writes elsewhere. */
function readerHint(
  task: string,
  { schedule, cutover }: CompetitorSpec,
  context: string,
  end: 'cancel' | 'cleanup' = 'cancel',
): string {
  if (cutover !== undefined) return cutoverHint(task, context);
  if (schedule !== undefined)
    return `it does so at its times: end it first: kubectl x8sync cancel ${task} --context ${context}`;
  return `wait until it has ended (${watching(task, context)}), or end it: kubectl x8sync ${end} ${task} --context ${context}`;
}
