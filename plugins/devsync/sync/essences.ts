/** What git's indexes say beside what they cache, found out once for each content. */
import type { File } from '../reconcile/entry.ts';
import { readWhole, sha256 } from './digest.ts';
import { essenceOfIndex } from './git-index.ts';
import { isGitDirectory } from './names.ts';

/** Bytes; a larger index is compared as it is, since looking into it would take too long. */
const largest = 64 << 20;
/** Contents that are remembered: an index and a few submodules' each. */
const remembered = 64;

/** Whether git's index may be at this path: of a repository, a worktree or a submodule. */
export function isGitIndex(path: string): boolean {
  return path.endsWith('/index') && path.split('/').some(isGitDirectory);
}

export class Essences {
  readonly #known = new Map<string, string | undefined>();

  /** Of a file with this content; undefined where it is no index, or has another content by now. */
  of(at: string, { digest, size }: Pick<File, 'digest' | 'size'>): string | undefined {
    if (size > largest || this.#known.has(digest)) return this.#known.get(digest);
    const data = readWhole(at);
    if (sha256(data) !== digest) return undefined;
    const essence = essenceOfIndex(data);
    this.#known.set(digest, essence);
    const [oldest] = this.#known.keys();
    if (this.#known.size > remembered && oldest !== undefined) this.#known.delete(oldest);
    return essence;
  }
}
