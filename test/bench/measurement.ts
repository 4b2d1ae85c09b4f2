/** Figures of a benchmark, and whether they keep to their limits. */

export interface Measurement {
  readonly name: string;
  /** What the samples are in: `s`, `ms`, `MiB`, `changes/s`. */
  readonly unit: string;
  readonly samples: readonly number[];
  /** Name of the measurement of the same run that this one is compared with. */
  readonly baseline?: string;
  /** What the median must keep to, in the same unit. */
  readonly limit?: { readonly atMost: number } | { readonly atLeast: number };
}

export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
  /** Median by the baseline's median. */
  readonly ratio?: number;
  readonly limit?: string;
  readonly kept: boolean;
}

/** The middle of the sorted samples; the mean of the two middle ones. */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const [low, high] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.ceil((sorted.length - 1) / 2)],
  ];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** The value that so many percent of the samples do not pass (nearest rank). */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** Judges measurements; a median that is no number keeps to nothing. */
export function evaluate(measurements: readonly Measurement[]): Result[] {
  return measurements.map(({ name, unit, samples, baseline, limit }) => {
    const middle = median(samples);
    const base = measurements.find((other) => other.name === baseline);
    return {
      name,
      unit,
      median: middle,
      min: Math.min(...samples),
      max: Math.max(...samples),
      runs: samples.length,
      ...(base ? { ratio: middle / median(base.samples) } : {}),
      ...(limit ? { limit: 'atMost' in limit ? `≤ ${limit.atMost}` : `≥ ${limit.atLeast}` } : {}),
      kept: limit === undefined || ('atMost' in limit ? middle <= limit.atMost : middle >= limit.atLeast),
    };
  });
}
