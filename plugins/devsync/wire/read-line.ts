/** Reads the first line of a stream, and leaves everything after it to the next reader. */
import type { Readable } from 'node:stream';
import { ProtocolError } from './check.ts';
import { longestLine } from './node-agent.ts';

/**
 * Resolves with the line, without its end.
 * @throws {ProtocolError} the stream ends before the line does, or the line is too long
 * @throws the signal's reason
 */
export function readLine(stream: Readable, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = Buffer.alloc(0);
    const settle = (finish: () => void) => {
      stream.off('data', onData).off('close', onEnd).off('end', onEnd);
      signal.removeEventListener('abort', onAbort);
      stream.pause();
      finish();
    };
    const onData = (data: Buffer) => {
      got = Buffer.concat([got, data]);
      const end = got.indexOf(0x0a);
      if (end >= 0)
        settle(() => {
          if (end + 1 < got.length) stream.unshift(got.subarray(end + 1));
          resolve(got.toString('utf8', 0, end));
        });
      else if (got.length > longestLine)
        settle(() => reject(new ProtocolError('the first line is too long')));
    };
    const onEnd = () => settle(() => reject(new ProtocolError('the stream ended before the first line did')));
    const onAbort = () => settle(() => reject(signal.reason));
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    stream.on('data', onData).on('close', onEnd).on('end', onEnd);
  });
}
