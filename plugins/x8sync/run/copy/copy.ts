/** One copy from beginning to end: the steps that a person sees, in their order. */
import { X8sError } from '../../../../src/errors.ts';
import { formatBytes } from '../../../../src/ui/format.ts';
import type { Reporter, Step } from '../../../../src/ui/reporter.ts';
import { describeClaim } from '../../claims/claim.ts';
import { growClaim } from '../../claims/grow-target.ts';
import { readsOnly } from '../../mover/protocol/options.ts';
import type { CopyContext, CopyRequest, CopyResult, DetachedCopy } from '../request/request.ts';
import { TargetTooSmall } from '../results/result.ts';
import { CopyRun } from './copy-run.ts';

/**
 * Copies one claim's files to another.
 *
 * Resolves also where some files could not be copied (`outcome: 'partial'`); rejects where the copy did not
 * come to an end. Whatever happens, what it made is deleted again, except where it was interrupted and has
 * a name of its own to be taken up by, or where a cluster can't be reached any more.
 *
 * @throws TargetTooSmall where that was found before anything was copied, and the target is not to grow.
 */
export async function copy(request: CopyRequest, context: CopyContext): Promise<CopyResult> {
  return runCopy(request, context, (run) => run.result());
}

/** As {@link copy}, but leaves the mover to itself once files move. */
export async function detachCopy(
  request: CopyRequest,
  context: CopyContext,
): Promise<CopyResult | DetachedCopy> {
  const resultOf = async (run: CopyRun) => (await run.detached()) ?? run.result();
  return runCopy({ ...request, detach: true }, context, resultOf);
}

async function runCopy<T>(
  request: CopyRequest,
  context: CopyContext,
  resultOf: (run: CopyRun) => Promise<T>,
): Promise<T> {
  return withGrowth(request, context, () => runOnce(request, context, resultOf));
}

/**
 * Once more where the target was too small and has been made larger, as a person wants it, or since it was made for this
 * copy.
 *
 * @throws TargetTooSmall where it may not grow, also where one that was made for this copy can't.
 */
export async function withGrowth<T>(
  request: Pick<CopyRequest, 'target' | 'timeoutMs' | 'growTarget' | 'targetIsMade'>,
  context: Pick<CopyContext, 'reporter' | 'signal'>,
  attempt: () => Promise<T>,
): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    const { growTarget: isAsked = false, targetIsMade = false } = request;
    if (!(error instanceof TargetTooSmall) || !(isAsked || targetIsMade)) throw error;
    if (isAsked) await growTarget(request, error, context);
    else if (!(await grewUnasked(request, error, context))) throw error;
    return attempt();
  }
}

/** Whether a claim that was made for this copy is larger now; why it is not is told. */
async function grewUnasked(
  request: Pick<CopyRequest, 'target' | 'timeoutMs'>,
  tooSmall: TargetTooSmall,
  context: Pick<CopyContext, 'reporter' | 'signal'>,
): Promise<boolean> {
  try {
    await growTarget(request, tooSmall, context);
    return true;
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    const claim = describeClaim(request.target);
    context.reporter.warn(
      `Claim ${claim}, made as large as the source's, can't grow: ${error.message}. Delete it, and give --size.`,
    );
    return false;
  }
}

/** Makes the target claim as large as the copy needs it. @throws RefusedError where that can't be. */
export async function growTarget(
  { target, timeoutMs }: Pick<CopyRequest, 'target' | 'timeoutMs'>,
  { missingBytes }: TargetTooSmall,
  { reporter, signal }: Pick<CopyContext, 'reporter' | 'signal'>,
): Promise<void> {
  reporter.info(`Claim ${describeClaim(target)} is made larger by ${formatBytes(missingBytes)}`);
  const size = await growClaim(target, missingBytes, { timeoutMs, signal });
  reporter.info(`Claim ${describeClaim(target)} has ${size}`);
}

async function runOnce<T>(
  request: CopyRequest,
  context: CopyContext,
  resultOf: (run: CopyRun) => Promise<T>,
): Promise<T> {
  const run = new CopyRun(request, context);
  context.onAbandoned(() => run.leftovers());
  try {
    await context.reporter.run(stepsOf(run, request));
    return await resultOf(run);
  } catch (error) {
    throw await run.giveUp(error);
  } finally {
    await run.close();
  }
}

function stepsOf(run: CopyRun, request: CopyRequest): Parameters<Reporter['run']>[0] {
  const step = (title: string, work: (handle: Parameters<Step['run']>[0]) => Promise<void>): Step => ({
    title,
    run: (handle) => run.guard(() => work(handle)),
  });
  return [
    {
      concurrent: [
        step('Check the source claim', (handle) => run.checkSource(handle)),
        step('Check the target claim', (handle) => run.checkTarget(handle)),
      ],
    },
    {
      concurrent: [
        step('Take the name in the source cluster', (handle) => run.openSource(handle)),
        step('Take the name in the target cluster', (handle) => run.openTarget(handle)),
      ],
    },
    ...(request.snapshot ? [step('Freeze the source', (handle) => run.freezeSource(handle))] : []),
    {
      concurrent: [
        step('Serve the source over SSH', (handle) => run.startSource(handle)),
        step('Start the mover at the target', (handle) => run.startMover(handle)),
      ],
    },
    step(readsOnly(request.mode) ? 'Compare the files' : 'Copy the files', (handle) =>
      request.detach ? run.watchBeginning(handle) : run.watch(handle),
    ),
    request.schedule
      ? step('Leave the schedule at the target', (handle) => run.leaveSchedule(handle))
      : step('Clean up', (handle) => run.cleanUp(handle)),
  ];
}
