/**
 * What is left out of a copy: patterns of rsync, in order, of which the first that fits decides (rsync(1), FILTER
 * RULES). rsync itself goes by them while it copies; whoever compares the two trees has to come to the same, so they are
 * read here too.
 */

export interface FilterRule {
  readonly action: 'include' | 'exclude';
  /** As rsync takes it. */
  readonly pattern: string;
}

/** The options by which rsync gets them. With `--filter` a pattern is nothing but a pattern, however it begins. */
export function filterArgs(rules: readonly FilterRule[]): string[] {
  return rules.map(({ action, pattern }) => `--filter=${action === 'include' ? '+' : '-'} ${pattern}`);
}

/** Why a pattern is not taken; undefined where it is. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern.trim() === '') return 'it is empty';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  if (/[\x00\n\r]/.test(pattern)) return 'it holds a line break';
  if (/\[\[?[:.=]/.test(pattern)) return 'classes such as [:digit:] are not taken; write [0-9]';
  if (/^\/*$/.test(pattern)) return 'it names the root, all of which is copied or nothing';
  return undefined;
}

/**
 * Whether entries are left out by these rules. A folder that is left out takes along all that is in it: who asks goes
 * down from the root, and no further.
 */
export function filterOf(rules: readonly FilterRule[]): (path: string, isFolder: boolean) => boolean {
  const matchers = rules.map(({ action, pattern }) => ({ action, matches: matcherOf(pattern) }));
  return (path, isFolder) => matchers.find(({ matches }) => matches(path, isFolder))?.action === 'exclude';
}

/** Whether a file is left out, by itself or with a folder above it. */
export function leavesOutFile(rules: readonly FilterRule[], path: string): boolean {
  const leavesOut = filterOf(rules);
  const parts = Buffer.from(path).toString('latin1').split('/');
  return parts.some((_, index) => leavesOut(parts.slice(0, index + 1).join('/'), index < parts.length - 1));
}

type Matcher = (path: string, isFolder: boolean) => boolean;

/** A path is a byte a character, as in a manifest. */
function matcherOf(text: string): Matcher {
  // Names are compared byte by byte, and a pattern comes as text.
  const bytes = Buffer.from(text).toString('latin1');
  const foldersOnly = bytes.endsWith('/');
  const pattern = foldersOnly ? bytes.slice(0, -1) : bytes;
  const isAnchored = pattern.startsWith('/');
  const body = isAnchored ? pattern.slice(1) : pattern;
  const all = new RegExp(`${isAnchored || body.startsWith('**') ? '^' : '(?:^|/)'}${source(body)}$`, 's');
  // `**/` at the front means the root too, and `/***` at the end the folder itself.
  const before = body.startsWith('**') ? '/' : '';
  const behind = body.endsWith('/***') ? '/' : '';
  return (path, isFolder) =>
    (isFolder || !foldersOnly) &&
    (all.test(`${before}${path}`) || (isFolder && behind !== '' && all.test(`${before}${path}${behind}`)));
}

/** A pattern without its slashes at the ends, as a regular expression. */
function source(pattern: string): string {
  // Without a wildcard a backslash stands for itself.
  if (!/[*?[]/.test(pattern)) return escaped(pattern);
  const parts = /\*\*\*?|\*|\?|\[[!^]?\]?(?:\\.|[^\]\\])*\]|\\(.)|(.)/gs;
  return pattern.replace(parts, (token, literal?: string, other?: string) => {
    if (token.startsWith('**')) return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.startsWith('[') && token.length > 1) return `(?!/)${classOf(token)}`;
    return escaped(literal ?? other ?? '');
  });
}

/** `[!a-z]` as a regular expression has it. */
function classOf(token: string): string {
  const [, not = '', members = ''] = /^\[([!^]?)(.*)\]$/s.exec(token) ?? [];
  const listed = members.replace(
    /\\(.)|([\][^])/gs,
    (_, literal?: string, special?: string) =>
      `\\x${(literal ?? special ?? '').charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `[${not === '' ? '' : '^'}${listed}]`;
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
