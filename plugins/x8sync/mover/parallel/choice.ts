/** How many streams copy, and how large their partitions are: a pure decision, by what a short look has shown. */
import { isFar } from '../protocol/compression.ts';
import { mostStreams, type ParallelOptions } from '../protocol/parallel-options.ts';

/** What was seen before the copy; each part is undefined where the look did not tell. */
export interface Look {
  /** Regular files of the source. */
  readonly files: number | undefined;
  readonly bytes: number | undefined;
  /** There may be fewer files and bytes: only a part of what was counted is copied. */
  readonly isBound?: boolean | undefined;
  readonly roundTripMs: number | undefined;
  /** Of the side that has fewer. */
  readonly processors: number;
  /** Processes that each processor of the busier side has to run at a time. */
  readonly busyness: number;
}

/** What makes one stream the best choice, whatever was seen. */
export interface Circumstances {
  /** The target holds files already, and this task has not put them there: most of them need no copying. */
  readonly holdsFiles: boolean;
  /** A limit of the rate is one limit for all. */
  readonly hasRateLimit: boolean;
  /** Streams that further pods take at least, where a person wants such; see `leastStreams`. */
  readonly leastStreams?: number | undefined;
  /** Several pods may copy. */
  readonly mayHavePods?: boolean | undefined;
}

export interface Choice {
  /** Streams that copy at a time; 1 where the files are not cut into partitions. */
  readonly parallelism: number;
  readonly limits: PartitionLimits;
  /** Files of so many bytes go in ranges, over several streams. */
  readonly rangeFrom: number;
  /** Why so many, in words. */
  readonly why: string;
}

/** When a partition is full. */
export interface PartitionLimits {
  /** See {@link weightOf}. */
  readonly weight: number;
  readonly files: number;
  readonly bytes: number;
  /** The last of so many takes all the rest. */
  readonly partitions: number;
}

/** OpenSSH sends no more than that on one channel until the other end says that it has read it (channels.h). */
const windowBytes = 2 << 20;
/** A stream for every so many milliseconds of a round trip: together they bring some 200 MB/s, as one does nearby. */
const roundTripOfStreamMs = 10;
const mostByLine = 8;
/** The streams' connections and the closing pass take their time; what is over in these seconds is not cut. */
const worthSeconds = 8;
/** So much of {@link weightOf} a processor gets through in a second where no line holds it up. */
const bytesOfProcessor = 100e6;
/** Streams beyond what brings so many times as much as the processors can take cost more than they gain. */
const lineMargin = 1.5;
/** Each stream keeps about two processors busy on each side: rsync and ssh. */
const processorsOfStream = 2;
const mostByProcessors = 4;
/** Where processors have so many processes to run, more streams get no more of them, and cost some. */
const tooBusy = 3;
/** Less than that is not worth a second pass where the line is fast. */
const worthFiles = 50_000;
const worthBytes = 4 * 2 ** 30;
/**
 * So many partitions for each stream: the last ones to end leave the others idle for a part of the time only. Over a far
 * line each takes rsync's ten turns before its first byte, so that more of them would cost more than they gain.
 */
const partitionsOfStream = 2;
/** Where nobody knows how much there is. */
const defaultFiles = 5000;
const defaultBytes = 2 ** 30;
/** Smaller files are not worth being asked for one by one. */
const smallestRanged = 128 << 20;
/** A small file takes as long as so many bytes of a large one. */
const fileWeight = 16_384;

/** rsync takes some 100 bytes for each entry of a list at either end. */
const mostListed = 1_000_000;

/** Whether rsync's list of files is to come as a whole: far away, its pieces would each take a turn. */
export function sendsWholeList({
  files,
  roundTripMs,
}: Partial<Pick<Look, 'files' | 'roundTripMs'>>): boolean {
  return isFar(roundTripMs) && files !== undefined && files <= mostListed;
}

/** How much of a stream's time a file takes, in bytes of a large file. */
export const weightOf = (bytes: number): number => bytes + fileWeight;

export function chooseStreams(options: ParallelOptions, look: Look, circumstances: Circumstances): Choice {
  const { parallelism, why } = streamsFor(options, look, circumstances);
  const rangeFrom = rangeFromFor(look, parallelism, circumstances);
  const limits = limitsFor(options, look, parallelism, circumstances.mayHavePods ? 5 : 1);
  return { parallelism, why, limits, rangeFrom };
}

/** What needs no look; undefined where the look decides. */
export function decidedBefore(
  { parallelism, partitions }: ParallelOptions,
  { holdsFiles, hasRateLimit }: Circumstances,
): Pick<Choice, 'parallelism' | 'why'> | undefined {
  if (parallelism !== undefined)
    return {
      parallelism: Math.min(parallelism, partitions ?? parallelism, mostStreams),
      why: 'as asked for',
    };
  if (partitions !== undefined)
    return partitions === 1 ? { parallelism: 1, why: 'one partition was asked for' } : undefined;
  if (hasRateLimit) return { parallelism: 1, why: 'the rate is limited' };
  if (holdsFiles) return { parallelism: 1, why: 'the target holds files already' };
  return undefined;
}

function streamsFor(
  options: ParallelOptions,
  look: Look,
  circumstances: Circumstances,
): Pick<Choice, 'parallelism' | 'why'> {
  const decided = decidedBefore(options, circumstances);
  if (decided) return decided;
  const seen = withPods(byLook(look), circumstances);
  const { partitions } = options;
  if (partitions === undefined) return seen;
  // Who cuts a tree wants more than one of its parts at a time.
  return {
    parallelism: Math.min(Math.max(2, seen.parallelism), partitions),
    why: 'partitions were asked for',
  };
}

/** Who wants pods wants a stream in each. */
function withPods(
  seen: Pick<Choice, 'parallelism' | 'why'>,
  { leastStreams = 1 }: Circumstances,
): Pick<Choice, 'parallelism' | 'why'> {
  if (leastStreams <= seen.parallelism) return seen;
  return { parallelism: Math.min(leastStreams, mostStreams), why: 'pods were asked for' };
}

function byLook(look: Look): Pick<Choice, 'parallelism' | 'why'> {
  const { files, bytes, roundTripMs, processors, busyness } = look;
  if (busyness >= tooBusy) return { parallelism: 1, why: 'the processors are busy with other work' };
  const byLine = Math.min(Math.round((roundTripMs ?? 0) / roundTripOfStreamMs), mostByLine);
  if (byLine > 1) {
    const seconds = secondsOfLine(look);
    if (seconds < worthSeconds)
      return { parallelism: 1, why: 'the files are soon copied by one stream, far as the source is' };
    const useful = Math.round((lineMargin * seconds) / secondsOfProcessors(look));
    const parallelism = Math.min(byLine, useful);
    if (parallelism > 1) return { parallelism, why: 'the round trip limits what one stream brings' };
  }
  const byProcessors = Math.min(Math.floor(processors / processorsOfStream), mostByProcessors);
  if (byProcessors < 2) return { parallelism: 1, why: 'one stream keeps the processors busy' };
  const isLarge = (files ?? worthFiles) >= worthFiles || (bytes ?? worthBytes) >= worthBytes;
  if (!isLarge) return { parallelism: 1, why: 'the files are soon copied by one stream' };
  return { parallelism: byProcessors, why: 'there are processors for more than one stream' };
}

/** How long one stream takes for all of it, by the round trip alone. */
const secondsOfLine = ({ bytes, roundTripMs }: Look): number =>
  ((bytes ?? worthBytes) / windowBytes) * ((roundTripMs ?? 0) / 1000);

/** How long the processors take for all of it at the least. */
const secondsOfProcessors = ({ files = 0, bytes, processors }: Look): number =>
  ((bytes ?? worthBytes) + files * fileWeight) / (bytesOfProcessor * processors);

/** A file that is more than half of a stream's fair share would leave the others idle in the end. */
function rangeFromFor({ bytes }: Look, parallelism: number, { hasRateLimit }: Circumstances): number {
  if (parallelism === 1 || hasRateLimit) return Number.POSITIVE_INFINITY;
  return bytes === undefined ? defaultBytes : Math.max(bytes / (2 * parallelism), smallestRanged);
}

function limitsFor(
  { partitions, partitionFiles, partitionBytes }: ParallelOptions,
  { files, bytes, isBound = false }: Look,
  parallelism: number,
  /** Handing one to another pod takes a second, and more where caches are old. */
  times: number,
): PartitionLimits {
  const asked = partitionFiles !== undefined || partitionBytes !== undefined;
  const isKnown = files !== undefined && bytes !== undefined && !isBound;
  const all = isKnown ? bytes + files * fileWeight : undefined;
  const parts = partitions ?? (asked ? undefined : parallelism * partitionsOfStream);
  const shared = parts !== undefined && all !== undefined ? Math.ceil(all / parts) : undefined;
  const unshared = shared === undefined && partitionFiles === undefined;
  return {
    weight: shared ?? Number.POSITIVE_INFINITY,
    files: partitionFiles ?? (unshared ? defaultFiles * times : Number.POSITIVE_INFINITY),
    bytes: partitionBytes ?? (shared === undefined ? defaultBytes * times : Number.POSITIVE_INFINITY),
    partitions: partitions ?? Number.POSITIVE_INFINITY,
  };
}
