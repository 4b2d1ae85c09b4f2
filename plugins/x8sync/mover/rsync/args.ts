/** The options that every run of rsync has. */
import { type Compression, compressionArgs } from '../protocol/compression.ts';
import type { FileFeature } from '../protocol/losses.ts';
import type { Owner } from '../protocol/options.ts';
import { type FilterRule, filterArgs } from '../volume/filters.ts';

export interface RsyncPlan {
  readonly privileges: 'root' | 'user';
  /** OpenSSH's configuration file; undefined where the source is mounted here. */
  readonly sshConfig: string | undefined;
  /** Whether a file of the source has holes; undefined where that is not known. */
  readonly sparse: boolean | undefined;
  /** The target's file system keeps fractions of seconds. */
  readonly fractions: boolean;
  /**
   * By itself rsync sends its list in pieces, and the next ones only once the receiver has got through the first: over a
   * far line that is a turn for every thousand files. As a whole the list takes memory for all of them at once.
   */
  readonly wholeList?: boolean;
  readonly compression?: Compression;
  readonly bandwidth: string;
  /** What a person has added; it stands last, and so above what is chosen here. */
  readonly given?: readonly string[];
  /** Compare files by their content. */
  readonly checksum: boolean;
  /**
   * Whether the target keeps them; where it does not, rsync must not try: after an owner that it can't set, it leaves
   * the mode and the time of the file as they are, and copies it again the next time.
   */
  readonly owners: boolean;
  readonly modes: boolean;
  /** Names in the roots of both sides that are no part of what is copied. */
  readonly kept: Record<'source' | 'target', readonly string[]>;
  /** Options that leave out names that this copy can't make, or need not. */
  readonly excluded?: readonly string[];
  /** What a person leaves out, and does not. The first rule that fits decides, so these come last. */
  readonly filters?: readonly FilterRule[];
  /** Who all of it is given to. */
  readonly owner?: Owner | undefined;
  /** What the target does not have at all: rsync would complain of each such entry, and leave some out. */
  readonly unsupported?: readonly FileFeature[];
}

/**
 * --insecure-links is about the paths named here alone, and all of those are ours: by default rsync 3.5 walks them
 * component by component for every single file, which doubles the time of small ones. -S costs a third of the speed
 * of big files, so it is left out where the source said that no file has holes. By itself rsync takes two times
 * within one second for equal; to the nanosecond is right, but only where the target's file system keeps
 * nanoseconds: elsewhere every file would be copied every time. With one X alone rsync leaves out `user.rsync.%stat` and
 * its like, by which a backup of rsync --fake-super keeps owners and modes.
 */
export function rsyncArgs(plan: RsyncPlan): string[] {
  const {
    privileges,
    sshConfig,
    sparse,
    fractions,
    bandwidth,
    owners,
    modes,
    checksum,
    kept,
    excluded = [],
    filters = [],
    owner,
    unsupported = [],
  } = plan;
  return [
    '-aHAXX',
    '--numeric-ids',
    '--insecure-links',
    '--no-human-readable',
    ...keptArgs(kept),
    ...excluded,
    ...filterArgs(filters),
    ...(sshConfig === undefined ? [] : ['-e', `ssh -F ${sshConfig}`]),
    ...compressionArgs(plan.compression ?? 'none'),
    ...(plan.wholeList && !owner ? [wholeListArg] : []),
    ...attributeFilters(privileges),
    ...(sparse === false ? [] : ['-S']),
    ...(fractions ? ['--modify-window=-1'] : []),
    ...(checksum ? ['--checksum'] : []),
    ...(owner ? [`--chown=${owner.uid}:${owner.gid}`] : []),
    ...(owners ? [] : ['--no-owner', '--no-group']),
    ...(modes ? [] : ['--no-perms']),
    ...unsupported.map((kind) => without[kind]),
    ...(bandwidth === '' ? [] : [`--bwlimit=${bandwidth}`]),
    ...(plan.given ?? []),
    ...(owner ? [piecesArg] : []),
  ];
}

/**
 * How the source's list comes. Where it comes as a whole, rsync changes as --chown says the users and groups that ACLs name
 * too, which gives their rights to others; where it comes in pieces, ACLs stay as the source has them.
 */
const wholeListArg = '--no-inc-recursive';
const piecesArg = '--inc-recursive';

/**
 * Options for a list of files. With -r alone rsync takes it in pieces; what is to be copied stays the same, since none of
 * them is a folder.
 */
export const listedArgs = (owner: Owner | undefined): string[] => [
  ...(owner ? ['-r'] : []),
  ...fromListArgs,
  '--no-hard-links',
];

/**
 * By itself rsync looks up each name that comes in the whole list of what it has asked for, which takes a list of 25,000 twice
 * the time of its copy, and four times as long for each doubling. Nothing is gained by it: the pass over the whole tree takes
 * every name that the source has. --old-args leaves that look out, and, unlike --trust-sender, not the one that refuses names
 * which the filters exclude (rsync(1), --trust-sender).
 */
export const fromListArgs: readonly string[] = ['--files-from=-', '--from0', '--old-args'];

/**
 * A folder of a module as rsync's daemon is to be asked for it: it reads a path as a pattern where it finds one, and would take
 * another folder for the one with these signs in its name. Before `./` no name is an option to a daemon that is not in a chroot.
 */
export const daemonPath = (folder: string): string =>
  `./${/[*?[]/.test(folder) ? folder.replace(/[*?[\]\\]/g, String.raw`\$&`) : folder}`;

/** Whether the source's list comes as a whole for these options: of two that contradict each other the last one counts. */
export const takesWholeList = (args: readonly string[]): boolean =>
  args.lastIndexOf(wholeListArg) > args.lastIndexOf(piecesArg);

/** These options, but for the list as a whole; where all is given to one owner no ACLs are set then. */
export function withWholeList(args: readonly string[]): string[] {
  const pieces = args.some((arg) => arg.startsWith('--chown=')) ? [withoutAcls] : [];
  return [wholeListArg, ...args.flatMap((arg) => (arg === piecesArg ? pieces : [arg]))];
}

/** Whether these options set no ACLs. */
export const leavesAcls = (args: readonly string[]): boolean => args.includes(withoutAcls);

/** What is no part of one side only is not sent from there (H), or is left alone there (P): rsync(1), FILTER RULES. */
function keptArgs({ source, target }: RsyncPlan['kept']): string[] {
  return [...new Set([...source, ...target])].map((name) => {
    if (!target.includes(name)) return `--filter=H /${name}`;
    return source.includes(name) ? `--exclude=/${name}` : `--filter=P /${name}`;
  });
}

const withoutAcls = '--no-acls';

/** File capabilities are attributes too, and may be kept where those of users are not. */
const without: Readonly<Record<FileFeature, string>> = {
  symlinks: '--no-links',
  hardlinks: '--no-hard-links',
  acls: withoutAcls,
  xattrs: '--filter=-x user.*',
};

/**
 * Labels of SELinux are each cluster's own: pods may seldom set them, and with the source's labels the target's
 * workload could not read its files. A filter replaces rsync's own, which is system.* for root, all but user.* else.
 */
export function attributeFilters(privileges: 'root' | 'user'): string[] {
  return privileges === 'user'
    ? ['--filter=-x! user.*']
    : ['--filter=-x system.*', '--filter=-x security.selinux'];
}
