/** How a copy is cut and spread over streams, as the plugin writes it and the mover reads it. */

/** What was asked for; what is absent is chosen by a look at the tree, the line and the processors. */
export interface ParallelOptions {
  /** How many partitions the files are cut into. */
  readonly partitions?: number | undefined;
  /** How many streams copy at a time. */
  readonly parallelism?: number | undefined;
  /** Files that one partition holds at most. */
  readonly partitionFiles?: number | undefined;
  /** Bytes after which a partition is closed. */
  readonly partitionBytes?: number | undefined;
}

/** The source's sshd and rsync daemon take 64 connections, and other tools need some of them. */
export const mostStreams = 32;
export const mostPartitions = 100_000;

const names = {
  partitions: 'X8S_PARTITIONS',
  parallelism: 'X8S_PARALLELISM',
  partitionFiles: 'X8S_PARTITION_FILES',
  partitionBytes: 'X8S_PARTITION_BYTES',
} as const satisfies Record<keyof ParallelOptions, string>;

const keys = Object.keys(names) as (keyof ParallelOptions)[];

export function parallelEnv(options: ParallelOptions): Record<string, string> {
  const given = keys.flatMap((key) =>
    options[key] === undefined ? [] : [[names[key], String(options[key])]],
  );
  return Object.fromEntries(given);
}

/** @throws Error where a number is none, or is not positive. */
export function readParallelOptions(env: Readonly<Record<string, string | undefined>>): ParallelOptions {
  const given = keys.flatMap((key) => {
    const text = env[names[key]];
    if (text === undefined || text === '') return [];
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < 1)
      throw new Error(`${names[key]} is no positive number: ${text}`);
    return [[key, value]];
  });
  return Object.fromEntries(given) as ParallelOptions;
}
