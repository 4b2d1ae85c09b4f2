/** Files that a person names on the command line, or that a file of theirs names. */
import { messageOf, UsageError } from './errors.ts';

/** What a system error means for who wants to read a file, in a few words, without the path. */
function whyUnreadable(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'it does not exist';
    case 'ENOTDIR':
      return 'a part of the path is no directory';
    case 'EISDIR':
      return 'it is a directory';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    default:
      return messageOf(error);
  }
}

/** That a file could not be read. @param what gave its name: `--filename`, `kubeconfig`. */
export function unreadableFile(what: string, path: string, cause: unknown): UsageError {
  return new UsageError(`${what}: can't read ${path}: ${whyUnreadable(cause)}`, { cause });
}
