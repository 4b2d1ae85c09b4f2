/** Looks at the tree, the line and the processors, as far as that is needed, and decides about streams. */
import { availableParallelism } from 'node:os';
import type { Source } from '../copy/source.ts';
import type { SourceAccess } from '../copy/source-access.ts';
import type { CopyOptions } from '../options.ts';
import type { StreamsReport } from '../protocol.ts';
import type { Runtime } from '../runtime.ts';
import { type Choice, chooseStreams, decidedBefore } from './choice.ts';
import { measureRoundTrip } from './line.ts';

export interface DecideParts {
  readonly options: CopyOptions;
  readonly runtime: Runtime;
  readonly connection: SourceAccess;
  readonly source: Source;
}

/** @param holdsFiles the target has files that no earlier run of this task has put there. */
export async function decideStreams(
  { options, runtime, connection, source }: DecideParts,
  holdsFiles: boolean,
): Promise<{ readonly choice: Choice; readonly saw: StreamsReport['saw'] }> {
  const { parallel, bandwidth } = options;
  const circumstances = { holdsFiles, hasRateLimit: bandwidth !== '' };
  const isOpen = decidedBefore(parallel, circumstances) === undefined;
  // Exactly so many partitions take a tree that is counted.
  if (parallel.partitions !== undefined && !source.counted) await source.exactly();
  const { files, bytes } = source.counted ?? {};
  const saw = {
    ...{ files, bytes },
    roundTripMs: isOpen ? await roundTripOf(connection, runtime.signal) : undefined,
    processors: Math.min(availableParallelism(), source.processors),
  };
  return { choice: chooseStreams(parallel, { ...saw, isBound: source.isFiltered }, circumstances), saw };
}

/** Milliseconds; none to a source that is mounted here. */
async function roundTripOf({ sshConfig }: SourceAccess, signal: AbortSignal): Promise<number | undefined> {
  return sshConfig === undefined ? 0 : measureRoundTrip(sshConfig, signal);
}
