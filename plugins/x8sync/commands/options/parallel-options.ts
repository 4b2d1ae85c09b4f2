/** How a copy is spread over streams, as a person gives it. */
import { option } from '../../../../src/cli/options.ts';
import { UsageError } from '../../../../src/errors.ts';
import { parseQuantity } from '../../../../src/kube/api/quantity.ts';
import { compressions } from '../../mover/protocol/compression.ts';
import { mostPartitions, mostStreams, type ParallelOptions } from '../../mover/protocol/parallel-options.ts';
import { mostPods, type PodsWish } from '../../mover/protocol/pods.ts';

const group = 'Parallel';

export const parallelismOption = () =>
  option.text('--parallelism', {
    group,
    value: 'STREAMS',
    default: 'auto',
    description: `Streams that copy at a time, at most ${mostStreams}; auto looks at the tree, the round trip and the processors.`,
  });

export const podsOption = () =>
  option.text('--pods', {
    group,
    value: 'COUNT',
    default: '1',
    description: `Pods that the streams are spread over, where both claims are ReadWriteMany in one namespace; at most ${mostPods}. auto: several for a large tree, where more than one node admits them.`,
  });

export const partitionsOption = () =>
  option.text('--partitions', {
    group,
    value: 'COUNT',
    default: 'auto',
    description: 'Partitions of equal work that the files are cut into, for the streams to take one by one.',
  });

export const partitionFilesOption = () =>
  option.integer('--partition-files', {
    group,
    value: 'COUNT',
    min: 1,
    description: 'Instead of --partitions: a partition is full with so many files.',
  });

export const partitionSizeOption = () =>
  option.text('--partition-size', {
    group,
    value: 'SIZE',
    description: 'Instead of --partitions: a partition is full with so many bytes (512Mi, 4Gi).',
  });

export const compressOption = () =>
  option.choice('--compress', ['auto', ...compressions], {
    group,
    value: 'ALGORITHM',
    default: 'auto',
    description:
      'What crosses the line is compressed; auto: by zstd where the source is far and its data shrinks.',
  });

/** What was given of these options. */
export interface GivenParallel {
  readonly parallelism: string;
  readonly partitions: string;
  readonly partitionFiles: number | undefined;
  readonly partitionSize: string | undefined;
}

/** @throws UsageError where a number is none, or two options contradict each other. */
export function parallelOptions({
  parallelism,
  partitions,
  partitionFiles,
  partitionSize,
}: GivenParallel): ParallelOptions {
  const given = {
    parallelism: countOf('--parallelism', parallelism, mostStreams),
    partitions: countOf('--partitions', partitions, mostPartitions),
    partitionFiles,
    partitionBytes: partitionSize === undefined ? undefined : bytesOf('--partition-size', partitionSize),
  };
  if (given.partitions !== undefined && (partitionFiles ?? partitionSize) !== undefined)
    throw new UsageError(
      '--partitions says how many there are, --partition-files and --partition-size how large one is: give either',
    );
  return given;
}

/** @throws UsageError where it is none. */
export const podsOf = (text: string): PodsWish['asked'] => countOf('--pods', text, mostPods) ?? 'auto';

function countOf(name: string, text: string, most: number): number | undefined {
  if (text === 'auto') return undefined;
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (count >= 1 && count <= most) return count;
  throw new UsageError(`${name}: ${JSON.stringify(text)} is neither auto nor a number from 1 to ${most}`);
}

function bytesOf(name: string, text: string): number {
  try {
    const bytes = Number(parseQuantity(text));
    if (bytes >= 1 && Number.isSafeInteger(bytes)) return bytes;
  } catch {
    // Said below.
  }
  throw new UsageError(`${name}: ${JSON.stringify(text)} is not a size`, {
    hint: 'for example 512Mi or 4Gi',
  });
}
