/** Why this process can't use a volume's root folder, in words: its user, the folder's owner, and the mode. */
import { accessSync, constants, statSync } from 'node:fs';

const { R_OK, W_OK, X_OK } = constants;

/**
 * Why a user has no access to a folder; undefined where it has.
 *
 * @param what it is, for the words: `the source volume`.
 */
export function accessProblem(
  path: string,
  to: 'read' | 'write',
  what: string,
  uid: number,
): string | undefined {
  try {
    accessSync(path, to === 'read' ? R_OK | X_OK : W_OK | X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EROFS') return `${what} is mounted read-only: nobody can write to it`;
    const { uid: owner, gid, mode } = statSync(path);
    const octal = (mode & 0o7777).toString(8).padStart(4, '0');
    const verb = to === 'write' ? 'write to' : 'read';
    const squashed = uid === 0 ? '; its file system refuses root' : '';
    return `user ${uid} can't ${verb} the root folder of ${what}: it belongs to ${owner}:${gid} and has mode ${octal}${squashed}`;
  }
}
