/** Small tools for work that many steps wait for. */
import type { Clock } from '../../src/clock.ts';

/** A promise that is begun when first asked for, and the same one from then on. */
export function lazy<T>(begin: () => Promise<T>): () => Promise<T> {
  let promise: Promise<T> | undefined;
  return () => {
    promise ??= begin();
    // Each step that needs it awaits it for itself; one that nobody awaits any more is not an accident.
    promise.catch(() => {});
    return promise;
  };
}

/**
 * As Promise.all, but rejects only when every one has ended: an object whose making is still under way would come
 * after the clean-up has looked for it.
 */
export async function allEnded<T extends readonly unknown[]>(
  work: [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  await Promise.allSettled(work);
  return (await Promise.all(work)) as unknown as T;
}

/** Settles with the promise, or rejects with the signal's reason, whichever comes first. */
export async function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
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
  signal: AbortSignal,
): Promise<T> {
  if (ms === 0) return until(promise, signal);
  const done = new AbortController();
  const limit = clock.sleep(ms, AbortSignal.any([signal, done.signal])).then(async () => {
    throw await late();
  });
  limit.catch(() => {});
  try {
    return await Promise.race([promise, limit]);
  } finally {
    done.abort();
  }
}
