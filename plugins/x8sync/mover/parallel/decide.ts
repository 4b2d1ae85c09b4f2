/** Looks at the tree, the line and the processors, as far as that is needed, and decides about streams. */
import { availableParallelism } from 'node:os';
import type { Source } from '../access/source.ts';
import type { SourceAccess } from '../access/source-access.ts';
import { mayCompress } from '../protocol/compression.ts';
import type { CopyOptions } from '../protocol/options.ts';
import type { StreamsReport } from '../protocol/protocol.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { busyness } from '../system/busyness.ts';
import { type Choice, chooseStreams, decidedBefore } from './choice.ts';
import { measureRoundTrip } from './line.ts';
import { choosePods, leastStreams, type PodsChoice, podsObstacle } from './pods.ts';

export interface DecideParts {
  readonly options: CopyOptions;
  readonly runtime: Runtime;
  readonly connection: SourceAccess;
  readonly source: Source;
}

/** OpenSSH takes some seven turns to let anyone in: a source that did it in less is near. */
const nearMs = 100;

/** Whether the source may be so far away that a copy into a target with files is made another way. */
export const mayBeFar = ({ connection }: DecideParts): boolean => connection.openedInMs >= nearMs;

/** Measures the round trip once, when it is first asked for; undefined where that can't be done. */
export function roundTripOf({
  connection,
  runtime,
}: Pick<DecideParts, 'connection' | 'runtime'>): () => Promise<number | undefined> {
  const { sshConfig } = connection;
  let measured: Promise<number | undefined> | undefined;
  return () => {
    // There is none to a source that is mounted here.
    measured ??= sshConfig === undefined ? Promise.resolve(0) : measureRoundTrip(sshConfig, runtime.signal);
    return measured;
  };
}

/**
 * @param holdsFiles the target has files that no earlier run of this task has put there.
 * @param roundTrip measures it, in milliseconds, where it is needed.
 */
export async function decideStreams(
  parts: DecideParts,
  holdsFiles: boolean,
  roundTrip: () => Promise<number | undefined>,
): Promise<{
  readonly choice: Choice;
  readonly pods: PodsChoice;
  readonly saw: StreamsReport['saw'];
}> {
  const { options, source } = parts;
  const { parallel, bandwidth, isSourceMounted: isMounted } = options;
  const circumstances = {
    ...{ holdsFiles, hasRateLimit: bandwidth !== '' },
    leastStreams: leastStreams(options.pods, { isMounted }),
    mayHavePods: podsObstacle(options.pods, { isMounted }) === undefined,
  };
  const isOpen = decidedBefore(parallel, circumstances) === undefined;
  // Exactly so many partitions take a tree that is counted.
  if (parallel.partitions !== undefined && !source.counted) await source.exactly();
  const { files, bytes } = source.counted ?? {};
  // Far away each question takes its turns, so that both are asked at once.
  const [roundTripMs, early] = await Promise.all([
    isOpen || mayBeFar(parts) ? roundTrip() : undefined,
    !holdsFiles && options.compress === 'auto' && mayBeFar(parts) ? source.compressedShare() : undefined,
  ]);
  const isSampled = !holdsFiles && mayCompress(options.compress, roundTripMs);
  const saw = {
    ...{ files, bytes, roundTripMs },
    processors: Math.min(availableParallelism(), source.processors),
    busyness: Math.max(busyness(), source.busyness),
    compressedShare: isSampled ? (early ?? (await source.compressedShare())) : undefined,
  };
  const choice = chooseStreams(parallel, { ...saw, isBound: source.isFiltered }, circumstances);
  const pods = choosePods(options.pods, { isMounted, streams: choice.parallelism, files, bytes });
  return { choice, pods, saw };
}
