/** A sync's specification: what is kept in the cluster, so that any workstation can see it. */
import { UsageError } from '../../../src/errors.ts';
import { isTwoWay, type Mode, modes } from '../reconcile/reconcile.ts';
import { gitIgnoreFile, ignoreFile } from '../sync/ignore/guarded-names.ts';
import type { IgnoreRules } from '../sync/ignore/ignore.ts';
import { type WriteRule, writeModes } from '../sync/ignore/write-rules.ts';
import type { ScanOptions } from '../sync/scan/scan.ts';
import { asCount, asList, asObject, asText } from '../wire/check.ts';
import type { FileRules } from './ignore-files.ts';
import { asReloadSpec, type ReloadSpec } from './reload-spec.ts';

export const tool = 'devsync';
export const schema = 1;
export const role = 'container';

export const launchers = ['auto', 'exec', 'ephemeral', 'node-agent'] as const;
export type LauncherName = (typeof launchers)[number];
export const permissionModes = ['portable', 'kept'] as const;
export const symlinkModes = ['portable', 'raw', 'ignored'] as const;
export const sideNames = ['local', 'container'] as const;
export const newPodRules = ['conflict', 'local'] as const;

/** Which pods, and which container in them; the pod's default one where no name is given. */
export interface TargetSpec {
  readonly selector?: string | undefined;
  readonly pod?: string | undefined;
  readonly container?: string | undefined;
  /** More containers of the same pods; `container` is the first of them. */
  readonly containers?: readonly string[];
  /** Every pod that matches takes part, and not one alone. */
  readonly everyPod?: true;
  /** The pod that writes back where several take part; the oldest Ready one where absent. */
  readonly writer?: string;
}

/** Nothing is ever written to REMOTE: a one-way sync comes from there. */
export const readsRemoteOnly = ({ mode, from }: Pick<SyncSpec, 'mode' | 'from'>): boolean =>
  from === 'container' && mode.startsWith('one-way');

/** Whether nothing is ever brought from the container. */
export const readsLocalOnly = ({ mode, from }: Pick<SyncSpec, 'mode' | 'from'>): boolean =>
  from === 'local' && mode.startsWith('one-way');

/** Whether several containers may take part. */
export const isGroup = ({ everyPod, containers }: TargetSpec): boolean =>
  everyPod === true || (containers?.length ?? 0) > 1;

/** Numbers of a user and, where it is given, of a group. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number | undefined;
}

/** The one directory on the one workstation that a sync belongs to. */
export interface LocalSpec {
  /** Random, of this user on this machine. */
  readonly workstation: string;
  /** `alice@laptop`, for people. */
  readonly who: string;
  readonly path: string;
  /** Random, in the directory itself. */
  readonly rootId: string;
}

export interface SyncSpec {
  readonly target: TargetSpec;
  readonly remote: string;
  readonly local: LocalSpec;
  readonly mode: Mode;
  /** The side that wins, or that a one-way sync comes from. */
  readonly from: (typeof sideNames)[number];
  readonly scan: ScanOptions;
  /** How changed files are written on the side that they come to; replaced where absent. */
  readonly write?: readonly WriteRule[];
  /** Bytes a second of contents, in each direction; there is no bound where it is absent. */
  readonly bandwidth?: number;
  readonly ignore: readonly string[];
  readonly ignoreVcs: boolean;
  readonly useGitignore: boolean;
  /** `.git` may come from the container. */
  readonly takeGit: boolean;
  readonly onNewPod: (typeof newPodRules)[number];
  readonly launcher: LauncherName;
  /** Who an agent runs as, where the launcher can choose; the container's own user where absent. */
  readonly runAs?: RunAs;
  /** Make REMOTE where it is missing. */
  readonly createRemote: boolean;
  /** Of a `run`: only the process that made it works on it, unless a person names it. */
  readonly foreground?: true;
  /** What is done in the container after files have arrived there. */
  readonly reload?: ReloadSpec;
  /** Bytes. */
  readonly trashLimits: Readonly<Record<(typeof sideNames)[number], number>>;
}

function oneOf<T extends string>(value: unknown, choices: readonly T[], what: string): T {
  const choice = choices.find((one) => one === value);
  if (choice === undefined) throw new Error(`${JSON.stringify(value)} is no ${what}`);
  return choice;
}

const optional = (value: unknown) => (value === undefined ? undefined : asText(value, 'a name'));

/** Reads what the cluster holds. Throws where it is not a specification. */
export function asSpec(value: unknown): SyncSpec {
  const given = asObject(value, 'a specification');
  const target = asObject(given.target, 'a target');
  const local = asObject(given.local, 'a directory');
  const scan = asObject(given.scan, 'options');
  const limits = asObject(given.trashLimits, 'limits');
  const reload = asReloadSpec(given.reload);
  const runAs = asRunAs(given.runAs);
  return {
    target: {
      selector: optional(target.selector),
      pod: optional(target.pod),
      container: optional(target.container),
      ...(target.containers !== undefined && {
        containers: asList(target.containers, 'containers').map((one) => asText(one, 'a name')),
      }),
      ...(target.everyPod === true && { everyPod: true }),
      ...(target.writer !== undefined && { writer: asText(target.writer, 'a name') }),
    },
    remote: asText(given.remote, 'a path'),
    local: {
      workstation: asText(local.workstation, 'an id'),
      who: asText(local.who, 'a name'),
      path: asText(local.path, 'a path'),
      rootId: asText(local.rootId, 'an id'),
    },
    mode: oneOf(given.mode, modes, 'mode'),
    from: oneOf(given.from, sideNames, 'side'),
    scan: {
      permissions: oneOf(scan.permissions, permissionModes, 'way of keeping permissions'),
      symlinks: oneOf(scan.symlinks, symlinkModes, 'way of keeping links'),
      ...(scan.times !== undefined && { times: oneOf(scan.times, ['kept'], 'way of keeping times') }),
    },
    ...(given.write !== undefined && { write: asList(given.write, 'rules').map(asWriteRule) }),
    ...(given.bandwidth !== undefined && { bandwidth: asBandwidth(given.bandwidth) }),
    ignore: asList(given.ignore, 'patterns').map((one) => asText(one, 'a pattern')),
    ignoreVcs: given.ignoreVcs === true,
    useGitignore: given.useGitignore === true,
    takeGit: given.takeGit === true,
    onNewPod: oneOf(given.onNewPod, newPodRules, 'rule'),
    launcher: oneOf(given.launcher, launchers, 'launcher'),
    ...(runAs && { runAs }),
    createRemote: given.createRemote === true,
    ...(given.foreground === true && { foreground: true }),
    ...(reload && { reload }),
    trashLimits: { local: asCount(limits.local, 'a size'), container: asCount(limits.container, 'a size') },
  };
}

function asBandwidth(value: unknown): number {
  const rate = asCount(value, 'a rate');
  if (rate < leastBandwidth) throw new Error(`${rate} is no rate`);
  return rate;
}

/** Bytes a second: with less, the frames of one file would take minutes, and the agent would count as silent. */
export const leastBandwidth = 32 << 10;

/** Reads a rate such as `500k` or `2M`: bytes a second, by 1024 as rsync's --bwlimit has it. @throws {UsageError} */
export function parseBandwidth(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([kKmMgG]?)$/.exec(text) ?? [];
  const rate = Math.round(Number(amount) * 1024 ** ' kmg'.indexOf(unit.toLowerCase() || ' '));
  if (amount === undefined || !Number.isSafeInteger(rate))
    throw new UsageError(`--bandwidth ${JSON.stringify(text)} is no rate`, {
      hint: 'Write bytes a second, such as 500k or 2M.',
    });
  if (rate < leastBandwidth) throw new UsageError('--bandwidth must be 32k or more');
  return rate;
}

function asWriteRule(value: unknown): WriteRule {
  const { pattern, mode } = asObject(value, 'a rule');
  return { pattern: asText(pattern, 'a pattern'), mode: oneOf(mode, writeModes, 'way of writing') };
}

function asRunAs(value: unknown): RunAs | undefined {
  if (value === undefined) return undefined;
  const { uid, gid } = asObject(value, 'a user');
  return { uid: asCount(uid, 'a user'), gid: gid === undefined ? undefined : asCount(gid, 'a group') };
}

/** Reads `UID[:GID]`. @throws {UsageError} it is none */
export function parseRunAs(text: string): RunAs {
  const [, uid, gid] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text) ?? [];
  const numbers = [uid, gid].filter((one) => one !== undefined).map(Number);
  if (uid === undefined || numbers.some((one) => one > largestId))
    throw new UsageError(`${JSON.stringify(text)} is no UID[:GID]`, {
      hint: 'Write numbers, such as 1000 or 1000:1000.',
    });
  return { uid: Number(uid), gid: gid === undefined ? undefined : Number(gid) };
}

/** Of Linux's 32 bits, the last one means nobody. */
const largestId = 2 ** 32 - 2;

/** REMOTE as it is kept: absolute, without dots, double slashes and a slash at the end. */
export function normalizeRemote(remote: string): string {
  const parts = remote.split('/').filter((part) => part !== '' && part !== '.');
  if (!remote.startsWith('/'))
    throw new UsageError(`REMOTE ${JSON.stringify(remote)} is not an absolute path`);
  if (parts.includes('..')) throw new UsageError(`REMOTE ${JSON.stringify(remote)} has ".." in it`);
  if (parts.length === 0)
    throw new UsageError('REMOTE is the root of the container', { hint: 'Name a directory in it.' });
  return `/${parts.join('/')}`;
}

/** Whether two directories are equal or one lies in the other. */
export function areNested(one: string, other: string, separator = '/'): boolean {
  const [a, b] = [one + separator, other + separator];
  return a.startsWith(b) || b.startsWith(a);
}

/** Whether two specifications may mean the same container. */
export function haveSameTarget(one: TargetSpec, other: TargetSpec): boolean {
  const [ours, theirs] = [containersIn(one), containersIn(other)];
  const sameContainer =
    ours === undefined || theirs === undefined || ours.some((name) => theirs.includes(name));
  return sameContainer && one.selector === other.selector && one.pod === other.pod;
}

const containersIn = ({ container, containers }: TargetSpec): readonly string[] | undefined =>
  containers ?? (container ? [container] : undefined);

/** Rules that both sides follow, from what is given and what the directory's own files say. */
export function ignoreRules(
  { ignore, ignoreVcs, from, takeGit, mode, useGitignore }: SyncSpec,
  { lists, repositories, ours }: FileRules,
): IgnoreRules {
  // What is given by hand has the last word, but for what is ours.
  const given = { base: '', patterns: ignore.join('\n') };
  // Where the container wins, its rules would: then what is sent from here is for this side's alone to say.
  const isTold = from === 'container' && isTwoWay(mode);
  const rules = [ignoreFile, ...(useGitignore ? [gitIgnoreFile] : [])].join('\n');
  const alone = isTold ? [{ base: '', patterns: rules, foldsCase: true }] : [];
  const all = [...lists, given, ...alone, ...ours];
  return { lists: all, repositories, vcs: ignoreVcs || (from === 'container' && !takeGit) };
}
