/** Tables as kubectl prints them: capitals, left-aligned, three spaces between. */

import { nameInLine, oneLine } from '../plain-text.ts';
import { cutInTheMiddle, padTo, widthOf } from '../ui/width.ts';

export interface Column<Row> {
  /** In capitals: `NAME`, `AGE`. */
  readonly header: string;
  readonly value: (row: Row) => string;
  /** Only with `-o wide`. */
  readonly wide?: boolean;
  /**
   * Of a file, which may have any characters: those that a terminal would obey are shown. It may be long, and is cut in
   * the middle where a terminal has no room for it.
   */
  readonly isPath?: boolean;
}

export interface Table {
  readonly header: readonly { readonly text: string; readonly wide: boolean; readonly isPath?: boolean }[];
  readonly rows: readonly (readonly string[])[];
  /** Said on stderr where there is no row: `No tasks found in default namespace.` */
  readonly empty: string;
}

/** A table of rows; an empty cell reads `<none>`. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], empty: string): Table {
  return {
    header: columns.map(({ header, wide = false, isPath = false }) => ({ text: header, wide, isPath })),
    rows: rows.map((row) => columns.map((column) => cellOf(column, row) || '<none>')),
    empty,
  };
}

const cellOf = <Row>({ value, isPath }: Column<Row>, row: Row) =>
  isPath ? nameInLine(value(row)) : value(row);

/** Columns that a cell may have and count for the width of all. */
const wideCell = 60;

/** The width of a column. A cell that is far longer than the others pushes its own line alone. */
function widthOfColumn(cells: readonly string[]): number {
  const widths = cells.map(widthOf).sort((one, other) => one - other);
  const most = Math.max(wideCell, 2 * (widths[Math.floor(widths.length / 2)] ?? 0));
  return widths.findLast((width) => width <= most) ?? 0;
}

/** Columns between two cells. */
const gap = 3;

/**
 * Cells of paths, cut as far as it takes for the lines to fit. They keep half of the terminal in any case.
 *
 * @param paths which columns are of paths. @param columns of the terminal.
 */
function withShortPaths(
  lines: readonly (readonly string[])[],
  paths: readonly boolean[],
  columns: number,
): readonly (readonly string[])[] {
  const others = paths.map((isPath, at) =>
    isPath ? 0 : widthOfColumn(lines.map((cells) => cells[at] ?? '')),
  );
  const taken = others.reduce((sum, width) => sum + width + gap, -gap);
  const count = paths.filter(Boolean).length;
  const room = Math.floor(Math.max(columns / 2, columns - taken) / count);
  return lines.map((cells) => cells.map((cell, at) => (paths[at] ? cutInTheMiddle(cell, room) : cell)));
}

export interface RenderOptions {
  readonly wide: boolean;
  /** Of the terminal that it is for; absent for all else, which gets paths whole. */
  readonly columns?: number | undefined;
}

/** Lines with a line feed each; without rows nothing, not even the header. */
export function renderTable({ header, rows }: Table, { wide, columns }: RenderOptions): string {
  if (rows.length === 0) return '';
  const shown = header.flatMap((column, index) => (wide || !column.wide ? [index] : []));
  const whole = [header.map(({ text }) => text), ...rows].map((cells) =>
    shown.map((index) => oneLine(cells[index] ?? '')),
  );
  const paths = shown.map((index) => header[index]?.isPath === true);
  const lines = columns !== undefined && paths.includes(true) ? withShortPaths(whole, paths, columns) : whole;
  const widths = shown.map((_, at) => widthOfColumn(lines.map((cells) => cells[at] ?? '')));
  const pad = (cell: string, at: number) => padTo(cell, widths[at] ?? 0) + ' '.repeat(gap);
  return lines.map((cells) => `${cells.map(pad).join('').trimEnd()}\n`).join('');
}
