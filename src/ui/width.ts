/** How many columns text takes on a terminal: letters of East Asia and most emoji take two, accents none. */
import stringWidth from 'string-width';

/** Letters and signs of which each takes one column, whatever stands beside it: most texts are made of these. */
const plain = /^[ -~À-ÖØ-öø-ſ×·–—‘’“”…→]*$/;

/** Columns of a text in one line. */
export const widthOf = (text: string): number => (plain.test(text) ? text.length : stringWidth(text));

/** The text with blanks behind it, so many columns wide; a wider one is left as it is. */
export function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}

let graphemes: Intl.Segmenter | undefined;

/** The text in so many columns, with an ellipsis where it was cut; never half a character. */
export function truncate(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  return columns > 0 ? `${asMuchOf(charactersOf(text), columns - 1).join('')}…` : '';
}

/** As {@link truncate}, with the ellipsis in the middle: of a path, both ends say most. */
export function cutInTheMiddle(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  if (columns <= 0) return '';
  const all = [...charactersOf(text)];
  const head = asMuchOf(all, Math.floor((columns - 1) / 2)).join('');
  const tail = asMuchOf(all.toReversed(), columns - 1 - widthOf(head));
  return `${head}…${tail.toReversed().join('')}`;
}

/** What a person takes for characters, one after the other. */
function* charactersOf(text: string): Generator<string> {
  // The first one of a process takes as long as the rest of its start.
  graphemes ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  for (const { segment } of graphemes.segment(text)) yield segment;
}

/** Those of them, from the first on, that so many columns have room for. */
function asMuchOf(characters: Iterable<string>, columns: number): string[] {
  const taken: string[] = [];
  let width = 0;
  for (const character of characters) {
    width += widthOf(character);
    if (width > columns) break;
    taken.push(character);
  }
  return taken;
}
