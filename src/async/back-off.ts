/** Growing pauses between attempts. */

/**
 * Milliseconds to wait before the next attempt after so many failures (from 0): doubling from `firstMs` to
 * `mostMs`, then spread over 100–200 % so that many clients don't come back at once (client-go's reflector).
 */
export function backOff(
  failures: number,
  { firstMs, mostMs }: { firstMs: number; mostMs: number },
  random: () => number = Math.random,
): number {
  return Math.min(mostMs, firstMs * 2 ** failures * (1 + random()));
}
