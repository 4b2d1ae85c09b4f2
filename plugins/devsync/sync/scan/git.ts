/** Whether git is changing the working tree right now. */
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

/** The git directory that a tree belongs to, looking upwards; worktrees and submodules have theirs elsewhere. */
export function findGitDirectory(root: string, top = '/'): string | undefined {
  for (let folder = root; ; folder = dirname(folder)) {
    const found = gitDirectoryIn(folder);
    if (found !== undefined) return found;
    if (folder === top || dirname(folder) === folder) return undefined;
  }
}

function gitDirectoryIn(folder: string): string | undefined {
  const path = join(folder, '.git');
  try {
    if (lstatSync(path).isDirectory()) return path;
    const [, target] = /^gitdir: (.*)$/m.exec(readFileSync(path, 'utf8')) ?? [];
    if (target === undefined) return undefined;
    return isAbsolute(target) ? target : join(folder, target);
  } catch {
    return undefined;
  }
}

/** Git holds this file while it changes the working tree, and removes it right before it moves HEAD. */
export function isGitBusy(gitDirectory: string | undefined): boolean {
  return gitDirectory !== undefined && existsSync(join(gitDirectory, 'index.lock'));
}
