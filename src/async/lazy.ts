/** Work that many steps wait for. */

/** A promise that is begun when first asked for, and the same one from then on. */
export function lazy<T>(begin: () => Promise<T>): () => Promise<T> {
  let promise: Promise<T> | undefined;
  return () => {
    promise ??= begin();
    // Each step awaits it itself: where none does, its failure is not an unhandled rejection.
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
