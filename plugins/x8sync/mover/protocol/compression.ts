/** Whether what crosses the line is compressed: a pure decision, by the line and the data. */

export const compressions = ['none', 'lz4', 'zstd'] as const;
export type Compression = (typeof compressions)[number];
/** What a person may ask for. */
export type CompressionWish = Compression | 'auto';

/** A source that is nearer is copied as from a machine next to it. */
const farMs = 15;

/** More than that of each byte must be gone for it to be worth a processor's time. */
const worthShare = 0.9;

/** Whether a line is so long that its turns cost more than processors do. */
export const isFar = (roundTripMs: number | undefined): boolean => (roundTripMs ?? 0) >= farMs;

/** Whether it is worth a look at the data: nearby, the processors are the limit, and compressing takes theirs. */
export function mayCompress(wish: CompressionWish, roundTripMs: number | undefined): boolean {
  return wish === 'auto' && isFar(roundTripMs);
}

/** @param share what zstd leaves of each byte of a sample; undefined where nobody has looked. */
export function compressionFor(wish: CompressionWish, share: number | undefined): Compression {
  if (wish !== 'auto') return wish;
  return share !== undefined && share <= worthShare ? 'zstd' : 'none';
}

/**
 * rsync's options. At level 1 zstd is quicker than any line that is far, and leaves little more than at its default
 * level 3; lz4 has levels of no meaning.
 */
export function compressionArgs(compression: Compression): string[] {
  if (compression === 'none') return [];
  const level = compression === 'zstd' ? ['--compress-level=1'] : [];
  return ['--compress', `--compress-choice=${compression}`, ...level];
}
