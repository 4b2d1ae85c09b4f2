/** What the target's mover may ask the source, and the answers: JSON on one line. */

import type { HoleyFile } from '../ranges/holey.ts';
import { type FileQuery, parseFileQuery } from '../ranges/queries.ts';
import type { FilterRule } from '../volume/filters.ts';
import type { VolumeLocation } from '../volume/volume-location.ts';
import { type DeviceQuery, parseDeviceQuery } from './device-queries.ts';
import type { Folding, Limits } from './losses.ts';

/** Of all files, and as far as a copy is made another way for them. */
export interface Sizes extends ExactUsage {
  /** Whether one has holes. */
  readonly sparse: boolean;
  /** Bytes of the largest, 64 KiB where it is smaller. */
  readonly largest: number;
  /** Those with large holes, the first hundred. */
  readonly holey: readonly HoleyFile[];
}

/** Cheap: what the file system counts anyway, and what is known by now of the files' sizes. */
export interface Usage {
  readonly usedBytes: number;
  readonly usedInodes: number;
  readonly sizeBytes: number;
  readonly sizeInodes: number;
  /** Nothing of the folder's root is copied, whatever the patterns. */
  readonly holdsNothing: boolean;
  /** Entries of the volume's lost+found, which are not copied. */
  readonly lostFound: number;
  /** What a folder of the volume has under that name, as any other name. */
  readonly ownLostFound: OwnLostFound;
  /** What is below a name that a mover keeps for itself, and is not copied either. */
  readonly ownFolder: OwnFolder;
  /** Null where two seconds did not tell. */
  readonly sizes: Sizes | null;
  readonly location: VolumeLocation;
  /** Processors that the source\'s pod may use. */
  readonly processors: number;
  /** How many processes each of them has to run at a time, by the node's load over the last minute. */
  readonly busyness: number;
}

/** What the volume's root looks like. */
export interface RootSample {
  /** Some names of its entries, in UTF-8 and without a line feed; none where it has no such entries. */
  readonly names: readonly string[];
}

/** Whose `.x8sync` the volume has, if any: of a mover that writes to it, or was interrupted; or somebody else's. */
export type OwnFolder = 'none' | 'mover' | 'other';

export type OwnLostFound = 'none' | 'folder' | 'other';

/** By a walk through the tree; a file with several names counts once. */
export interface ExactUsage {
  readonly allocatedBytes: number;
  readonly apparentBytes: number;
  readonly entries: number;
  readonly inodes: number;
  readonly files: number;
  readonly dirs: number;
  readonly symlinks: number;
  /** Entries that have another name. */
  readonly hardlinks: number;
  /** Bytes of the longest name. */
  readonly nameBytes: number;
  /** The first and the last time of an entry, in whole seconds since 1970. */
  readonly earliest: number;
  readonly latest: number;
}

/** Counts of what a copier with a certain uid and gids could not give its copy. */
export interface Survey {
  readonly ownership: number;
  readonly devices: number;
  readonly capabilities: number;
}

export const queries = {
  usage: 'usage',
  exactUsage: 'usage exact',
  /** What zstd leaves of each byte of a sample. */
  sample: 'sample',
  root: 'root',
  /** What a target with such limits can't keep. */
  losses: (limits: Limits) => `losses ${JSON.stringify(limits)}`,
  /** Groups of names that a target does not tell apart. */
  collisions: (folding: Folding) => `collisions ${JSON.stringify(folding)}`,
  /** Where in the volume an entry of this name is, as a path; empty where there is none. */
  find: (mark: string) => `find ${mark}`,
  /** Whether the volume's root has an entry of this name: `yes` or `no`. */
  sees: (mark: string) => `sees ${mark}`,
  /** Everything that it holds but for what these rules leave out, described entry by entry. */
  manifest: (filters: readonly FilterRule[]) => `manifest ${encoded(filters)}`,
  /** The real path of the folder that was asked for, below the volume's root. */
  path: 'path',
  /** Any of these about a folder of the volume in its place; links of its path that lead out are not followed. */
  within: (folder: string, query: string) => `in ${encoded(folder)} ${query}`,
  survey: (uid: number, gids: readonly number[]) => `survey ${uid} ${gids.join(',')}`,
} as const;

export type Query =
  | FileQuery
  | DeviceQuery
  | { readonly kind: 'usage' | 'exactUsage' | 'root' | 'sample' }
  | { readonly kind: 'path' }
  | { readonly kind: 'manifest'; readonly filters: readonly FilterRule[] }
  | { readonly kind: 'find' | 'sees'; readonly mark: string }
  | { readonly kind: 'losses'; readonly limits: Limits }
  | { readonly kind: 'collisions'; readonly folding: Folding }
  | { readonly kind: 'survey'; readonly uid: number; readonly gids: readonly number[] };

/** What a shell and a log take as it is, whatever it holds. */
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decoded = (text: string): unknown => JSON.parse(Buffer.from(text, 'base64url').toString());

/** The folder that a query is about, empty for all of the volume, and the query itself. */
export function parseFolder(text: string): { readonly folder: string; readonly query: string } {
  const [, folder, query] = /^in ([\w-]+) (.*)$/s.exec(text) ?? [];
  if (folder === undefined || query === undefined) return { folder: '', query: text };
  return { folder: String(decoded(folder)), query };
}

/** What was asked, or undefined where that is none of the questions. */
export function parseQuery(text: string): Query | undefined {
  if (text === queries.usage) return { kind: 'usage' };
  if (text === queries.sample) return { kind: 'sample' };
  if (text === queries.path) return { kind: 'path' };
  const [, filters] = /^manifest ([\w-]+)$/.exec(text) ?? [];
  if (filters !== undefined) return { kind: 'manifest', filters: decoded(filters) as readonly FilterRule[] };
  if (text === queries.exactUsage) return { kind: 'exactUsage' };
  const [, subject, json = ''] = /^(losses|collisions) (\{[\w":,{}[\]-]*\})$/.exec(text) ?? [];
  if (subject === 'losses') return { kind: subject, limits: JSON.parse(json) as Limits };
  if (subject === 'collisions') return { kind: subject, folding: JSON.parse(json) as Folding };
  if (text === queries.root) return { kind: 'root' };
  const [, kind, mark] = /^(find|sees) ([A-Za-z0-9.-]{1,128})$/.exec(text) ?? [];
  if (mark !== undefined) return { kind: kind === 'find' ? 'find' : 'sees', mark };
  const file = parseFileQuery(text) ?? parseDeviceQuery(text);
  if (file) return file;
  const [, uid, gids] = /^survey (\d+) (\d+(?:,\d+)*)$/.exec(text) ?? [];
  if (uid === undefined || gids === undefined) return undefined;
  return { kind: 'survey', uid: Number(uid), gids: gids.split(',').map(Number) };
}
