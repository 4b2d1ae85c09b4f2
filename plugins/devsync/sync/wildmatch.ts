/**
 * Git's patterns for names and paths (wildmatch.c): `*`, `?`, `[…]`, `**` between slashes, `\` before what is to be
 * taken as it is. They are about bytes, so texts are turned into strings of one character a byte.
 *
 * Patterns may come from a container. A match goes back to the last `*` and the last `**` only, which is enough, so
 * no pattern takes longer than the length of the text squared.
 */

export interface WildcardOptions {
  /** Only `**` goes across slashes. */
  readonly isPath: boolean;
  /** ASCII letters match whatever their case. */
  readonly foldsCase: boolean;
}

/** Bytes that may stand at one place of a text; a table, so that every kind of place is asked alike. */
type OneByte = Uint8Array;
/** Anything without a slash; anything; nothing, or whole directories with their slash. */
type Token = OneByte | 'star' | 'stars' | 'folders';

const [slash, backslash] = ['/'.charCodeAt(0), '\\'.charCodeAt(0)];

/** Whether a pattern has anything in it that is not taken as it is. */
export const hasWildcard = (pattern: string): boolean => /[*?[\\]/.test(pattern);

/** A pattern that has been read. Texts must be bytes, and folded where case does not count. */
export interface Wildcards {
  /** ASCII that every text which matches ends with. */
  readonly ending: string;
  matches(text: string): boolean;
}

/** Undefined: no text ever matches. */
export function compileWildcards(pattern: string, options: WildcardOptions): Wildcards | undefined {
  const tokens = tokensOf(pattern, options);
  return tokens && { ending: exitOf(tokens), matches: (text) => matches(tokens, text) };
}

function exitOf(tokens: readonly Token[]): string {
  let ending = '';
  for (const token of tokens.toReversed()) {
    const byte = typeof token === 'string' ? -1 : singles.indexOf(token);
    if (byte < 0 || byte > 0x7f) break;
    ending = String.fromCharCode(byte) + ending;
  }
  return ending;
}

/** A string of one character for each byte of UTF-8. */
export function bytesOf(text: string): string {
  for (let at = 0; at < text.length; at++)
    if (text.charCodeAt(at) > 0x7f) return Buffer.from(text, 'utf8').toString('latin1');
  return text;
}

/** ASCII letters in lower case, as git compares names where case does not count. */
export const foldCase = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

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
      // Nothing can be taken as it is where nothing follows.
      if (at === pattern.length) return undefined;
      // Git does not fold what a backslash stands before.
      const folds = options.foldsCase && char !== '\\';
      tokens.push(only((folds ? foldCase(pattern[at] as string) : pattern).charCodeAt(folds ? 0 : at)));
      at++;
    }
  }
  return tokens;
}

/** Returns where the pattern goes on. */
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

/** Reads `[…]`; undefined where it has no end, or names a class that is none: that matches nothing. */
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

/** Classes of characters as git knows them, whatever the language: all of ASCII. */
const classes = new Map<string, RegExp>(
  Object.entries({
    alnum: /[0-9A-Za-z]/,
    alpha: /[A-Za-z]/,
    blank: /[ \t]/,
    // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what the class is.
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
function only(byte: number): OneByte {
  singles[byte] ??= new Uint8Array(256).fill(1, byte, byte + 1);
  return singles[byte];
}

/** Where to go back to: the token after the wildcard, and how far that reaches so far. */
interface Retry {
  readonly token: number;
  readonly isFolders: boolean;
  reach: number;
}

function matches(tokens: readonly Token[], text: string): boolean {
  let token = 0;
  let at = 0;
  let star: Retry | undefined;
  let deep: Retry | undefined;
  for (;;) {
    const wanted = tokens[token];
    if (typeof wanted === 'string') {
      const retry = { token: ++token, isFolders: wanted === 'folders', reach: at };
      if (wanted !== 'star') deep = retry;
      star = wanted === 'star' ? retry : undefined;
    } else if (wanted === undefined && at === text.length) return true;
    else if (wanted?.[text.charCodeAt(at)]) {
      token++;
      at++;
    } else {
      const retry = goBack(star, deep, text);
      if (retry === undefined) return false;
      if (retry === deep) star = undefined;
      token = retry.token;
      at = retry.reach;
    }
  }
}

/** Lets the last wildcard that can take some more of the text. */
function goBack(star: Retry | undefined, deep: Retry | undefined, text: string): Retry | undefined {
  if (star !== undefined && reachesFurther(star, text, true)) return star;
  return deep !== undefined && reachesFurther(deep, text, false) ? deep : undefined;
}

function reachesFurther(retry: Retry, text: string, stopsAtSlash: boolean): boolean {
  if (retry.isFolders) {
    const next = text.indexOf('/', retry.reach);
    retry.reach = next + 1;
    return next >= 0;
  }
  if (retry.reach >= text.length || (stopsAtSlash && text.charCodeAt(retry.reach) === slash)) return false;
  retry.reach++;
  return true;
}
