/** The files of a directory, as one side has them now. */
import { launch } from '../../launch/launch.ts';
import type { Target } from '../../launch/launcher.ts';
import { type MaybeEntry, walk } from '../../reconcile/entry.ts';
import { type FileRules, IgnoreFiles } from '../../spec/ignore-files.ts';
import { ignoreRules, type SyncSpec } from '../../spec/spec.ts';
import { privateFolder } from '../../sync/files/names.ts';
import type { IgnoreRules } from '../../sync/ignore/ignore.ts';
import { scanOnce } from '../../sync/local/scan-once.ts';
import { explainRemote } from '../attach/attach.ts';
import type { CheckOptions } from './check-attach.ts';
import { scanRemote } from './remote-scan.ts';

export interface ListedFile {
  readonly path: string;
  readonly kind: string;
  readonly size?: number | undefined;
  /** Why it is not synced. */
  readonly remark?: string | undefined;
}

/** Everything in LOCAL but the root itself, in order. */
export async function listFiles(
  spec: SyncSpec,
  { stateFolder, metadataCandidates }: { stateFolder: string; metadataCandidates: readonly string[] },
): Promise<ListedFile[]> {
  const rules = ignoreRules(spec, rulesOf(spec, stateFolder));
  const tree = await scanOnce({
    root: spec.local.path,
    scan: spec.scan,
    ignores: rules,
    metadataCandidates: metadataCandidates,
  });
  return filesIn(tree);
}

/** What the files in LOCAL say. @param stateFolder of the workstation that LOCAL is on; undefined on another one */
export const rulesOf = ({ local, useGitignore }: SyncSpec, stateFolder: string | undefined): FileRules =>
  stateFolder === undefined
    ? { lists: [], repositories: [], ours: [] }
    : new IgnoreFiles(local.path, useGitignore, stateFolder).rules;

/** A directory in containers. */
export interface RemoteDirectory extends Pick<SyncSpec, 'target' | 'remote' | 'scan' | 'launcher' | 'runAs'> {
  readonly ignores: IgnoreRules;
}

/** One file in one container. */
export interface RemoteFile extends ListedFile {
  readonly pod: string;
  readonly container: string;
}

export interface ListRemoteOptions extends Omit<CheckOptions, 'spec'> {
  readonly spec: RemoteDirectory;
  readonly onDetail: (text: string) => void;
}

/** Everything in REMOTE of one container but the root itself, in order. Nothing is made there, nor changed. */
export async function listRemoteFiles(target: Target, options: ListRemoteOptions): Promise<RemoteFile[]> {
  const { spec, signal } = options;
  const { remote: root, scan, ignores, runAs, launcher } = spec;
  const { connection, base } = await launch(launcher, { ...options, runAs, target });
  try {
    const request = { base, root, create: false, readsOnly: true, scan, ignores };
    const { tree } = await explainRemote(root, scanRemote(connection, request), signal);
    const [pod, { container }] = [target.pod.metadata.name, target];
    return filesIn(tree).map((file) => ({ pod, container, ...file }));
  } finally {
    connection.close();
  }
}

function filesIn(tree: MaybeEntry): ListedFile[] {
  const entries = [...walk(tree)].slice(1).filter(([path]) => path !== privateFolder);
  return entries.map(([path, entry]) => ({
    path,
    kind: entry.kind,
    ...(entry.kind === 'file' && { size: entry.size }),
    ...(entry.kind === 'problem' && { remark: entry.problem }),
    ...(entry.kind === 'untracked' && {
      remark: entry.what ? `${entry.what}, which is not synced` : 'ignored',
    }),
  }));
}
