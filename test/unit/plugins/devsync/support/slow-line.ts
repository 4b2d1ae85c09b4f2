/** A line that lets so many bytes through in a second. */
import { Transform } from 'node:stream';

/** @param rate bytes a second, asked for each time. @param count told the bytes that passed. */
export function slowLine(rate: () => number, count: (bytes: number) => void = () => {}): Transform {
  let free = performance.now();
  return new Transform({
    highWaterMark: 16 << 10,
    transform(chunk: Buffer, _, done) {
      free = Math.max(free, performance.now()) + (chunk.length / rate()) * 1000;
      // A copy: what was written is given back to the system once it is taken.
      const data = Buffer.from(chunk);
      setTimeout(
        () => {
          count(data.length);
          done(null, data);
        },
        Math.max(0, free - performance.now()),
      );
    },
  });
}
