/** What this workstation keeps of its syncs: who it is, ancestors, manifests, sockets. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, hostname, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { RefusedError } from '../../../src/errors.ts';
import { metadataFolderIn } from '../sync/metadata/metadata-folder.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** One sync in the registry of this workstation. */
export interface Registered {
  /** The record's uid. */
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly server: string;
  /** Of its cluster's kube-system namespace: another cluster may answer there later. Absent where it may not be read. */
  readonly clusterUid?: string | undefined;
  readonly path: string;
  /** The specification that a person has agreed to here. Absent where a version before this one made it. */
  readonly agreed?: unknown;
  /** What such a version kept instead: a digest of its reload rules, where it had some. */
  readonly reload?: string;
  /** The configuration file that it stands in; absent where it was made by hand. */
  readonly file?: string;
  /** A person has said that it may overlap with other syncs. */
  readonly overlaps?: true;
}

/** Where the state of devsync is kept: `X8S_STATE_DIR`, or where the platform keeps such things. */
export function stateFolder(env: Environment, platform: NodeJS.Platform): string {
  if (env.X8S_STATE_DIR) return join(env.X8S_STATE_DIR, 'devsync');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'x8s', 'devsync');
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? homedir(), 'x8s', 'devsync');
  return join(env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'x8s', 'devsync');
}

export class Workstation {
  readonly folder: string;
  readonly platform: NodeJS.Platform;

  constructor(folder: string, platform: NodeJS.Platform) {
    this.folder = folder;
    this.platform = platform;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Random, made once, of this user on this machine. */
  get id(): string {
    const file = join(this.folder, 'workstation-id');
    try {
      return readFileSync(file, 'utf8').trim();
    } catch {
      writeFileSync(file, `${randomUUID()}\n`, { mode: 0o600 });
      return readFileSync(file, 'utf8').trim();
    }
  }

  /** `alice@laptop`. */
  get who(): string {
    return `${userInfo().username}@${hostname()}`;
  }

  /**
   * Where everything of one sync is kept, once there is anything.
   *
   * @param uid of its record, as a cluster says it
   * @throws RefusedError where that could lead elsewhere: a cluster must not choose what is written or removed here.
   */
  pathOf(uid: string): string {
    return join(this.folder, 'syncs', requireName(uid));
  }

  /** The same, made where it is missing. */
  folderOf(uid: string): string {
    const folder = this.pathOf(uid);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  /** Where what is kept of a directory may be: here, or beside it where this is another file system. */
  metadataCandidatesFor(path: string): string[] {
    const roots = join(this.folder, 'roots');
    mkdirSync(roots, { recursive: true, mode: 0o700 });
    return [metadataFolderIn(roots, path), metadataFolderIn(dirname(path), path)];
  }

  /** Where a running sync is spoken to. Socket paths are short: 107 bytes on Linux, 103 on macOS. */
  socketOf(uid: string): string {
    if (this.platform === 'win32') return `\\\\.\\pipe\\x8s-devsync-${requireName(uid)}`;
    const usual = join(this.pathOf(uid), 'socket');
    return Buffer.byteLength(usual) <= 100 ? usual : join(tmpdir(), `x8s-devsync-${uid}`);
  }

  /** Where the one watch of a cluster is spoken to; of what one configuration file names, where that is given. */
  watchSocket(server: string, file?: string): string {
    const what = file === undefined ? server : `${server} ${file}`;
    return this.socketOf(`watch-${createHash('sha256').update(what).digest('hex').slice(0, 8)}`);
  }

  register(one: Registered): void {
    writeFileSync(join(this.folderOf(one.uid), 'sync.json'), JSON.stringify(one), { mode: 0o600 });
  }

  /** One that was made here, by the uid of its record. */
  find(uid: string): Registered | undefined {
    try {
      return JSON.parse(readFileSync(join(this.pathOf(uid), 'sync.json'), 'utf8')) as Registered;
    } catch {
      return undefined;
    }
  }

  /** Syncs that were made here, in whatever cluster. */
  registered(): Registered[] {
    const folder = join(this.folder, 'syncs');
    let uids: string[] = [];
    try {
      uids = readdirSync(folder);
    } catch {
      return [];
    }
    return uids.flatMap((uid) => this.find(uid) ?? []);
  }

  /** Forgets a sync that is no more. */
  forget(uid: string): void {
    rmSync(this.pathOf(uid), { recursive: true, force: true });
  }
}

/** Kubernetes makes UUIDs of its uids, and promises no more than a string. */
function requireName(uid: string): string {
  if (/^[a-z0-9][\w-]{0,99}$/i.test(uid)) return uid;
  throw new RefusedError(`the cluster gives a record the uid ${JSON.stringify(uid)}, which is none`, {
    hint: 'Nothing was done with it. Whoever runs that API server can say why.',
  });
}
