/** Durations as kubectl's users type them. */

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Timers hold no more, about 25 days; what is longer they would take for no time at all. */
const mostMs = 2 ** 31 - 1;

/**
 * Milliseconds of `90s`, `5m`, `1h30m`, `1.5h`, `250ms`; a bare number means seconds, as in client-go's
 * ParseTimeout. More than a timer holds is cut to that. Undefined for anything else.
 */
export function parseDuration(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Math.min(mostMs, Number(text) * 1000);
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d+)?)(ms|s|m|h)/g))
    total += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  return Math.min(mostMs, total);
}
