/** What a cutover leaves where it ends in its middle, in words: what stands still, and the commands that start it. */
import { RefusedError, type X8sError } from '../../../src/errors.ts';
import { stopLines } from '../records/cutover-guard.ts';
import {
  type CutoverState,
  describeWorkload,
  isUnderWay,
  namesOf,
  type ScaledWorkload,
  scaleCommand,
} from '../records/cutover-state.ts';
import type { CutoverId } from '../records/stop-mark.ts';
import { standingStill } from '../records/stopped-workloads.ts';
import type { CopyContext } from '../run/request/request.ts';
import type { Claims } from './claims.ts';
import { startedAfterwards } from './target-writers.ts';

/** How to start by hand what a cutover has stopped, a line each. */
export function startLines({ source }: Pick<CutoverState, 'source'>, claims: Claims): string[] {
  const { kube, namespace } = claims.source.ref;
  return source.map((workload) => scaleCommand(workload, kube.cluster.context, namespace));
}

export interface LeftContext extends Pick<CopyContext, 'reporter' | 'signal'> {
  /** Which cutover it is. */
  readonly id: CutoverId;
  /** The files are not at the target any more. */
  readonly lost?: X8sError | undefined;
  /** The same command could not go on: how this cutover is forgotten. */
  readonly forgetLine?: string | undefined;
}

/** Says what is left where what is to run did not come up: what stands still, what does not, and how to go on or back. */
export async function tellLeft(
  state: CutoverState,
  claims: Claims,
  { id, reporter, signal, lost, forgetLine }: LeftContext,
): Promise<void> {
  const started = await startedAfterwards(state, claims, signal).catch(() => state.target);
  const still = await standingStill(claims.source.ref, state, id, signal).catch(() => state.source);
  const { source, warned, lines } = backTo(state, claims, { started, still });
  const files = lost ? `The target is lost (${lost.message})` : filesText(state);
  const ways = [
    ...(lost ? [] : [forgetLine ? `keep what is there by ${forgetLine}` : 'run the same command to go on']),
    ...(lines.length > 0 ? [`go back by hand${warned}: ${lines.join('; ')}`] : []),
  ];
  reporter.warn(`${files}, and ${source}. ${capitalised(ways.join(', or '))}`);
}

/** How long a last look at what is left may take, in milliseconds. */
const afterMs = 10_000;

/** Of its own: what has ended the run is over with it. */
export const afterSignal = (): AbortSignal => AbortSignal.timeout(afterMs);

/**
 * Does what is left to do of a cutover whose workloads are stopped. Where that fails it is said how the two sides stand: the
 * failure alone tells nothing of them, but for a refusal, which names both itself.
 */
export async function tellingLeft<T>(
  work: () => Promise<T>,
  state: CutoverState,
  claims: Claims,
  left: Pick<LeftContext, 'id' | 'reporter'>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RefusedError)) await tellLeft(state, claims, { ...left, signal: afterSignal() });
    throw error;
  }
}

const filesText = ({ phase }: CutoverState): string =>
  phase === 'starting' ? 'The files are at the target' : 'Perhaps not all of the files are at the target';

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

interface Left {
  /** What has pods with the target's files. */
  readonly started: readonly ScaledWorkload[];
  /** What of the source has none. */
  readonly still: readonly ScaledWorkload[];
}

interface WayBack {
  /** How the source stands, to be read after `and`. */
  readonly source: string;
  readonly lines: readonly string[];
  /** What the way back costs, in brackets. */
  readonly warned: string;
}

function backTo({ afterwards, source }: CutoverState, claims: Claims, { started, still }: Left): WayBack {
  const { source: from, target: to } = claims;
  const runs = source.filter(({ uid }) => !still.some((one) => one.uid === uid));
  const stands = runs.length === 0 ? 'the source stands still' : `${namesOf(still)} stands still`;
  if (afterwards === 'repoint' && started.length > 0)
    return {
      source: `${namesOf(started)} was told to start with claim ${to.ref.claim}`,
      lines: startLines({ source }, claims),
      warned: ` (what was written to it since is not in claim ${from.ref.claim})`,
    };
  const stop = stopLines(started, to.ref.kube.cluster.context, to.ref.namespace);
  const running = `${namesOf(runs)} of the source ${afterwards === 'source' ? 'was told to start as before' : 'runs again'}`;
  const parts = [
    ...(runs.length > 0 ? [running] : []),
    ...(still.length > 0 || runs.length === 0 ? [stands] : []),
  ];
  return {
    source: parts.join(', '),
    lines: [...stop, ...startLines({ source: still }, claims)],
    warned: stop.length > 0 ? ' (what the target has written since is not at the source)' : '',
  };
}

/** The same for whoever has ended the process at once, each with what it is about. */
function leftLines(state: CutoverState, claims: Claims): string[] {
  const lines = startLines(state, claims);
  return state.source.map(
    (workload, index) =>
      `${describeWorkload(workload)} of the source stands still for this cutover: run the same command again, or ${lines[index]}`,
  );
}

/** Who ends the process at once hears of the workloads, too, that stand still. */
export function tellingStopped(
  context: CopyContext,
  run: { readonly state: CutoverState | undefined },
  claims: Claims,
): CopyContext['onAbandoned'] {
  let ofCopy: () => readonly string[] = () => [];
  context.onAbandoned(() => {
    const { state } = run;
    return [...ofCopy(), ...(state && isUnderWay(state) ? leftLines(state, claims) : [])];
  });
  return (list) => {
    ofCopy = list;
  };
}
