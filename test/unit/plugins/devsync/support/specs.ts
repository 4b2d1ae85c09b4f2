import type { SyncSpec } from '../../../../../plugins/devsync/spec/spec.ts';

/** A specification with nothing special about it. */
export function specOf(path: string, remote: string, workstation = 'w'): SyncSpec {
  return {
    target: { pod: 'web-0' },
    remote,
    local: { workstation, who: 'alice@laptop', path, rootId: 'r' },
    mode: 'two-way-safe',
    from: 'local',
    scan: { permissions: 'portable', symlinks: 'portable' },
    ignore: [],
    ignoreVcs: false,
    useGitignore: false,
    takeGit: false,
    onNewPod: 'conflict',
    launcher: 'auto',
    createRemote: false,
    trashLimits: { local: 4, container: 1 },
  };
}
