/** Copies while the workload runs, again and again, until one is quick enough for a pause of that length. */
import { IncompleteError, RefusedError } from '../../../src/errors.ts';
import { formatDuration } from '../../../src/ui/format.ts';
import { copy } from '../run/copy/copy.ts';
import type { CopyContext, CopyRequest, CopyResult } from '../run/request/request.ts';
import { hasMoreHint } from '../run/results/result.ts';

/** One copy of a cutover, as its result lists it. */
export interface Pass {
  readonly seconds: number;
  readonly files: number;
  readonly bytes: number;
}

/** Further passes that are hardly quicker than the quickest: more of them would not help. Reading all takes what it takes. */
const mostStuck = { copying: 2, comparing: 1 };
const hardlyQuicker = 0.9;

/**
 * @param request of each pass; the first deletes as the person said, later ones all that the source has no more.
 * @throws RefusedError where the target holds something else, or the goal is out of reach.
 */
export async function copyUntilQuick(
  request: CopyRequest,
  goalMs: number,
  context: CopyContext,
  copyOnce: typeof copy = copy,
): Promise<Pass[]> {
  const passes: Pass[] = [];
  let [quickest, stuck] = [Number.POSITIVE_INFINITY, 0];
  for (;;) {
    const isFirst = passes.length === 0;
    const result = await copyOnce(isFirst ? request : { ...request, deletes: 'all' }, context);
    requireCopied(result);
    if (isFirst) requireNothingElse(result, request);
    passes.push(passOf(result));
    const { seconds } = result;
    if (seconds * 1000 <= goalMs) return passes;
    stuck = seconds > quickest * hardlyQuicker ? stuck + 1 : 0;
    quickest = Math.min(quickest, seconds);
    if (stuck >= mostStuck[request.verify ? 'comparing' : 'copying'])
      throw outOfReach(quickest, goalMs, request.verify === true);
    const left = formatDuration(goalMs);
    context.reporter.info(
      `The pass took ${formatDuration(seconds * 1000)}, and is to take ${left}: once more`,
    );
  }
}

export function passOf({ seconds, stats }: CopyResult): Pass {
  return { seconds, files: stats.transferredFiles, bytes: stats.transferredBytes };
}

/** Files that went meanwhile are the next pass's matter; what can't be read or kept would be missing at the end too. */
function requireCopied({ failures, message, lost, target, targetUsers = [] }: CopyResult): void {
  if (targetUsers.length > 0)
    throw new RefusedError(
      `target claim ${target} came into use by pod ${targetUsers.join(', ')}, so nothing was stopped`,
      { hint: 'scale its workload down: a cutover starts it itself, once all is copied' },
    );
  if (lost.length > 0)
    throw new RefusedError(
      `the target does not keep all of the files, so nothing was stopped: ${lost.join(', ')}`,
      {
        hint: 'a copy without --cutover tells what would keep it',
      },
    );
  if (failures.length === 0) return;
  throw new RefusedError(`not every file can be copied, so nothing was stopped: ${message}`, {
    details: failures.slice(0, 10),
    hint: 'a cutover needs all of them; see what a plain copy says',
  });
}

/**
 * Later passes delete without a limit whatever the source does not have. What only the target has can be told from what
 * the source deletes meanwhile before the first pass only.
 */
function requireNothingElse(
  { stats, device, source, target }: CopyResult,
  { deletes = 'nothing' }: CopyRequest,
): void {
  // A device has no entries, and was compared before it was written to.
  if (device || deletes === 'all') return;
  const left = deletes === 'nothing' ? stats.extraneous : stats.undeleted;
  if (left === 0) return;
  if (left === undefined)
    throw new RefusedError(
      `it is not known what the target has that the source does not have (${target}), so nothing was stopped`,
      {
        details: ['later passes would delete that; the first one could not count it'],
        hint: 'see what a plain copy says, and run the same command again',
      },
    );
  if (deletes === 'nothing')
    throw new RefusedError(
      `the target has ${left} entries that the source does not have (${target}), so nothing was stopped`,
      {
        details: [`kubectl x8sync --delete --dry-run ${source} ${target}`],
        hint: `the line above lists them, and changes nothing; ${hasMoreHint}`,
      },
    );
  throw new RefusedError(
    `more than half of the target would be deleted (${target}): that was stopped with ${left} entries left, and no workload was stopped`,
    { hint: 'look at both sides first; --yes deletes them all the same' },
  );
}

function outOfReach(seconds: number, goalMs: number, compares: boolean): RefusedError {
  const goal = formatDuration(goalMs);
  return new RefusedError(
    `no pass takes less than ${formatDuration(seconds * 1000)}, so nothing was stopped`,
    {
      details: [
        `the goal is ${goal}; all of a pass counts, its pods included${compares ? ', and the reading of both sides that compares them' : ''}`,
      ],
      hint: `--downtime-goal ${Math.ceil(seconds * 1.2)}s would do${compares ? ', or --no-verify, which compares nothing' : ''}`,
    },
  );
}

/** @throws IncompleteError where the copy of what stands still is not whole, or not the same. */
export function requireWhole({
  outcome,
  message,
  failures,
  differences = [],
  source,
  target,
}: CopyResult): void {
  if (outcome === 'ok') return;
  const found = differences.map(({ path, detail }) => `${path}: ${detail}`);
  const [changed] = differences.filter(({ aspects }) => aspects.includes('content'));
  throw new IncompleteError(`the last copy, made while the workload stood still, is not whole: ${message}`, {
    details: [...failures, ...found].slice(0, 10),
    hint: changed
      ? 'a file that changes and keeps its size and time is found with --checksum only: give it and another --name'
      : `kubectl x8sync verify ${source} ${target} lists what differs; see why, and run the same command again`,
  });
}
