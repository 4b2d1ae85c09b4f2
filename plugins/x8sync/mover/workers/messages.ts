/** What the mover and its workers tell each other by files in the target's volume. Nothing of it is believed unchecked. */
import type { FileFeature } from '../protocol/losses.ts';
import { protocol } from '../protocol/protocol.ts';
import type { Counts } from '../rsync/stats.ts';

/** How often the two look for what the other one has to say, in milliseconds. */
export const lookMs = 500;

/** How rsync is to be started, as far as the mover has found that out; the rest a worker has in its own environment. */
export interface RsyncFacts {
  readonly sparse: boolean | undefined;
  readonly hasSmallFilesOnly: boolean;
  readonly fractions: boolean;
  readonly owners: boolean;
  readonly modes: boolean;
  readonly unsupported: readonly FileFeature[];
  /** There is a list of names that are not to be copied. */
  readonly hasExcluded: boolean;
}

/** From the mover to one worker. */
export interface Given {
  /** Of this run of the mover. */
  readonly run: string;
  /** Of the Job that the mover is of: workers of another one have other options. */
  readonly key: string;
  /** Counts up for as long as the mover runs. */
  readonly beat: number;
  /** The source's root, by which a worker sees that it has the same volume before it. */
  readonly root: string;
  readonly rsync: RsyncFacts;
  /** Streams in all, and those of this worker. */
  readonly streams: number;
  readonly slots: number;
  /** The worker's process that the lists are for; empty while none has been seen. */
  readonly id: string;
  /** Numbers of the lists that it is to copy. */
  readonly lists: readonly number[];
}

/** From a worker to the mover. */
export interface WorkerState {
  readonly run: string;
  /** Of this process of the worker. */
  readonly id: string;
  /** Its pod, for people. */
  readonly name: string;
  readonly beat: number;
  /** It ends, and does nothing of what it was given any more. */
  readonly isLeaving: boolean;
  /** Lists that it copies right now, and what they have brought. */
  readonly works: readonly { readonly list: number; readonly bytes: number }[];
  /** Lists that it is through with, for as long as they are given. */
  readonly done: readonly ListResult[];
}

/** What rsync came to with one list. */
export interface ListResult {
  readonly list: number;
  readonly code: number;
  readonly moved: number;
  readonly full: boolean;
  readonly refused: boolean;
  readonly stats: Counts;
  /** What rsync complained of, the first lines. */
  readonly said: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** As it is written. */
export const sealed = (message: Given | WorkerState): object => ({ protocol, ...message });

/** Undefined where it is none, or of a mover of another version. */
export function givenIn(value: unknown): Given | undefined {
  const fields = fieldsOf(value);
  const rsync = fieldsOf(fields?.rsync);
  if (!fields || !rsync || fields.protocol !== protocol) return undefined;
  return {
    ...{ run: wordOf(fields.run), key: text(fields.key), beat: count(fields.beat), root: text(fields.root) },
    ...{ streams: count(fields.streams), slots: count(fields.slots), id: text(fields.id) },
    lists: numbers(fields.lists),
    rsync: {
      sparse: typeof rsync.sparse === 'boolean' ? rsync.sparse : undefined,
      hasSmallFilesOnly: rsync.hasSmallFilesOnly === true,
      ...{ fractions: rsync.fractions === true, owners: rsync.owners === true, modes: rsync.modes === true },
      unsupported: texts(rsync.unsupported).filter(isFeature),
      hasExcluded: rsync.hasExcluded === true,
    },
  };
}

export function stateIn(value: unknown): WorkerState | undefined {
  const fields = fieldsOf(value);
  if (!fields || fields.protocol !== protocol) return undefined;
  return {
    ...{ run: text(fields.run), id: text(fields.id), name: text(fields.name), beat: count(fields.beat) },
    isLeaving: fields.isLeaving === true,
    works: objects(fields.works).map(({ list, bytes }) => ({ list: count(list), bytes: count(bytes) })),
    done: objects(fields.done).map(resultOf),
  };
}

function resultOf({ list, code, moved, full, refused, stats, said }: Fields): ListResult {
  const counts = Object.entries(fieldsOf(stats) ?? {}).map(([name, value]) => [name, count(value)] as const);
  return {
    list: count(list),
    code: typeof code === 'number' ? code : 1,
    moved: count(moved),
    full: full === true,
    refused: refused === true,
    stats: Object.fromEntries(counts),
    said: texts(said),
  };
}

const features: Readonly<Record<FileFeature, true>> = {
  symlinks: true,
  hardlinks: true,
  acls: true,
  xattrs: true,
};
const isFeature = (name: string): name is FileFeature => Object.hasOwn(features, name);

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const fieldsOf = (value: unknown): Fields | undefined => (isObject(value) ? value : undefined);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
/** It becomes a part of a path. */
const wordOf = (value: unknown): string => (/^[0-9a-f]{1,32}$/.test(text(value)) ? text(value) : '');
const count = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0;
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const texts = (value: unknown): string[] => listOf(value).filter((one) => typeof one === 'string');
const numbers = (value: unknown): number[] =>
  listOf(value).filter((one) => Number.isSafeInteger(one)) as number[];
const objects = (value: unknown): Fields[] => listOf(value).filter(isObject);
