/** Work that asks others, some of it at once: all of it would be too much for them. */

const PARALLEL = 8;

/** Runs work, a few pieces at once; results in the order of the work. Rejects with the first that does. */
export async function someAtOnce<T>(work: readonly (() => Promise<T>)[], parallel = PARALLEL): Promise<T[]> {
  const results: T[] = [];
  for (let at = 0; at < work.length; at += parallel)
    results.push(...(await Promise.all(work.slice(at, at + parallel).map((one) => one()))));
  return results;
}
