/**
 * Matches names and paths with git's patterns (wildmatch.c): `*`, `?`, `[…]`, `**` between slashes, and `\` before a
 * character that stands for itself. Git compares bytes, so texts become strings of one character for each byte.
 *
 * Patterns may come from a container, so none may take long. A match that fails goes back to the last `*` or the last
 * `**` only. That is enough to find every match, and takes at most the square of the text's length.
 */

export interface WildcardOptions {
  /** Only `**` goes across slashes. */
  readonly isPath: boolean;
  /** ASCII letters match whatever their case. */
  readonly foldsCase: boolean;
}

/** The bytes that match at one place: a table with 1 for each of them. */
type OneByte = Uint8Array;
/** `star` matches any text without a slash, `stars` any text, `folders` any number of directories with their slashes. */
type Token = OneByte | 'star' | 'stars' | 'folders';

const [slash, backslash] = ['/'.charCodeAt(0), '\\'.charCodeAt(0)];

/** Whether a pattern has any character that does not stand for itself. */
export const hasWildcard = (pattern: string): boolean => /[*?[\\]/.test(pattern);

/** A compiled pattern. Texts must be as `bytesOf` makes them, and as `foldCase` does where case does not count. */
export interface Wildcards {
  /** ASCII characters that every matching text ends with: most texts are ruled out by comparing them. */
  readonly ending: string;
  matches(text: string): boolean;
}

/** Compiles a pattern. Undefined where no text can match it. */
export function compileWildcards(pattern: string, options: WildcardOptions): Wildcards | undefined {
  const tokens = tokensOf(pattern, options);
  return tokens && { ending: endingOf(tokens), matches: (text) => matches(tokens, text) };
}

/** The last tokens that match one ASCII character each, as a text. */
function endingOf(tokens: readonly Token[]): string {
  let ending = '';
  for (const token of tokens.toReversed()) {
    const byte = typeof token === 'string' ? -1 : singles.indexOf(token);
    if (byte < 0 || byte > 0x7f) break;
    ending = String.fromCharCode(byte) + ending;
  }
  return ending;
}

/** A text as a string of one character for each byte of its UTF-8. */
export function bytesOf(text: string): string {
  for (let at = 0; at < text.length; at++)
    if (text.charCodeAt(at) > 0x7f) return Buffer.from(text, 'utf8').toString('latin1');
  return text;
}

/** Changes ASCII letters to lower case, and no others, as git does where case does not count. */
export const foldCase = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** Reads a pattern; undefined where no text can match it. */
function tokensOf(pattern: string, options: WildcardOptions): Token[] | undefined {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; ) {
    const char = pattern[at];
    if (char === '*') at = readStars(pattern, at, options, tokens);
    else if (char === '[') {
      const set = readSet(pattern, at, options);
      if (set === undefined) return undefined;
      tokens.push(set.bytes);
      at = set.end;
    } else if (char === '?') {
      tokens.push(options.isPath ? anyButSlash : any);
      at++;
    } else {
      if (char === '\\') at++;
      // A backslash at the end has no character to stand for.
      if (at === pattern.length) return undefined;
      // Git does not fold a character behind a backslash.
      const folds = options.foldsCase && char !== '\\';
      tokens.push(only((folds ? foldCase(pattern[at] as string) : pattern).charCodeAt(folds ? 0 : at)));
      at++;
    }
  }
  return tokens;
}

/** Reads one or more `*`. Returns where the pattern goes on. */
function readStars(pattern: string, from: number, { isPath }: WildcardOptions, tokens: Token[]): number {
  let end = from;
  while (pattern[end] === '*') end++;
  const isBetweenSlashes =
    (from === 0 || pattern[from - 1] === '/') &&
    (end === pattern.length || /^\\?\//.test(pattern.slice(end)));
  if (!isPath || end - from === 1 || !isBetweenSlashes) {
    tokens.push(isPath ? 'star' : 'stars');
    return end;
  }
  const isWholeFolders = pattern[end] === '/';
  tokens.push(isWholeFolders ? 'folders' : 'stars');
  return isWholeFolders ? end + 1 : end;
}

/** Reads `[…]`. Undefined where it does not end, or names an unknown class: git lets such a pattern match nothing. */
function readSet(
  pattern: string,
  from: number,
  { isPath, foldsCase }: WildcardOptions,
): { readonly bytes: OneByte; readonly end: number } | undefined {
  const code = (at: number) => (at < pattern.length ? pattern.charCodeAt(at) : undefined);
  const bytes = new Uint8Array(256);
  const isNegated = pattern[from + 1] === '!' || pattern[from + 1] === '^';
  let at = from + (isNegated ? 2 : 1);
  let previous: number | undefined;
  do {
    let current = code(at);
    if (current === undefined) return undefined;
    if (current === backslash) {
      current = code(++at);
      if (current === undefined) return undefined;
      bytes[current] = 1;
    } else if (isRange(pattern, at) && previous !== undefined) {
      if (code(++at) === backslash) at++;
      const last = code(at);
      if (last === undefined) return undefined;
      addRange(bytes, previous, last, foldsCase);
      current = undefined;
    } else if (pattern.startsWith('[:', at)) {
      const end = pattern.indexOf(']', at + 2);
      if (end < 0) return undefined;
      if (end - at < 3 || pattern[end - 1] !== ':') bytes[current] = 1;
      else {
        const isIn = classes.get(pattern.slice(at + 2, end - 1));
        if (isIn === undefined) return undefined;
        addClass(bytes, isIn, foldsCase);
        at = end;
        current = undefined;
      }
    } else bytes[current] = 1;
    previous = current;
  } while (pattern[++at] !== ']');
  if (isNegated) for (let byte = 0; byte < 256; byte++) bytes[byte] = bytes[byte] ? 0 : 1;
  if (isPath) bytes[slash] = 0;
  return { bytes, end: at + 1 };
}

const isRange = (pattern: string, at: number) =>
  pattern[at] === '-' && at + 1 < pattern.length && pattern[at + 1] !== ']';

function addRange(bytes: OneByte, first: number, last: number, foldsCase: boolean): void {
  for (let byte = first; byte <= last; byte++) {
    bytes[byte] = 1;
    if (foldsCase) bytes[foldCase(String.fromCharCode(byte)).charCodeAt(0)] = 1;
  }
}

/** The classes of characters as git defines them: only of ASCII, in every locale. */
const classes = new Map<string, RegExp>(
  Object.entries({
    alnum: /[0-9A-Za-z]/,
    alpha: /[A-Za-z]/,
    blank: /[ \t]/,
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are the class.
    cntrl: /[\x00-\x1f\x7f]/,
    digit: /[0-9]/,
    graph: /[!-~]/,
    lower: /[a-z]/,
    print: /[ -~]/,
    punct: /[!-/:-@[-`{-~]/,
    space: /[ \t\n\r]/,
    upper: /[A-Z]/,
    xdigit: /[0-9A-Fa-f]/,
  }),
);

function addClass(bytes: OneByte, isIn: RegExp, foldsCase: boolean): void {
  for (let byte = 0; byte < 128; byte++)
    if (isIn.test(String.fromCharCode(byte))) addRange(bytes, byte, byte, foldsCase);
}

const any: OneByte = new Uint8Array(256).fill(1);
const anyButSlash: OneByte = new Uint8Array(256).fill(1).fill(0, slash, slash + 1);

const singles: OneByte[] = [];

/** The table for one byte, the same object each time. */
function only(byte: number): OneByte {
  singles[byte] ??= new Uint8Array(256).fill(1, byte, byte + 1);
  return singles[byte];
}

/** A wildcard that may match more than it does so far. */
interface Backtrack {
  /** The token behind the wildcard. */
  readonly token: number;
  readonly isFolders: boolean;
  /** Where the text that it matches ends so far. */
  end: number;
}

/** Whether the whole text matches. */
function matches(tokens: readonly Token[], text: string): boolean {
  let token = 0;
  let at = 0;
  let star: Backtrack | undefined;
  let deep: Backtrack | undefined;
  for (;;) {
    const wanted = tokens[token];
    if (typeof wanted === 'string') {
      const back = { token: ++token, isFolders: wanted === 'folders', end: at };
      if (wanted !== 'star') deep = back;
      star = wanted === 'star' ? back : undefined;
    } else if (wanted === undefined && at === text.length) return true;
    else if (wanted?.[text.charCodeAt(at)]) {
      token++;
      at++;
    } else {
      const back = backtrack(star, deep, text);
      if (back === undefined) return false;
      if (back === deep) star = undefined;
      token = back.token;
      at = back.end;
    }
  }
}

/** Lets the last wildcard that can match more of the text do so. Undefined where none can. */
function backtrack(
  star: Backtrack | undefined,
  deep: Backtrack | undefined,
  text: string,
): Backtrack | undefined {
  if (star !== undefined && extend(star, text, true)) return star;
  return deep !== undefined && extend(deep, text, false) ? deep : undefined;
}

/** Extends what a wildcard matches by one character, or by one directory. Returns whether that is possible. */
function extend(back: Backtrack, text: string, stopsAtSlash: boolean): boolean {
  if (back.isFolders) {
    const next = text.indexOf('/', back.end);
    back.end = next + 1;
    return next >= 0;
  }
  if (back.end >= text.length || (stopsAtSlash && text.charCodeAt(back.end) === slash)) return false;
  back.end++;
  return true;
}
