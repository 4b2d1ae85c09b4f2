/**
 * A mover's settings, given when its pod is made, for both ends: the plugin writes it as environment variables, the mover
 * reads them. Each set bears the number of the protocol, so that an image of another version does nothing.
 */

import { ciphers as defaultCiphers } from '../ssh/sshd.ts';
import type { FilterRule } from '../volume/filters.ts';
import { type CompressionWish, compressions } from './compression.ts';
import { givenArgs } from './given-args.ts';
import { type ParallelOptions, parallelEnv, readParallelOptions } from './parallel-options.ts';
import { type PodsWish, podsEnv, readPodsWish } from './pods.ts';
import { protocol } from './protocol.ts';
import {
  readTunnelOptions,
  type TunnelClientOptions,
  type TunnelServerOptions,
  tunnelEnv,
} from './tunnel-options.ts';

/**
 * `merge` keeps what only the target has, `force` empties the target first; `dry-run` and `force-dry-run` change
 * nothing, and tell what these would do. `verify` changes nothing either, and compares all of both sides.
 */
export type Mode = 'merge' | 'force' | 'dry-run' | 'force-dry-run' | 'verify';

const modes: readonly string[] = ['merge', 'force', 'dry-run', 'force-dry-run', 'verify'] satisfies Mode[];

export const isDryRun = (mode: Mode): boolean => mode === 'dry-run' || mode === 'force-dry-run';
/** Nothing of the target is changed. */
export const readsOnly = (mode: Mode): boolean => isDryRun(mode) || mode === 'verify';
/** All of the target goes first, or would. */
export const emptiesTarget = (mode: Mode): boolean => mode === 'force' || mode === 'force-dry-run';

export type OnCollision = 'refuse' | 'skip';

/** Of the target's pod. */
export interface CopyOptions {
  /** Proves that an end line is this run's. */
  readonly nonce: string;
  readonly task: string;
  readonly mode: Mode;
  /** Whether the pod runs as root. */
  readonly privileges: 'root' | 'user';
  /** The pod has the source's volume mounted; no network is used. */
  readonly isSourceMounted: boolean;
  /** Both volumes are block devices. */
  readonly isDevice: boolean;
  /** Account of the source's sshd. */
  readonly user: string;
  /** Addresses of the source known by now, as `host:port` or `[v6]:port`; others are delivered later. */
  readonly addresses: readonly string[];
  /** How long to look for the source. */
  readonly connectSeconds: number;
  /** Whether files that are half there stay for a further run where this one fails. */
  readonly keepPartial: boolean;
  /** Files are compared by their content, and not by size and time. */
  readonly checksum: boolean;
  /** As rsync's --bwlimit takes it; empty for no limit. */
  readonly bandwidth: string;
  /** How long to stay after a good end, for the plugin to delete the pod. */
  readonly lingerSeconds: number;
  /** Attempts in a row that broke before they had got far. */
  readonly retries: number;
  /** What becomes of names that the target does not tell apart: nothing is begun, or the first of them is copied. */
  readonly onCollision: OnCollision;
  /** After a copy both sides are read and compared. */
  readonly verify: boolean;
  /** What only the target has is no difference. */
  readonly mayHaveMore: boolean;
  /** A source that holds nothing is copied, or compared, as well. */
  readonly allowEmpty: boolean;
  /** Nothing is begun where the target has entries that the source does not have. */
  readonly nothingElse: boolean;
  /** What is known not to be kept, as `MoverEnd.lost` names it: where nothing else is lost, the exit code is 0. */
  readonly knownLosses: readonly string[];
  /** What of the volumes is copied. */
  readonly selection: Selection;
  /** What only the target has goes: never, where that is not more than half of it, or however much it is. */
  readonly deletes: Deletes;
  /** Who all of the copy belongs to; whoever the source's belongs to where absent. */
  readonly owner: Owner | undefined;
  /** OpenSSH's names, separated by commas. */
  readonly ciphers: string;
  readonly parallel: ParallelOptions;
  /** Over how many pods the streams may be spread. */
  readonly pods: PodsWish;
  readonly compress: CompressionWish;
  /** Further options of rsync, each one that is allowed. */
  readonly rsyncArgs: readonly string[];
  /** Where the source dials in, instead of being dialled. */
  readonly tunnel: TunnelServerOptions | undefined;
}

/** A part of the volumes. */
export interface Selection {
  /** Folder of the source's volume whose content is copied; empty for all of it. */
  readonly sourcePath: string;
  /** Folder of the target's volume that it is copied to, likewise. */
  readonly targetPath: string;
  readonly filters: readonly FilterRule[];
}

export const wholeVolumes: Selection = { sourcePath: '', targetPath: '', filters: [] };

export type Deletes = 'nothing' | 'half' | 'all';

/** User and group by number. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Of the source's pod. */
export interface ServeOptions {
  readonly nonce: string;
  readonly port: number;
  /** Seconds without any client after which sshd ends for good. */
  readonly idleSeconds: number;
  /** The volume is a block device. */
  readonly isDevice?: boolean | undefined;
  /** To the target, which does not dial in then; sshd listens on the pod's loopback only. */
  readonly tunnel?: TunnelClientOptions | undefined;
}

export type Env = Readonly<Record<string, string | undefined>>;

const defaultRetries = 5;

/** What the plugin need not say. */
type Defaulted =
  | 'isDevice'
  | 'isSourceMounted'
  | 'retries'
  | 'ciphers'
  | 'onCollision'
  | 'verify'
  | 'mayHaveMore'
  | 'allowEmpty'
  | 'nothingElse'
  | 'knownLosses'
  | 'selection'
  | 'deletes'
  | 'owner'
  | 'parallel'
  | 'pods'
  | 'compress'
  | 'rsyncArgs'
  | 'tunnel';

export function copyEnv(
  options: Omit<CopyOptions, Defaulted> & { readonly [Name in Defaulted]?: CopyOptions[Name] | undefined },
): Record<string, string> {
  const { retries, ciphers, onCollision, verify, mayHaveMore, selection, deletes, owner } = options;
  return {
    X8S_PROTOCOL: String(protocol),
    X8S_NONCE: options.nonce,
    X8S_TASK: options.task,
    X8S_MODE: options.mode,
    X8S_PRIVILEGES: options.privileges,
    X8S_USER: options.user,
    X8S_ADDRESSES: options.addresses.join(' '),
    X8S_CONNECT_SECONDS: String(options.connectSeconds),
    X8S_KEEP_PARTIAL: options.keepPartial ? '1' : '0',
    X8S_BWLIMIT: options.bandwidth,
    X8S_CHECKSUM: options.checksum ? '1' : '0',
    X8S_LINGER_SECONDS: String(options.lingerSeconds),
    ...(retries === undefined ? {} : { X8S_RETRIES: String(retries) }),
    ...(onCollision === undefined ? {} : { X8S_ON_COLLISION: onCollision }),
    ...(selection ? { X8S_SELECTION: JSON.stringify(selection) } : {}),
    ...(deletes ? { X8S_DELETES: deletes } : {}),
    ...(owner ? { X8S_OWNER: `${owner.uid}:${owner.gid}` } : {}),
    ...(options.isSourceMounted ? { X8S_SOURCE_MOUNTED: '1' } : {}),
    ...deviceEnv(options),
    ...(verify ? { X8S_VERIFY: '1' } : {}),
    ...(mayHaveMore ? { X8S_MAY_HAVE_MORE: '1' } : {}),
    ...(options.allowEmpty ? { X8S_ALLOW_EMPTY: '1' } : {}),
    ...(options.nothingElse ? { X8S_NOTHING_ELSE: '1' } : {}),
    ...(options.knownLosses?.length ? { X8S_KNOWN_LOSSES: JSON.stringify(options.knownLosses) } : {}),
    ...(ciphers === undefined ? {} : { X8S_CIPHERS: ciphers }),
    ...parallelEnv(options.parallel ?? {}),
    ...podsEnv(options.pods),
    ...(options.compress === undefined ? {} : { X8S_COMPRESS: options.compress }),
    ...(options.rsyncArgs?.length ? { X8S_RSYNC_ARGS: JSON.stringify(options.rsyncArgs) } : {}),
    ...tunnelEnv(options.tunnel),
  };
}

const deviceEnv = ({ isDevice }: { readonly isDevice?: boolean | undefined }) => ({
  ...(isDevice && { X8S_DEVICE: '1' }),
});

export function serveEnv({
  nonce,
  port,
  idleSeconds,
  isDevice,
  tunnel,
}: ServeOptions): Record<string, string> {
  return {
    X8S_PROTOCOL: String(protocol),
    X8S_NONCE: nonce,
    X8S_PORT: String(port),
    X8S_IDLE_SECONDS: String(idleSeconds),
    ...deviceEnv({ isDevice }),
    ...tunnelEnv(tunnel),
  };
}

/** @throws Error where the mode is none, or a number is none. */
export function readCopyOptions(env: Env): CopyOptions {
  const mode = env.X8S_MODE ?? 'merge';
  if (!modes.includes(mode)) throw new Error(`X8S_MODE is none of ${modes.join(', ')}: ${mode}`);
  return {
    nonce: env.X8S_NONCE ?? '',
    task: env.X8S_TASK ?? '',
    mode: mode as Mode,
    privileges: env.X8S_PRIVILEGES === 'user' ? 'user' : 'root',
    isSourceMounted: env.X8S_SOURCE_MOUNTED === '1',
    isDevice: env.X8S_DEVICE === '1',
    user: env.X8S_USER ?? 'root',
    addresses: (env.X8S_ADDRESSES ?? '').split(/\s+/).filter((word) => word !== ''),
    connectSeconds: numberOf(env, 'X8S_CONNECT_SECONDS', 60),
    keepPartial: env.X8S_KEEP_PARTIAL !== '0',
    bandwidth: env.X8S_BWLIMIT ?? '',
    checksum: env.X8S_CHECKSUM === '1',
    lingerSeconds: numberOf(env, 'X8S_LINGER_SECONDS', 0),
    retries: numberOf(env, 'X8S_RETRIES', defaultRetries),
    onCollision: env.X8S_ON_COLLISION === 'skip' ? 'skip' : 'refuse',
    selection: env.X8S_SELECTION ? (JSON.parse(env.X8S_SELECTION) as Selection) : wholeVolumes,
    deletes: env.X8S_DELETES === 'half' || env.X8S_DELETES === 'all' ? env.X8S_DELETES : 'nothing',
    owner: readOwner(env.X8S_OWNER),
    verify: env.X8S_VERIFY === '1',
    mayHaveMore: env.X8S_MAY_HAVE_MORE === '1',
    allowEmpty: env.X8S_ALLOW_EMPTY === '1',
    nothingElse: env.X8S_NOTHING_ELSE === '1',
    knownLosses: JSON.parse(env.X8S_KNOWN_LOSSES || '[]') as string[],
    ciphers: env.X8S_CIPHERS || defaultCiphers,
    parallel: readParallelOptions(env),
    pods: readPodsWish(env),
    compress: compressions.find((known) => known === env.X8S_COMPRESS) ?? 'auto',
    rsyncArgs: givenArgs(JSON.parse(env.X8S_RSYNC_ARGS || '[]') as string[]),
    tunnel: readTunnelOptions<TunnelServerOptions>(env.X8S_TUNNEL),
  };
}

/** @throws Error where a number is none. */
export function readServeOptions(env: Env): ServeOptions {
  return {
    nonce: env.X8S_NONCE ?? '',
    port: numberOf(env, 'X8S_PORT', 2222),
    idleSeconds: numberOf(env, 'X8S_IDLE_SECONDS', 600),
    isDevice: env.X8S_DEVICE === '1',
    tunnel: readTunnelOptions<TunnelClientOptions>(env.X8S_TUNNEL),
  };
}

/** Why a mover must not begin: the plugin that started it speaks another version. Undefined where it may. */
export function foreignPlugin(env: Env): string | undefined {
  const asked = env.X8S_PROTOCOL || 'none';
  if (asked === String(protocol)) return undefined;
  return `this image speaks version ${protocol} of the mover's protocol, and was started for ${asked}: use the image and the plugin of one version`;
}

/** `UID:GID`. */
function readOwner(text: string | undefined): Owner | undefined {
  const [, uid, gid] = /^(\d+):(\d+)$/.exec(text ?? '') ?? [];
  return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

function numberOf(env: Env, name: string, otherwise: number): number {
  const text = env[name];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${name} is no number: ${text}`);
  return value;
}
