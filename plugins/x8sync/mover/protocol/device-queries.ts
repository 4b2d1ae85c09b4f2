/** What the target's mover asks the source of its device. */
import type { Extent, Range } from '../ranges/layout.ts';
import { parseExtents, writeExtents } from '../ranges/queries.ts';

export type DeviceQuery =
  | { readonly kind: 'device' }
  /** Digests of the blocks in this part of it. */
  | { readonly kind: 'digests'; readonly part: Extent }
  | { readonly kind: 'blocks'; readonly range: Range };

export const deviceQueries = {
  device: 'device',
  digests: (part: Extent) => `digests ${writeExtents([part])}`,
  blocks: (range: Range) => `blocks ${writeExtents(range)}`,
} as const;

/** Undefined where that is no such query. */
export function parseDeviceQuery(text: string): DeviceQuery | undefined {
  if (text === deviceQueries.device) return { kind: 'device' };
  const [, kind, extents = ''] = /^(digests|blocks) (.+)$/.exec(text) ?? [];
  const range = parseExtents(extents);
  const part = range?.[0];
  if (!range || !part) return undefined;
  if (kind === 'blocks') return { kind, range };
  return range.length === 1 ? { kind: 'digests', part } : undefined;
}
