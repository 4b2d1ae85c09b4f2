/** What a stream asks of the source to fetch one large file. */
import type { Range } from './layout.ts';

export type FileQuery =
  | { readonly kind: 'layout'; readonly path: Buffer }
  | { readonly kind: 'range'; readonly path: Buffer; readonly range: Range };

export const fileQueries = {
  layout: (path: Buffer) => `layout ${path.toString('base64url')}`,
  range: (path: Buffer, range: Range) =>
    `range ${path.toString('base64url')} ${range.map(([offset, length]) => `${offset}+${length}`).join(',')}`,
} as const;

/** Undefined where that is no such query. */
export function parseFileQuery(text: string): FileQuery | undefined {
  const [, kind, name = '', extents] =
    /^(layout|range) ([\w-]{1,6000})(?: (\d{1,16}\+\d{1,16}(?:,\d{1,16}\+\d{1,16}){0,999}))?$/.exec(text) ??
    [];
  const path = Buffer.from(name, 'base64url');
  if (kind === 'layout' && extents === undefined) return { kind, path };
  if (kind !== 'range' || extents === undefined) return undefined;
  const range = extents.split(',').map((extent) => {
    const [offset = 0, length = 0] = extent.split('+').map(Number);
    return [offset, length] as const;
  });
  return { kind, path, range };
}
