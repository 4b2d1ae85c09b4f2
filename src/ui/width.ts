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
  let cut = '';
  let width = 0;
  // The first one of a process takes as long as the rest of its start.
  graphemes ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  for (const { segment } of graphemes.segment(text)) {
    width += widthOf(segment);
    if (width > columns - 1) break;
    cut += segment;
  }
  return columns > 0 ? `${cut}…` : '';
}
