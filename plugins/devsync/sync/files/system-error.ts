/** What the system says when it will not do something. */

/** The code of a system error (`ENOENT`), or nothing. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

/** What a system error means, in a few words, without the path in it. */
export function reasonOf(error: unknown): string {
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'no space left';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENAMETOOLONG':
      return 'the name is too long';
    default:
      return shorten(
        error instanceof Error ? error.message.replace(/ '\/proc\/self\/fd\/[^']*'/g, '') : String(error),
      );
  }
}

/** Characters of a message, its beginning and its end: a path in it may have thousands. */
const [head, tail] = [300, 150];

/** A text that a person can read. */
export function shorten(text: string): string {
  return text.length <= head + tail ? text : `${text.slice(0, head)} … ${text.slice(-tail)}`;
}
