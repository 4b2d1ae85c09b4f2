/** sshd and rsync's daemon of the source pod: one port, one user, one key, one tree that can be read. */
import type { Paths } from '../system/paths.ts';
import { keysOnly, restrictedKeys } from './sshd.ts';

export interface SourceFiles {
  readonly hostKey: string;
  readonly authorizedKeys: string;
  readonly sshdConfig: string;
  readonly rsyncdConfig: string;
  readonly rsyncdLock: string;
  /** Its time changes with every login. */
  readonly visit: string;
  /** Seconds of the node's uptime when somebody was last seen. */
  readonly lastSeen: string;
  /** Is there once sshd has ended for good: it outlives the container in the emptyDir. */
  readonly closed: string;
  /** What is known of the sizes of the source's files. */
  readonly sizes: string;
}

export const sourceFiles = ({ serve }: Paths): SourceFiles => ({
  hostKey: `${serve}/host_key`,
  authorizedKeys: `${serve}/authorized_keys`,
  sshdConfig: `${serve}/sshd_config`,
  rsyncdConfig: `${serve}/rsyncd.conf`,
  rsyncdLock: `${serve}/rsyncd.lock`,
  visit: `${serve}/visit`,
  lastSeen: `${serve}/last-seen`,
  closed: `${serve}/closed`,
  sizes: `${serve}/sizes`,
});

/** What rsync asks for when it wants a daemon at the other end. */
export const rsyncCommand = 'rsync --server --daemon .';

/** What comes back as it is: by it a client measures how far the source is. */
export const echoCommand = 'echo';

/**
 * What sshd runs whatever the client asked for; the account's shell reads it. rsync's daemon is started here and not
 * by the query handler: it is what every copy waits for, and a second Node.js would take longer to start than rsync.
 */
export function forcedCommand(paths: Paths): string {
  const { visit, rsyncdConfig } = sourceFiles(paths);
  const daemon = `exec rsync --server --daemon --config=${rsyncdConfig} .`;
  return `true >${visit}; case $SSH_ORIGINAL_COMMAND in '${rsyncCommand}') ${daemon};; ${echoCommand}) exec cat;; *) exec ${paths.queryHandler};; esac`;
}

/**
 * Lines of authorized_keys for every ed25519 key of a text; empty where there is none. They bear the command once
 * more: only so does sshd let root in.
 */
export function authorizedKeys(text: string, paths: Paths): string {
  const command = forcedCommand(paths).replaceAll('"', '\\"');
  return restrictedKeys(text, `restrict,command="${command}"`);
}

/**
 * The account's shell believes by SHLVL that another one started it: bash would otherwise read the account's .bashrc
 * before each forced command.
 *
 * @param onLoopback the source is reached through a tunnel only, and its own sshd by nobody from outside.
 */
export function sshdConfig(port: number, login: string, paths: Paths, onLoopback = false): string {
  const { hostKey, authorizedKeys } = sourceFiles(paths);
  return `${keysOnly({ port, onLoopback, login, hostKey, authorizedKeys })}ForceCommand ${forcedCommand(paths)}
SetEnv SHLVL=1
DisableForwarding yes
MaxSessions 64
`;
}

/** Options of a client that a plain, read-only copy needs; every other one is refused. */
const allowed = [
  'a r l p t g o D devices specials hard-links acls xattrs sparse numeric-ids n v i info',
  'ignore-times checksum exclude include filter from0 files-from relative no-relative dirs list-only',
  'modify-window bwlimit partial partial-dir temp-dir delete delete-* max-delete stats log-format',
  'compress* zc zl ignore-existing existing whole-file no-whole-file block-size checksum-choice max-alloc fsync inc-recursive no-inc-recursive protect-args secluded-args',
]
  .join(' ')
  .split(' ');

/** The daemon's view of the tree. */
export function rsyncdConfig(isRoot: boolean, paths: Paths): string {
  const user = isRoot ? ['use chroot = yes', 'uid = 0', 'gid = 0'] : ['use chroot = no'];
  return `${user.join('\n')}
read only = yes
list = no
munge symlinks = no
numeric ids = yes
max connections = 64
lock file = ${sourceFiles(paths).rsyncdLock}
max verbosity = 1
transfer logging = no
reverse lookup = no
refuse options = * ${allowed.map((option) => `!${option}`).join(' ')}
[source]
path = ${paths.source}
`;
}
