/** From points in time to a line in a picture. Pure. */

export interface Point {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly value: number;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly from: number;
  readonly to: number;
  /** The largest value that fits. */
  readonly most: number;
}

const steps = [1, 2, 5];

/** The next of 1, 2, 5, 10, 20, … that is no less; at least 1. */
export function niceCeiling(value: number): number {
  let power = 1;
  for (;;) {
    const found = steps.map((step) => step * power).find((step) => step >= value);
    if (found !== undefined) return found;
    power *= 10;
  }
}

/** Coordinates of a polyline: `0,40 10.5,38`. */
export function line(points: readonly Point[], { width, height, from, to, most }: Frame): string {
  const span = Math.max(1, to - from);
  const spot = ({ at, value }: Point) => {
    const x = ((at - from) / span) * width;
    const y = height - (Math.min(value, most) / most) * height;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  };
  return points
    .filter(({ at }) => at >= from)
    .map(spot)
    .join(' ');
}
