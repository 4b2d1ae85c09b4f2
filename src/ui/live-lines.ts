/** The last lines of a terminal, drawn again and again; other lines pass above them and stay. */
import { oneLine } from '../plain-text.ts';
import type { LiveRegion } from './screen.ts';
import type { Style } from './style.ts';
import { cutInTheMiddle, truncate, widthOf } from './width.ts';

/** A piece of a line, and how it looks. */
export interface Span {
  readonly text: string;
  readonly tone?: keyof Style;
  /** Where the line is too long, this is cut first, and in the middle. */
  readonly isPath?: boolean;
}

/** One line: what would steer the terminal is a space. */
export type Line = readonly Span[];

const esc = '\u001b[';
const [hideCursor, showCursor, eraseBelow] = [`${esc}?25l`, `${esc}?25h`, `${esc}J`];

export interface RegionStream {
  write(text: string): unknown;
  readonly columns: number;
  readonly rows: number;
}

export class LiveLines implements LiveRegion {
  readonly #stream: RegionStream;
  readonly #style: Style;
  /** The widths of the lines that are on the screen. */
  #drawn: readonly number[] = [];
  #last = '';
  #isOver = false;

  constructor(stream: RegionStream, style: Style) {
    this.#stream = stream;
    this.#style = style;
    stream.write(hideCursor);
  }

  /** Lines that fit; the rest is left out. */
  get room(): { readonly columns: number; readonly rows: number } {
    // The last column and the last row would make the terminal wrap or scroll.
    return { columns: Math.max(1, this.#stream.columns - 1), rows: Math.max(1, this.#stream.rows - 1) };
  }

  draw(lines: readonly Line[]): void {
    if (this.#isOver) return;
    const { columns, rows } = this.room;
    const plain = (line: Line) => line.map((span) => ({ ...span, text: oneLine(span.text) }));
    const cut = lines.slice(0, rows).map((line) => cutTo(plain(line), columns));
    const text = cut.map((line) => `${this.#painted(line)}\n`).join('');
    if (text === this.#last) return;
    this.#stream.write(`${this.#toBegin()}${eraseBelow}${text}`);
    [this.#last, this.#drawn] = [text, cut.map(widthOfLine)];
  }

  /** Lines that stay; the region goes on below. */
  printAbove(text: string): void {
    if (this.#isOver) this.#stream.write(`${text}\n`);
    else this.#stream.write(`${this.#toBegin()}${eraseBelow}${text}\n${this.#last}`);
  }

  /** The process was stopped and goes on: what a shell wrote meanwhile stays, and the region begins below it. */
  resume(): void {
    if (this.#isOver) return;
    this.#stream.write(`${hideCursor}\r${eraseBelow}${this.#last}`);
  }

  /** Takes the region away, and gives the cursor back. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream.write(`${this.#toBegin()}${eraseBelow}${showCursor}`);
  }

  /** To the first row of what is drawn: a terminal that has become narrower has wrapped it. */
  #toBegin(): string {
    const columns = Math.max(1, this.#stream.columns);
    const rows = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return rows === 0 ? '\r' : `\r${esc}${rows}A`;
  }

  #painted(line: Line): string {
    return line.map(({ text, tone }) => (tone === undefined ? text : this.#style[tone](text))).join('');
  }
}

const widthOfLine = (line: Line) => line.reduce((sum, { text }) => sum + widthOf(text), 0);

/** Columns that a path keeps, whatever stands beside it. */
const leastPath = 16;

/** The line with its paths as short as it takes for the rest to fit. */
function withShortPaths(line: Line, columns: number): Line {
  let excess = widthOfLine(line) - columns;
  return line.map((span) => {
    if (excess <= 0 || !span.isPath) return span;
    const text = cutInTheMiddle(span.text, Math.max(leastPath, widthOf(span.text) - excess));
    excess -= widthOf(span.text) - widthOf(text);
    return { ...span, text };
  });
}

function cutTo(line: Line, columns: number): Line {
  let left = columns;
  const cut: Span[] = [];
  for (const span of withShortPaths(line, columns)) {
    if (left <= 0) break;
    const text = truncate(span.text, left);
    cut.push({ ...span, text });
    left -= widthOf(text);
  }
  return cut;
}
