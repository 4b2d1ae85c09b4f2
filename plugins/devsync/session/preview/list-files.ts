/** The files of a specification, as this side has them now. */
import { walk } from '../../reconcile/entry.ts';
import { IgnoreFiles } from '../../spec/ignore-files.ts';
import { ignoreRules, type SyncSpec } from '../../spec/spec.ts';
import { privateFolder } from '../../sync/files/names.ts';
import { scanOnce } from '../../sync/local/scan-once.ts';

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
  const { rules: fileRules } = new IgnoreFiles(spec.local.path, spec.useGitignore, stateFolder);
  const rules = ignoreRules(spec, fileRules);
  const tree = await scanOnce({
    root: spec.local.path,
    scan: spec.scan,
    ignores: rules,
    metadataCandidates: metadataCandidates,
  });
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
