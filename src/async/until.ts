/** Waiting for a promise, but not for ever. */
import type { Clock } from '../clock.ts';
import { onAbort } from './abort.ts';

/** Settles with the promise, or rejects with the signal's reason, whichever comes first. */
export async function until<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  // After the signal nobody awaits the promise: its failure must not be an unhandled rejection.
  promise.catch(() => {});
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const forget = onAbort(signal, () => reject(signal.reason));
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    forget();
  }
}

/**
 * Settles with the promise, or rejects with `late()` after so many milliseconds (0: never), or with the
 * signal's reason.
 */
export async function limited<T>(
  promise: Promise<T>,
  ms: number,
  late: () => Error | Promise<Error>,
  clock: Clock,
  signal?: AbortSignal,
): Promise<T> {
  if (ms === 0) return until(promise, signal);
  const done = new AbortController();
  const limit = clock.sleep(ms, done.signal).then(async () => {
    throw await late();
  });
  limit.catch(() => {});
  try {
    return await until(Promise.race([promise, limit]), signal);
  } finally {
    done.abort();
  }
}
