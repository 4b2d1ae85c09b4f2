/** What a comparison of two devices tells: neighbouring blocks that differ are one difference. */
import type { Difference } from '../manifest/compare.ts';
import type { DeviceReport, Verification } from '../protocol/protocol.ts';
import type { DeviceComparison } from './comparison.ts';

/** Differences that are told one by one; all blocks are counted. */
const mostDifferences = 1000;

export function verificationOf({ blocks, differing, map }: DeviceComparison): Verification {
  return {
    unit: 'blocks',
    entries: blocks,
    files: 1,
    bytes: map.deviceBytes,
    different: differing,
    extraneous: 0,
    aspects: differing > 0 ? { content: differing } : {},
  };
}

/** The first differences, in their order. */
export function* differencesOf({ map }: DeviceComparison): Generator<Difference> {
  let left = mostDifferences;
  for (const [kind, detail] of [
    ['fetch', 'content differs'],
    ['zero', 'the source has zeros there'],
  ] as const) {
    for (const [offset, length] of map.extents(kind)) {
      if (left === 0) return;
      left -= 1;
      yield { path: `bytes ${offset}–${offset + length - 1}`, aspects: ['content'], detail };
    }
  }
}

/** What a copy has to do, or has done. */
export function reportOf(
  { map, blocks, differing }: DeviceComparison,
  sizes: Pick<DeviceReport, 'sourceBytes' | 'targetBytes'>,
): DeviceReport {
  return { ...sizes, blocks, differing, sentBytes: map.bytes('fetch'), zeroedBytes: map.bytes('zero') };
}
