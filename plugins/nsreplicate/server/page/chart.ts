/** How long the oldest change has waited for a replica, as a line over the last hours. */
import { h, replace, svg } from './dom.ts';
import { line, niceCeiling, type Point } from './scale.ts';
import { duration } from './words.ts';

const WIDTH = 600;
const HEIGHT = 90;
const HOURS = 4;

export class LagChart {
  readonly element = h('figure', { class: 'chart' });
  readonly #replica: string;
  #points: Point[] = [];

  constructor(replica: string) {
    this.#replica = replica;
    this.#draw();
  }

  /** @param points the oldest first; what came meanwhile and is newer stays */
  set(points: readonly Point[]): void {
    const last = points.at(-1)?.at ?? 0;
    this.#points = [...points, ...this.#points.filter(({ at }) => at > last)];
    this.#draw();
  }

  add(point: Point): void {
    this.#points.push(point);
    const oldest = point.at - HOURS * 3_600_000;
    while ((this.#points[0]?.at ?? oldest) < oldest) this.#points.shift();
    this.#draw();
  }

  #draw(): void {
    const to = Date.now();
    const first = this.#points[0]?.at ?? to;
    // At least five minutes, so that the first moments do not fill the picture.
    const from = Math.min(first, to - 300_000);
    const highest = Math.max(0, ...this.#points.map(({ value }) => value));
    const most = niceCeiling(highest / 1000) * 1000;
    const frame = { width: WIDTH, height: HEIGHT, from, to, most };
    const now = this.#points.at(-1)?.value ?? 0;
    const said = `${this.#replica}: the oldest waiting change is ${duration(now)} old; at most ${duration(highest)} in the last ${duration(to - from)}`;
    const picture = svg(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': said, preserveAspectRatio: 'none' },
      svg('line', { class: 'axis', x1: 0, x2: WIDTH, y1: HEIGHT - 0.5, y2: HEIGHT - 0.5 }),
      svg('polyline', { class: 'lag', points: line(this.#points, frame) }),
    );
    const caption = h(
      'figcaption',
      {},
      h('span', {}, `${duration(to - from)} ago`),
      h('span', {}, `top: ${duration(most)}`),
      h('span', {}, 'now'),
    );
    replace(this.element, picture, caption);
  }
}
