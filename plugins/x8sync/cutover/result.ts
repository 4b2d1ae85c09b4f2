/** What a cutover is asked for, and what it came to. */
import { describeClaim } from '../claims/claim.ts';
import type { Verification } from '../mover/protocol/protocol.ts';
import type { CutoverEnd } from '../records/cutover-end.ts';
import { type CutoverState, describeWorkload, type Then } from '../records/cutover-state.ts';
import type { CopyRequest } from '../run/request/request.ts';
import { leftOutOf, placedIn } from './left-out.ts';
import { leftStopped } from './left-stopped.ts';
import type { Pass } from './passes.ts';
import { startedBy } from './start.ts';

export interface CutoverRequest {
  /** Of the copies; without a name they get one that the two claims decide, so that the same command finds it again. */
  readonly copy: CopyRequest;
  readonly afterwards: Then;
  /** The longest pass that may be the one for which the workload stands still. */
  readonly goalMs: number;
}

export interface CutoverResult {
  readonly task: string;
  readonly source: string;
  readonly target: string;
  readonly afterwards: Then;
  /** Each copy; the last one was made while the workload stood still. */
  readonly passes: readonly Pass[];
  /**
   * From the moment at which the source's workloads were told to stop until what is to run was seen to be ready. Undefined
   * where an earlier run had done either, and nobody knows when, and where nothing was stopped, or nothing started: it is
   * not over then.
   */
  readonly downtimeSeconds: number | undefined;
  /** Where nothing was started: for how long what was stopped stands still by now. It goes on. */
  readonly standsStillSeconds: number | undefined;
  readonly goalSeconds: number;
  readonly stopped: readonly string[];
  readonly started: readonly string[];
  /** Of what was stopped that for which nothing was started, though something was. */
  readonly leftStopped: readonly string[];
  readonly verification: Verification | undefined;
  /** What of the source has not gone over, by the person's own wish. */
  readonly leftOut: readonly string[];
  /** The folder of the target's volume that the files are in; its root where absent. */
  readonly targetPath?: string | undefined;
  /** An earlier run had stopped the workloads, and this one has gone on from there. */
  readonly resumed: boolean;
}

/** As its record keeps it. */
export function cutoverEnd(
  state: CutoverState,
  { at, downtimeMs }: { readonly at: string; readonly downtimeMs: number | undefined },
): CutoverEnd {
  const { afterwards, source: stopped, verification } = state;
  const started = startedBy(state);
  const isPause = stopped.length > 0 && started.length > 0;
  return {
    at,
    afterwards,
    stopped,
    started,
    verification,
    ...(isPause && downtimeMs !== undefined && { downtimeSeconds: downtimeMs / 1000 }),
  };
}

export function cutoverResult(
  state: CutoverState,
  { copy, goalMs }: CutoverRequest & { readonly copy: { readonly name: string } },
  {
    passes,
    downtimeMs,
    resumed,
  }: { readonly passes: readonly Pass[]; readonly downtimeMs: number | undefined; readonly resumed: boolean },
): CutoverResult {
  const { afterwards, source, verification } = state;
  const started = startedBy(state);
  const pause = downtimeMs === undefined || source.length === 0 ? undefined : downtimeMs / 1000;
  const isOver = started.length > 0;
  return {
    task: copy.name,
    source: describeClaim(copy.source),
    target: describeClaim(copy.target),
    afterwards,
    passes,
    downtimeSeconds: isOver ? pause : undefined,
    standsStillSeconds: isOver ? undefined : pause,
    goalSeconds: goalMs / 1000,
    stopped: source.map(describeWorkload),
    started: started.map(describeWorkload),
    leftStopped: leftStopped(state).map(describeWorkload),
    verification,
    leftOut: leftOutOf(copy),
    targetPath: placedIn(copy),
    resumed,
  };
}
