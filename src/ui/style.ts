/** Colours, where a terminal wants them. */
import { styleText } from 'node:util';

/** What the suite colours. Without colour each function returns its text as it is. */
export interface Style {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly caution: (text: string) => string;
  readonly faint: (text: string) => string;
}

type Format = Parameters<typeof styleText>[0];

/** A style with or without colour. */
export function createStyle(color: boolean): Style {
  const as = (format: Format) => (text: string) =>
    color ? styleText(format, text, { validateStream: false }) : text;
  return { good: as('green'), bad: as('red'), caution: as('yellow'), faint: as('dim') };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether to colour: only on a terminal, never under a non-empty NO_COLOR (no-color.org) or TERM=dumb. */
export function wantsColor(stream: { isTTY?: boolean }, env: Environment): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

/** Whether lines can be redrawn: a terminal that moves its cursor and knows its size (some CI ptys don't). */
export function canRedraw(
  stream: { isTTY?: boolean; columns?: number; rows?: number },
  env: Environment,
): boolean {
  return stream.isTTY === true && env.TERM !== 'dumb' && Boolean(stream.columns) && Boolean(stream.rows);
}
