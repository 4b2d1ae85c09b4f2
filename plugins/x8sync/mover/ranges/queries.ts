/** What a stream asks of the source to fetch one large file. */
import type { Range } from './layout.ts';

export type FileQuery =
  | { readonly kind: 'layout'; readonly path: Buffer }
  | { readonly kind: 'range'; readonly path: Buffer; readonly range: Range };

export const fileQueries = {
  layout: (path: Buffer) => `layout ${path.toString('base64url')}`,
  range: (path: Buffer, range: Range) => `range ${path.toString('base64url')} ${writeExtents(range)}`,
} as const;

/** `0+10,65536+5`. */
export const writeExtents = (range: Range): string =>
  range.map(([offset, length]) => `${offset}+${length}`).join(',');

/** Undefined where these are no extents, or too many for one query. */
export function parseExtents(text: string): Range | undefined {
  if (!/^\d{1,16}\+\d{1,16}(?:,\d{1,16}\+\d{1,16}){0,999}$/.test(text)) return undefined;
  return text.split(',').map((extent) => {
    const [offset = 0, length = 0] = extent.split('+').map(Number);
    return [offset, length] as const;
  });
}

/** Undefined where that is no such query. */
export function parseFileQuery(text: string): FileQuery | undefined {
  const [, kind, name = '', extents] = /^(layout|range) ([\w-]{1,6000})(?: (.+))?$/.exec(text) ?? [];
  const path = Buffer.from(name, 'base64url');
  if (kind === 'layout' && extents === undefined) return { kind, path };
  const range = kind === 'range' && extents !== undefined ? parseExtents(extents) : undefined;
  return range && { kind: 'range', path, range };
}
