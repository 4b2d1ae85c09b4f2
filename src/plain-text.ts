/**
 * Texts as a terminal may get them. What comes from a cluster, a container or a repository is data: whoever may write
 * there must not move the cursor, set a title or forge a line on somebody's screen. All that commands print goes through
 * here.
 */

/** What a terminal obeys or shows as nothing: control characters, line separators, marks that turn the writing direction. */
const steering = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;
/** The same, but for the colours that the suite itself sets (ui/style.ts), and for lines and tabs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for.
const foreign = /\u001b\[(?:2|22|31|32|33|39)m|\r\n|[\n\t]|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
const ours = /^(?:\u001b\[\d+m|\n|\t)$/;

/** One line: what would steer a terminal is a space. */
export const oneLine = (text: string): string => text.replaceAll(steering, ' ');

/** One line, in which names that differ look different: what would steer a terminal goes by its number. */
export const nameInLine = (text: string): string =>
  text.replaceAll(steering, (found) => [...found].map(byNumber).join(''));

/** Lines and tabs stay, and the suite's own colours; other characters that would steer a terminal are shown as `\u{1b}`. */
export const forTerminal = (text: string): string =>
  text.replaceAll(foreign, (found) => {
    if (found === '\r\n') return '\n';
    return ours.test(found) ? found : byNumber(found);
  });

/** What looks like a blank, or like nothing at all, and is none of the above. */
const unseen = /[\u115f\u1160\u2800\u3164\uffa0]/gu;
const longBlanks = /\p{Zs}{3,}/gu;

/**
 * One line in which nothing is hidden, for what a person is to agree to: a line break is `⏎`, twelve blanks in a row are
 * `␣×12`, and all else that would steer a terminal, or not be seen, goes by its number.
 */
export const inFull = (text: string): string =>
  text
    .replaceAll(/\r\n|\n/g, '⏎')
    .replaceAll(steering, nameInLine)
    .replaceAll(unseen, byNumber)
    .replaceAll(longBlanks, (found) => `␣×${found.length}`);

/** What steers a terminal and JSON writes as it is. */
const steeringInJson = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Whether a text has characters that {@link safeJson} would write by their numbers. */
export const needsSafeJson = (text: string): boolean => text.search(steeringInJson) >= 0;

/** JSON of the same value, whose texts have by their numbers what would steer a terminal. */
export const safeJson = (json: string): string =>
  json.replaceAll(steeringInJson, (found) =>
    Array.from({ length: found.length }, (_, index) => unitByNumber(found.charCodeAt(index))).join(''),
  );

const unitByNumber = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`;

/** A character by its number. */
export const byNumber = (character: string): string => `\\u{${character.codePointAt(0)?.toString(16)}}`;

/** A text of so many characters at most: of a longer one the middle goes, for its beginning and its end tell more. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const characters = [...text];
  if (characters.length <= most) return text;
  const head = Math.ceil((most - 1) / 2);
  return `${characters.slice(0, head).join('')}…${characters.slice(head + 1 - most).join('')}`;
}
