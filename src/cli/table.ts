/** Tables as kubectl prints them: capitals, left-aligned, three spaces between. */

import { oneLine } from '../plain-text.ts';
import { padTo, widthOf } from '../ui/width.ts';

export interface Column<Row> {
  /** In capitals: `NAME`, `AGE`. */
  readonly header: string;
  readonly value: (row: Row) => string;
  /** Only with `-o wide`. */
  readonly wide?: boolean;
}

export interface Table {
  readonly header: readonly { readonly text: string; readonly wide: boolean }[];
  readonly rows: readonly (readonly string[])[];
  /** Said on stderr where there is no row: `No tasks found in default namespace.` */
  readonly empty: string;
}

/** A table of rows; an empty cell reads `<none>`. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], empty: string): Table {
  return {
    header: columns.map(({ header, wide }) => ({ text: header, wide: wide ?? false })),
    rows: rows.map((row) => columns.map(({ value }) => value(row) || '<none>')),
    empty,
  };
}

/** Lines with a line feed each; without rows nothing, not even the header. */
export function renderTable({ header, rows }: Table, { wide }: { wide: boolean }): string {
  if (rows.length === 0) return '';
  const shown = header.flatMap((column, index) => (wide || !column.wide ? [index] : []));
  const lines = [header.map(({ text }) => text), ...rows].map((cells) =>
    shown.map((index) => oneLine(cells[index] ?? '')),
  );
  const widths = shown.map((_, at) =>
    lines.reduce((most, cells) => Math.max(most, widthOf(cells[at] ?? '')), 0),
  );
  const pad = (cell: string, at: number) => padTo(cell, (widths[at] ?? 0) + 3);
  return lines.map((cells) => `${cells.map(pad).join('').trimEnd()}\n`).join('');
}
