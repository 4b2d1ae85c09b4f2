/** A limit of the rate is one limit for all streams. */

/** A stream's part of a rate as rsync takes it: `10M`; empty for no limit. */
export function shareOf(rate: string, streams: number): string {
  const [, number, unit] = /^([\d.]+)(\D*)$/.exec(rate) ?? [];
  if (number === undefined) return rate;
  return `${Math.max(0.01, Number((Number(number) / streams).toFixed(2)))}${unit}`;
}
