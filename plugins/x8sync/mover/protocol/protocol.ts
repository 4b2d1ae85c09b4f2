/**
 * The lines by which the pods of both sides tell the plugin what they do: `x8s:WORD JSON`. Each bears the number of
 * this protocol. The mover's last line is the truth about a run; it bears the nonce that this run was started with.
 * `mover-lines.ts` reads them.
 */

import type { Comparison, Difference } from '../manifest/compare.ts';
import type { Compression } from './compression.ts';
import type { Loss } from './losses.ts';
import type { PodsReport } from './pods.ts';

/**
 * Raised with every change after which the other end would misread a line or an option. An image of another number
 * is refused by the plugin, and a plugin of another number by the image.
 */
export const protocol = 7;

/** Why the mover ended. */
export type MoverOutcome =
  /** Everything is at the target. */
  | 'ok'
  /** Some files could not be copied, or something of them could not be kept. */
  | 'partial'
  /** All could be compared, and the target is not as the source is. */
  | 'differs'
  /** The target has less room than is needed. */
  | 'no-room'
  /** The source holds nothing, and nobody has said that it may be copied so; the target was not touched. */
  | 'source-empty'
  /** More than half of the target would be deleted, and nobody has said that it may. */
  | 'too-many-deletions'
  /** The target has entries that the source does not have, and was to have none; it was not touched. */
  | 'has-more'
  /** Something that is not ours is in the way at the target. */
  | 'refused'
  /** The target's root folder can't be written to by the mover's user. */
  | 'closed'
  /** The source's root folder can't be read by the mover's user, who has it mounted. */
  | 'source-closed'
  /** No address of the source answered, or the connection broke for good. */
  | 'unreachable'
  /** The source answered with another host key, or did not take ours. */
  | 'auth'
  /** The source's side failed. */
  | 'source-failed'
  /** Reading or writing the target failed. */
  | 'io'
  /** Ended by a signal. */
  | 'interrupted'
  | 'failed';

/** Counts of entries and bytes; zero where the mover did not come so far, but for those that may be absent. */
export interface MoverStats {
  /** Everything of the source: files, directories, links, devices, fifos. */
  readonly entries: number;
  /** Regular files of the source. */
  readonly files: number;
  readonly transferredFiles: number;
  /** Entries that the target did not have. */
  readonly createdEntries: number;
  /** Entries that were made or changed in any way; in a dry run, that would be. */
  readonly changes: number;
  /** Those of the changes that concern mode, owner, times or attributes alone. */
  readonly attributes: number;
  /** In a dry run with `force`: entries of the target that would be removed. */
  readonly removed: number;
  /** Bytes of all files of the source. */
  readonly totalBytes: number;
  /** Bytes of the files that were transferred. */
  readonly transferredBytes: number;
  /** Entries that only the target has; absent where they were not counted, which is no proof that there are none. */
  readonly extraneous?: number | undefined;
  /** Those that were to be deleted and were more than may be, so that they stayed; absent likewise. */
  readonly undeleted?: number | undefined;
  /** In a dry run: names that would not come to their places, since folders stand there that are not empty; absent where none. */
  readonly obstructed?: number | undefined;
  /** Files that went from the source while it was copied. */
  readonly vanished: number;
}

export const statNames = [
  'entries',
  'files',
  'transferredFiles',
  'createdEntries',
  'changes',
  'attributes',
  'removed',
  'totalBytes',
  'transferredBytes',
  'vanished',
] as const satisfies (keyof MoverStats)[];

/** Those that must not be taken for zero where they are absent. */
export const optionalStatNames = [
  'extraneous',
  'undeleted',
  'obstructed',
] as const satisfies (keyof MoverStats)[];

/** What the target would have to have room for, and has; -1 where its file system does not count inodes. */
export interface Room {
  readonly needBytes: number;
  readonly freeBytes: number;
  readonly needInodes: number;
  readonly freeInodes: number;
}

/** What a comparison of both sides came to; its differences have lines of their own. */
export interface Verification extends Omit<Comparison, 'differences'> {
  /** What the entries are where they are no files: parts of a device. */
  readonly unit?: 'blocks' | undefined;
}

/** Of a block device: what was found, and what was done for the target to become the same. */
export interface DeviceReport {
  readonly sourceBytes: number;
  /** What a larger target has beyond the source's size is left as it is. */
  readonly targetBytes: number;
  /** Blocks of the source, all of them compared by digest. */
  readonly blocks: number;
  /** Those of them that the target had otherwise. */
  readonly differing: number;
  /** Bytes that were sent; in a dry run, that would be. */
  readonly sentBytes: number;
  /** Bytes that were made zeros at the target, likewise. */
  readonly zeroedBytes: number;
}

/** How the files were spread over streams, and what that was decided by. */
export interface StreamsReport {
  /** Streams that copied at a time; 1 where the files were not cut. */
  readonly parallelism: number;
  /** By what rsync compressed what it sent; ranges of large files are never compressed. */
  readonly compression: Compression;
  /** How many partitions there were. */
  readonly partitions: number;
  readonly why: string;
  /** What was seen beforehand; a part is absent where the look did not tell, or was not needed. */
  readonly saw: {
    readonly files?: number | undefined;
    readonly bytes?: number | undefined;
    readonly roundTripMs?: number | undefined;
    readonly processors: number;
    /** Processes that each processor of the busier side has to run at a time. */
    readonly busyness: number;
    /** What zstd leaves of each byte of a sample of the files. */
    readonly compressedShare?: number | undefined;
  };
  /** Files that came by the streams; what else there was came with the closing pass over the whole tree. */
  readonly files: number;
  /** Partitions that were handed out again after a stream broke or a worker was gone. */
  readonly again: number;
  readonly pods: PodsReport;
}

export interface MoverEnd {
  readonly nonce: string;
  readonly outcome: MoverOutcome;
  readonly message: string;
  readonly stats: MoverStats;
  /** Names that could not be copied, or in a dry run could not be, the first twenty. */
  readonly failures: readonly string[];
  /** What could not be kept: `ownership`, `devices`, `capabilities`, `acls`, `xattrs`, …; `unknown` where none can tell. */
  readonly lost: readonly string[];
  /** Where nothing but this is missing at the target. */
  readonly lossOnly?: boolean | undefined;
  /** Of what the target's file system can't keep: how many entries lose it, and the first of them. */
  readonly losses?: readonly Loss[] | undefined;
  /** How files were compared, where it was not as asked for. */
  readonly compared?: 'content' | undefined;
  /** Where the trees were compared entry by entry. */
  readonly verification?: Verification | undefined;
  /** Where the target has too little of it, as far as that was known beforehand. */
  readonly room?: Room | undefined;
  /** Where the volumes are block devices. */
  readonly device?: DeviceReport | undefined;
  /** Absent where nothing was copied. */
  readonly streams?: StreamsReport | undefined;
  readonly seconds: number;
}

export interface MoverProgress {
  readonly bytes: number;
  readonly totalBytes: number;
  readonly files: number;
  readonly totalFiles: number;
  /** Bytes a second. */
  readonly rate: number;
  /** The totals may still grow. */
  readonly scanning: boolean;
  /** Both sides are read and compared, which begins at nothing again; copied where absent. */
  readonly comparing?: true | undefined;
  /** What is counted as files, where it is none. */
  readonly unit?: 'blocks' | undefined;
}

/** What one of several streams has done. */
export interface StreamFigures {
  /** From 1. */
  readonly stream: number;
  /** The worker that has its place, from 1; the mover's own pod where absent. */
  readonly worker?: number | undefined;
  /** Files that have come by it. */
  readonly files: number;
  readonly bytes: number;
  /** Bytes a second, since the last such figures. */
  readonly rate: number;
}

export type LogLevel = 'info' | 'warning' | 'error';

/** What a line says, by its word, as the mover writes it. */
export interface Messages {
  serving: {
    readonly nonce: string;
    readonly port: number;
    readonly user: string;
    /** Fingerprint, as OpenSSH writes it. */
    readonly hostKey: string;
    readonly usedBytes: number;
    readonly usedInodes: number;
  };
  closed: { readonly nonce: string; readonly idleSeconds: number };
  /** The source opens its tunnel to the target's sshd at this address. */
  tunnel: { readonly address: string };
  connected: { readonly address: string };
  /** Nothing leads to the source any more, by the pod's clock, until `connected` is said again. RFC 3339. */
  disconnected: { readonly since: string };
  progress: MoverProgress & { readonly attempt: number };
  /** Each stream by itself, now and then, and once when they are through. */
  streams: { readonly streams: readonly StreamFigures[] };
  change: { readonly item: string; readonly name: string };
  difference: Difference;
  /** So many further pods are to copy beside this one, for the plugin to make. */
  workers: { readonly count: number };
  log: { readonly level: LogLevel; readonly text: string };
  /** What a person is to read while the copy still begins, and not only once it is over. */
  notice: { readonly text: string };
  end: Omit<MoverEnd, 'stats'> & {
    readonly task: string;
    readonly mode: string;
    /** The exit code that goes with the outcome. */
    readonly code: number;
    readonly stats: Readonly<Record<string, number>>;
    readonly attempts: number;
  };
}

/** One line of the log, without a line feed. */
export function formatMessage<Word extends keyof Messages>(word: Word, message: Messages[Word]): string {
  return `x8s:${word} ${JSON.stringify({ protocol, ...message })}`;
}

const exitCodes: Readonly<Partial<Record<MoverOutcome, number>>> = {
  ok: 0,
  'no-room': 3,
  'source-empty': 3,
  refused: 3,
  'too-many-deletions': 3,
  'has-more': 3,
  closed: 3,
  'source-closed': 3,
  unreachable: 4,
  auth: 4,
  partial: 5,
  differs: 5,
  interrupted: 143,
};

/** The exit code of a mover that ended so. */
export function exitCodeOf(outcome: MoverOutcome): number {
  return exitCodes[outcome] ?? 1;
}
